// The decision card: what was decided, how long was asked for and how long it lasted, the rating, the reason, what it took.
import { badge, kindOf, wordOf } from "./decisions.js";
import { el, fill, icon } from "./dom.js";
import { answerOf, isWrong, judged } from "./items.js";
import { nameOf } from "./values.js";
import { fixed, line, money, number, percent, pieces, plural, seconds, visible } from "./words.js";

const LONG = 1200;

function dwell(step, human) {
  const whole = step.duration_s;
  if (!(whole > 0) || (step.state !== "answered" && !(step.dwell_s > 0))) return null;
  const share = (value) => Math.min(1, Math.max(0, value / whole)) * 100;
  const done = el("span", { class: "measured" });
  done.style.width = `${Number.isFinite(step.dwell_s) ? share(step.dwell_s) : 0}%`;
  const track = el("div", { class: `track k-${kindOf(step)}`, "aria-hidden": "true" }, done);
  const asked = Number.isFinite(step.watch_fraction) && !human ? step.watch_fraction * whole : null;
  if (asked !== null) {
    const mark = el("span", { class: "asked" });
    mark.style.left = `${share(asked)}%`;
    track.append(mark);
  }
  const replayed = step.dwell_s > whole * 1.02 ? ` (played again: ${fixed(step.dwell_s / whole, 1)} ×)` : "";
  return el("div", { class: "dwell" }, track, el("p", { class: "pairs" },
    human ? null : el("span", {}, "Asked ", el("b", {}, asked === null ? "–" : `${seconds(asked)}`), asked === null ? null : ` · ${percent(step.watch_fraction)}`),
    el("span", {}, human ? "Watched " : "Measured ", el("b", {}, seconds(step.dwell_s)), human ? ` · ${percent(step.dwell_s / whole)}` : null, replayed),
    el("span", {}, "Clip ", el("b", {}, seconds(whole)))));
}

/** The answer to an item of a deck, with whether it is right. An open answer stands below, in its own words. */
function answer(step) {
  const words = step.item?.words ? "" : answerOf(step);
  const is = judged(step);
  if (!words && !is) return null;
  return el("p", { class: "rating", "data-part": "answer" }, words ? el("b", { dir: "auto" }, words) : null, is ? el("span", { class: `judged ${is}` }, icon(is === "right" ? "answered" : "wrong"), is) : null);
}

function rating(step, deck) {
  if (deck) return answer(step);
  if (!Number.isFinite(step.rating)) return null;
  const most = 5;
  const dots = Array.from({ length: most }, (_, place) => el("i", { class: place < step.rating ? "on" : "" }));
  return el("p", { class: "rating", role: "img", "aria-label": `Rating ${step.rating}` }, el("b", {}, String(step.rating)), step.rating <= most ? el("span", { class: "dots", "aria-hidden": "true" }, dots) : null);
}

function reason(step) {
  if (!step.reason) return null;
  const whole = String(step.reason);
  const quote = el("blockquote", { class: step.item?.words ? "words" : null, dir: "auto", "data-part": step.item?.words ? "answer" : "reason" }, visible(whole.slice(0, LONG)) + (whole.length > LONG ? "…" : ""));
  if (whole.length <= LONG) return quote;
  const more = el("button", { class: "small", type: "button" }, `Show all ${number(whole.length)} characters`);
  more.addEventListener("click", () => {
    quote.classList.add("whole");
    fill(quote, pieces(visible(whole)));
    more.remove();
  });
  return el("div", {}, quote, more);
}

function errors(step) {
  const found = [[step.state === "refused" ? "Refusal" : "Answer", step.error], ["Action", step.action_error]].filter(([, text]) => text);
  if (!found.length) return null;
  return el("div", { class: "errors", role: "group", "aria-label": "What went wrong" }, found.map(([where, text]) => el("p", { dir: "auto" }, el("b", {}, `${where}: `), visible(String(text).slice(0, LONG)))));
}

function tokens(used) {
  if (Number.isFinite(used)) return used > 0 ? number(used) : null;
  const parts = Object.entries(used ?? {}).filter(([, count]) => Number.isFinite(count) && count > 0);
  return parts.length ? parts.map(([name, count]) => `${number(count)} ${line(name, 20).replaceAll("_", " ")}`).join(", ") : null;
}

function facts(step, human) {
  const labels = Object.entries(step.labels ?? {}).filter(([, load]) => load);
  const rows = [
    ["Latency", Number.isFinite(step.latency_s) && !human ? seconds(step.latency_s) : null],
    ["Cost", human || step.cost_usd === null || step.cost_usd === undefined ? null : money(step.cost_usd)],
    ["Tokens", tokens(step.tokens)],
    ["Attempts", step.attempts > 1 ? number(step.attempts) : null],
    ["Phase", step.phase ? line(step.phase, 60) : null],
    ["Chance of being shown", Number.isFinite(step.propensity) ? fixed(step.propensity, 3) : null],
    ["Topic", step.topic ? line(step.topic, 60) : null],
    ["Designed to touch", labels.length ? labels.slice(0, 12).map(([code, load]) => `${load < 0 ? "against " : ""}${nameOf(line(code, 24))} ${Math.abs(load) === 1 ? "" : fixed(Math.abs(load))}`.trim()).join(", ") : null],
  ];
  return el("dl", { class: "facts" }, rows.filter(([, text]) => text !== null).map(([name, text]) => el("div", {}, el("dt", {}, name), el("dd", {}, text))));
}

/** The card of a step. `flip` is the decision of the other session where it differs, as {name, kind}. */
export function card(step, { deck, human = false, flip }) {
  const kind = kindOf(step, deck);
  const asked = step.asked && step.state === "answered" && step.done && step.asked !== step.done ? el("span", { class: "aside" }, `asked to ${line(step.asked, 20)}`) : null;
  return [
    el("header", { class: "clip" },
      el("p", { class: "author" }, step.author ? el("bdi", {}, `@${line(step.author, 60)}`) : el("bdi", {}, line(step.id, 80))),
      el("h2", { class: "caption", dir: "auto", "data-part": "caption" }, visible(String(step.caption || (step.author ? step.id : "") || "").slice(0, LONG)))),
    el("div", { class: "verdict" }, badge(kind, isWrong(step) ? "wrong" : undefined), rating(step, deck), asked,
      flip ? el("a", { class: "flipped", href: flip.href }, `${line(flip.name, 40)}: ${flip.answer || wordOf(flip.kind)}`) : null),
    deck ? null : dwell(step, human),
    reason(step),
    errors(step),
    facts(step, human),
    step.state === "pending" ? el("p", { class: "aside" }, "The answer is not there yet.") : null,
  ].filter(Boolean);
}

/** What a step is in one sentence, for screen readers. */
export const inWords = (step, place, deck) => `Step ${place + 1}: ${wordOf(kindOf(step, deck))}${deck ? [answerOf(step, 120), judged(step)].filter(Boolean).map((words) => `, ${words}`).join("") : Number.isFinite(step.rating) ? `, rating ${step.rating}` : ""}. ${plural(step.frames?.length ?? 0, deck ? "picture" : "frame")}. ${line(step.caption || step.id, 120)}`;
