// What became of a step: the action that was done, or the state in which it has none. The four states are never merged.
import { el, icon } from "./dom.js";

const WORDS = {
  like: "Liked", watch: "Watched", skip: "Skipped", pass: "Passed", answered: "Answered",
  refused: "Refused", unparsable: "Unparsable", failed: "Failed", pending: "Pending", absent: "Not shown",
};
const SIGNS = { like: "heart", watch: "play", absent: "pass" };

/** All kinds, in the order in which they are listed. */
export const KINDS = ["like", "watch", "skip", "pass", "answered", "refused", "unparsable", "failed", "pending"];

/** The kind of a step (or of a decision in a comparison). Items of a deck are answered, not watched. */
export function kindOf(step, deck = false) {
  if (step.state !== "answered") return step.state in WORDS ? step.state : "pending";
  const done = step.done ?? step.asked;
  if (deck && (done === "pass" || !done)) return "answered";
  return done in WORDS ? done : done ? "answered" : "pass";
}

/** Whether something went wrong: an outage, an answer that cannot be read, an action that could not be done. */
export const hasError = (step) => step.state === "failed" || step.state === "unparsable" || Boolean(step.action_error || (step.error && step.state !== "refused"));

/** A kind in words. */
export const wordOf = (kind) => WORDS[kind] ?? kind;

/** The sign of a kind; colour and shape say the same. */
export const signOf = (kind, sign = SIGNS[kind] ?? kind) => el("span", { class: `sign k-${kind}`, "aria-hidden": "true" }, icon(sign));

/** Sign and word. */
export const badge = (kind, sign = SIGNS[kind] ?? kind) => el("span", { class: `badge k-${kind}` }, icon(sign), wordOf(kind));
