// Flips of a session: clips on which another session decided otherwise, items that it answered otherwise.
import { kindOf } from "./decisions.js";
import { answerOf } from "./items.js";

/** Which of `sessions` to compare `one` with: another persona and the same model, the default persona first; of decks, one over the same items. Null where there is none. */
export function rival(one, sessions) {
  const others = sessions.filter((each) => each.name !== one.name && !each.problem && each.kind === one.kind && each.steps > 0);
  const weight = (each) => (one.kind === "deck" && (each.fields?.feed ?? one.spec?.feed) !== one.spec?.feed ? -16 : 0) + (each.model === one.model ? 4 : 0) + (each.persona !== one.persona?.name ? 2 : 0) + (each.persona === "default" ? 1 : 0);
  return others.sort((a, b) => weight(b) - weight(a) || (a.name < b.name ? -1 : 1))[0]?.name ?? null;
}

/** By clip id: the kind that `others` decided, where both answered and not the same. */
export function flipsBetween(steps, others, deck) {
  const what = (step) => (deck ? String(step.chosen ?? step.rating ?? step.reason ?? "") : kindOf(step));
  const theirs = new Map();
  for (const step of others) if (step.state === "answered" && !theirs.has(step.id)) theirs.set(step.id, { kind: kindOf(step, deck), step: step.step, what: what(step), answer: deck ? answerOf(step, 80) : "" });
  const found = new Map();
  for (const step of steps) {
    const other = theirs.get(step.id);
    if (step.state === "answered" && other && other.what !== what(step)) found.set(step.id, other);
  }
  return found;
}
