// The steps as a list: only the rows in sight are there, so that a long session costs no more than a short one.
// One row is in the order of tabs; the arrows up and down go on from it.
import { hasError, kindOf, signOf, wordOf } from "./decisions.js";
import { el, fill } from "./dom.js";
import { answerOf, isWrong, judged } from "./items.js";
import { line, number } from "./words.js";

const ROW = 58;
const SPARE = 6;
const MOST = 408;

/** `places` in the order wanted: as they came, or the best rated first. */
function ordered(steps, places, order) {
  if (order === "step") return places;
  const weight = (place) => (steps[place].rating ?? -1) * 10 + (steps[place].done === "like" ? 2 : 0) + (steps[place].watch_fraction ?? 0);
  return [...places].sort((a, b) => (order === "high" ? weight(b) - weight(a) : weight(a) - weight(b)) || a - b);
}

/** The list. `go(place)` when a row is chosen. */
export function makeList({ go, deck, order }) {
  const rows = el("div", { class: "rows", role: "list" });
  const view = el("div", { class: "list", tabindex: "-1", "data-control": "list" }, rows);
  const many = el("span", { class: "aside", "data-part": "many" });
  const choices = (deck ? [["step", "In order"], ["high", "Highest first"], ["low", "Lowest first"]] : [["step", "In order"], ["high", "Liked most"], ["low", "Liked least"]]).map(([value, word]) => el("button", { type: "button", "aria-pressed": String(value === "step"), "data-order": value, on: { click: () => sort(value) } }, word));
  const choice = el("div", { class: "segments", role: "group", "aria-label": "Order of the list" }, choices);
  const node = el("div", { class: "steps" }, many, view);
  let steps = [];
  let places = [];
  let current = 0;
  let sorted = "step";

  function sort(value, open = value !== "step") {
    sorted = value;
    for (const each of choices) each.setAttribute("aria-pressed", String(each.dataset.order === value));
    order();
    view.scrollTop = 0;
    paint();
    if (open && places.length) go(places[0]);
  }
  /** How many share the rating that stands first, where the list is in the order of ratings. */
  function tied() {
    const rating = sorted === "step" || !places.length ? null : steps[places[0]].rating;
    const many = Number.isFinite(rating) ? places.filter((place) => steps[place].rating === rating).length : 0;
    return many > 1 ? `, ${number(many)} tie at ${number(rating)}${steps[places[0]].item ? (steps[places[0]].item.most ? ` of ${steps[places[0]].item.most}` : "") : rating <= 5 ? " of 5" : ""}` : "";
  }
  function row(place, at) {
    const step = steps[place];
    const kind = kindOf(step, deck);
    const said = step.error || step.action_error || (deck ? [answerOf(step), step.item?.words ? null : step.reason].filter(Boolean).join(" · ") : step.reason) || "";
    return el("div", { role: "listitem", class: "row", "data-at": String(at) }, el("button", { type: "button", tabindex: place === current ? "0" : "-1", "aria-current": place === current ? "step" : null, "data-step": String(step.step), on: { click: () => go(place) } },
      el("span", { class: "n" }, String(place + 1)), signOf(kind, isWrong(step) ? "wrong" : undefined),
      el("span", { class: "what" }, el("span", { class: "quiet" }, `${[wordOf(kind), judged(step)].filter(Boolean).join(", ")}: `), el("bdi", { class: "title" }, line(step.caption || step.id, 90)), el("bdi", { class: hasError(step) ? "why bad" : "why" }, line(said, 110))),
      el("span", { class: "score" }, Number.isFinite(step.rating) ? String(step.rating) : step.item?.letter ?? "")));
  }
  function paint() {
    const from = Math.max(0, Math.floor(view.scrollTop / ROW) - SPARE);
    const to = Math.min(places.length, Math.ceil((view.scrollTop + (view.clientHeight || 600)) / ROW) + SPARE);
    view.style.height = `${Math.min(MOST, Math.max(2, places.length) * ROW)}px`;
    rows.style.height = `${places.length * ROW}px`;
    fill(rows, places.slice(from, to).map((place, shift) => {
      const made = row(place, from + shift);
      made.style.top = `${(from + shift) * ROW}px`;
      return made;
    }));
    if (!rows.querySelector('[tabindex="0"]')) rows.querySelector("button")?.setAttribute("tabindex", "0");
    if (!places.length) fill(rows, el("p", { class: "none" }, "No step matches."));
  }
  function reveal() {
    const at = places.indexOf(current);
    if (at < 0) return;
    if (at * ROW < view.scrollTop) view.scrollTop = at * ROW;
    else if ((at + 1) * ROW > view.scrollTop + view.clientHeight) view.scrollTop = (at + 1) * ROW - view.clientHeight;
  }
  view.addEventListener("keydown", (event) => {
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const next = by && places[Math.max(0, places.indexOf(current)) + by];
    if (next === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    go(next);
  });
  let queued = 0;
  view.addEventListener("scroll", () => {
    cancelAnimationFrame(queued);
    queued = requestAnimationFrame(() => {
      const held = rows.contains(document.activeElement) ? document.activeElement.dataset.step : null;
      paint();
      if (held !== null) rows.querySelector(`[data-step="${held}"]`)?.focus({ preventScroll: true });
    });
  });
  const watcher = new ResizeObserver(() => paint());
  watcher.observe(view);
  return {
    node,
    /** The buttons that choose the order. */
    choice,
    sort,
    show(next, matches) {
      steps = next;
      places = ordered(steps, matches === null ? [...steps.keys()] : [...matches], sorted);
      many.textContent = `${matches === null ? `${number(steps.length)} steps` : `${number(places.length)} of ${number(steps.length)} steps`}${tied()}`;
      choice.hidden = deck && !steps.some((step) => Number.isFinite(step.rating));
      paint();
    },
    /** The place that follows this one in the list, or stands `by` = -1 above it; undefined where there is none. */
    next(place, by) {
      const here = places.indexOf(place);
      if (sorted !== "step" && here >= 0) return places[here + by];
      const ordered = sorted === "step" ? places : [...places].sort((a, b) => a - b);
      return by > 0 ? ordered.find((at) => at > place) : ordered.findLast((at) => at < place);
    },
    at(place) {
      current = place;
      const had = rows.contains(document.activeElement);
      reveal();
      paint();
      if (had) rows.querySelector('[aria-current="step"]')?.focus({ preventScroll: true });
    },
    close: () => watcher.disconnect(),
  };
}
