// Items of a deck in words: what was answered and whether it is right, and what became of the pictures.
import { line } from "./words.js";

const PICTURES = { none: "Pictures withheld (condition none)", wrong: "Pictures of another item (condition wrong)" };

/** What one step of a session is about. */
export const nounOf = (deck) => (deck ? "item" : "clip");

/** Why the pictures are not the item's own, in words; null where they are. */
export const picturesOf = (condition) => (Object.hasOwn(PICTURES, condition ?? "") ? PICTURES[condition] : null);

export const isRight = (step) => step.item?.right === true;
export const isWrong = (step) => step.item?.right === false;
/** Whether it is known which answer is right. */
export const isKeyed = (step) => isRight(step) || isWrong(step);

/** The answer to an item in a line: "B: words of the option", "3 of 5, ground: both", a verdict, an open answer's words. "" where there is none. */
export function answerOf(step, most = 200) {
  const item = step.item ?? {};
  const rated = Number.isFinite(step.rating) ? `${step.rating}${item.most ? ` of ${item.most}` : ""}` : "";
  const what = step.chosen ? line(step.chosen, most) : item.words ? line(step.reason, most) : rated;
  return [item.letter && what ? `${line(item.letter, 4)}: ${what}` : what, item.ground ? `ground: ${line(item.ground, 20)}` : null].filter(Boolean).join(", ");
}

/** "right" or "wrong"; null where no key is known. */
export const judged = (step) => (isRight(step) ? "right" : isWrong(step) ? "wrong" : null);
