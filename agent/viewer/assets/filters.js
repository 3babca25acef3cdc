// Chips and search: which steps are looked at.
import { KINDS, hasError, kindOf, signOf, wordOf } from "./decisions.js";
import { el, fill } from "./dom.js";
import { answerOf, isRight, isWrong } from "./items.js";
import { number } from "./words.js";

/** The chips: name, word, and whether a step is among them. */
function chipsFor(deck, flips) {
  const kinds = KINDS.map((kind) => ({ name: kind, word: wordOf(kind), sign: kind, has: (step) => kindOf(step, deck) === kind }));
  const keyed = deck ? [{ name: "right", word: "Right", sign: "answered", has: isRight }, { name: "wrong", word: "Wrong", sign: "wrong", has: isWrong }] : [];
  return [...kinds, ...keyed, { name: "flip", word: deck ? "Differ" : "Flips", sign: "flip", has: (step) => flips().has(step.id) }, { name: "error", word: "Errors", sign: "failed", has: hasError }];
}

const held = (step) => (step.searched ??= `${step.caption ?? ""}\n${step.reason ?? ""}\n${step.author ?? ""}\n${step.id ?? ""}\n${answerOf(step)}\n${step.error ?? ""}\n${step.action_error ?? ""}`.toLowerCase());

/** Chips with their counts and a search field. `changed(matches)` gets the places that match, or null for all. */
export function makeFilters({ deck, flips, changed }) {
  const chips = chipsFor(deck, flips);
  const on = new Set();
  let steps = [];
  const field = el("input", { type: "search", placeholder: deck ? "Search items and answers" : "Search captions and reasons", "aria-label": deck ? "Search items and answers" : "Search captions and reasons", "data-control": "search", autocomplete: "off", spellcheck: "false" });
  const row = el("div", { class: "chips", role: "group", "aria-label": "Show only" });
  const node = el("div", { class: "filters" }, field, row);
  let waiting = 0;
  field.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(apply, 80);
  });
  field.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && field.value) {
      event.stopPropagation();
      field.value = "";
      apply();
    }
  });

  function apply() {
    const query = field.value.trim().toLowerCase();
    if (!query && !on.size) return changed(null);
    const wanted = chips.filter((chip) => on.has(chip.name));
    const matches = new Set();
    for (const [place, step] of steps.entries()) {
      if ((!wanted.length || wanted.some((chip) => chip.has(step))) && (!query || held(step).includes(query))) matches.add(place);
    }
    changed(matches);
  }
  function toggle(name) {
    if (!on.delete(name)) on.add(name);
    paint();
    apply();
    row.querySelector(`[data-chip="${name}"]`)?.focus();
  }
  function paint() {
    const counts = chips.map((chip) => steps.reduce((count, step) => count + (chip.has(step) ? 1 : 0), 0));
    fill(row, chips.map((chip, place) => (counts[place] || on.has(chip.name) ? el("button", { class: "chip", type: "button", "aria-pressed": String(on.has(chip.name)), "data-chip": chip.name, on: { click: () => toggle(chip.name) } },
      signOf(chip.sign), chip.word, el("span", { class: "count" }, number(counts[place]))) : null)),
      on.size ? el("button", { class: "chip plain", type: "button", "data-chip": "all", on: { click: () => { on.clear(); paint(); apply(); } } }, "Show all") : null);
  }
  return {
    node,
    focus: () => field.focus(),
    /** Show steps of one kind only. */
    only(name) {
      on.clear();
      on.add(name);
      paint();
      apply();
    },
    show(next) {
      steps = next;
      paint();
      if (on.size || field.value) apply();
    },
  };
}
