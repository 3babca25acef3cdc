// The session as one strip: a bar a step, coloured by decision, as high as the clip was watched (an item: as it was rated, half as high where the answer is wrong). Scrubbing moves through it.
import { KINDS, wordOf } from "./decisions.js";
import { draw, el, fill, icon } from "./dom.js";
import { answerOf, isWrong, judged } from "./items.js";
import { fixed, line, percent } from "./words.js";

const HEIGHT = 66;
const TOP = 16;
const LEAST = 7;

const high = (step, kind, most) => {
  if (kind === "answered" && Number.isFinite(step.rating) && step.rating >= 0) return LEAST + (HEIGHT - TOP - LEAST) * (step.rating / most);
  if (kind === "answered" && isWrong(step)) return (HEIGHT - TOP) / 2;
  if (kind === "refused" || kind === "unparsable" || kind === "failed" || kind === "answered") return HEIGHT - TOP;
  const watched = Number.isFinite(step.watch_fraction) ? Math.min(1, Math.max(0, step.watch_fraction)) : kind === "like" ? 1 : 0;
  return LEAST + (HEIGHT - TOP - LEAST) * watched;
};

/** `M` and `v` of all bars of one kind: one path however long the session is. */
function bars(steps, kinds, kind, width, want) {
  const room = width / Math.max(1, steps.length);
  const gap = room > 5 ? Math.min(3, room * 0.22) : 0;
  const parts = [];
  const most = steps.reduce((high, step) => Math.max(high, step.rating ?? 0, step.item?.most ?? 0), 1);
  for (const [place, step] of steps.entries()) {
    if (kinds[place] !== kind || !want(place)) continue;
    const top = HEIGHT - high(step, kind, most);
    parts.push(`M${fixed(place * room + gap / 2, 2)} ${HEIGHT}V${fixed(top, 1)}h${fixed(Math.max(room - gap, 0.75), 2)}V${HEIGHT}z`);
  }
  return parts.join("");
}

function patterns() {
  const hatch = (id, turn) => draw("pattern", { id, width: 6, height: 6, patternUnits: "userSpaceOnUse", patternTransform: `rotate(${turn})` },
    draw("rect", { width: 6, height: 6, class: `${id}-back` }), draw("rect", { width: 2.6, height: 6, class: `${id}-line` }));
  return draw("defs", {}, hatch("hatch-unparsable", 45), hatch("hatch-refused", -45));
}

function marks(steps, kinds, flips, width) {
  const room = width / Math.max(1, steps.length);
  const found = { heart: [], flip: [], error: [] };
  for (const [place, step] of steps.entries()) {
    const x = fixed((place + 0.5) * room, 1);
    if (flips.has(step.id)) found.flip.push(`M${x} 1l5 5-5 5-5-5z`);
    else if (kinds[place] === "like") found.heart.push(`M${x} 10.500c-3-2-5-3.700-5-6a2.600 2.600 0 0 1 5-1.200 2.600 2.600 0 0 1 5 1.200c0 2.300-2 4-5 6z`);
    else if (step.action_error) found.error.push(`M${x} 2l5 9h-10z`);
  }
  return Object.entries(found).map(([name, shapes]) => draw("path", { class: `mark-${name}`, d: shapes.join("") }));
}

/** The timeline. `go(place)` is called when one scrubs; draw with `show`, move with `at`. */
export function makeTimeline({ go }) {
  const drawing = draw("svg", { "aria-hidden": "true" });
  const head = el("span", { class: "needle", "aria-hidden": "true" });
  const tip = el("span", { class: "tip", "aria-hidden": "true", hidden: true });
  const node = el("div", { class: "timeline", role: "slider", tabindex: "0", "aria-label": "Step", "aria-valuemin": "1", "data-control": "timeline" }, drawing, head, tip);
  const legend = el("p", { class: "legend aside", hidden: true });
  let shown = { steps: [], kinds: [], flips: new Set(), matches: null };
  let place = 0;

  const placeOf = (event) => {
    const box = node.getBoundingClientRect();
    return Math.max(0, Math.min(shown.steps.length - 1, Math.floor(((event.clientX - box.left) / box.width) * shown.steps.length)));
  };
  function paint() {
    const width = Math.max(60, node.clientWidth);
    const { steps, kinds, flips, matches } = shown;
    drawing.setAttribute("viewBox", `0 0 ${width} ${HEIGHT}`);
    const within = (inside) => KINDS.map((kind) => draw("path", { class: `bar k-${kind}${inside ? "" : " dim"}`, d: bars(steps, kinds, kind, width, (at) => (matches === null || matches.has(at)) === inside) }));
    fill(drawing, patterns(), matches === null ? [] : within(false), within(true), width / steps.length >= 7 || flips.size < 200 ? marks(steps, kinds, flips, width) : []);
  }
  /** What the marks above the bars mean, of those that there are. */
  function explain() {
    const { steps, kinds, flips } = shown;
    const found = [["heart", "heart", "liked", steps.some((step, at) => kinds[at] === "like" && !flips.has(step.id))], ["flip", "flip", "the other session decided otherwise", steps.some((step) => flips.has(step.id))],
      ["error", "failed", "the action did not work", steps.some((step) => step.action_error)], ["half", null, "half as high: wrong", steps.some(isWrong)]].filter(([, , , here]) => here);
    fill(legend, found.map(([name, sign, words]) => el("span", {}, sign ? el("span", { class: `mark mark-${name}`, "aria-hidden": "true" }, icon(sign)) : null, words)));
    legend.hidden = !found.length;
  }
  function point(event) {
    if (!shown.steps.length) return;
    const at = placeOf(event);
    const step = shown.steps[at];
    tip.hidden = false;
    tip.textContent = `${at + 1} · ${wordOf(shown.kinds[at])} · ${line(step.caption || step.id, 60)}`;
    const share = (at + 0.5) / shown.steps.length;
    tip.style.left = `${share * 100}%`;
    tip.style.transform = `translateX(${-share * 100}%)`;
  }
  node.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || !shown.steps.length) return;
    node.setPointerCapture(event.pointerId);
    go(placeOf(event));
  });
  node.addEventListener("pointermove", (event) => {
    point(event);
    if (node.hasPointerCapture(event.pointerId)) go(placeOf(event));
  });
  node.addEventListener("pointerleave", () => (tip.hidden = true));
  const watcher = new ResizeObserver(() => paint());
  watcher.observe(node);
  return {
    node,
    legend,
    show(next) {
      shown = next;
      explain();
      node.setAttribute("aria-valuemax", String(Math.max(1, shown.steps.length)));
      paint();
      this.at(place);
    },
    at(next) {
      place = next;
      const count = Math.max(1, shown.steps.length);
      const step = shown.steps[place];
      head.style.left = `${(place / count) * 100}%`;
      head.style.width = `${100 / count}%`;
      node.setAttribute("aria-valuenow", String(place + 1));
      if (step) node.setAttribute("aria-valuetext", `Step ${place + 1}, ${wordOf(shown.kinds[place])}, ${step.item ? [answerOf(step, 80), judged(step)].filter(Boolean).join(", ") : `${percent(step.watch_fraction)} watched`}: ${line(step.caption || step.id, 80)}`);
    },
    close: () => watcher.disconnect(),
  };
}
