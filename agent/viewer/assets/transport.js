// The controls: play, step, speed, and jumps to the next like (of items: wrong answer), flip, refusal, error.
import { SPEEDS } from "./clock.js";
import { el, fill, icon } from "./dom.js";
import { number } from "./words.js";

const LIKE = ["like", "heart", "like", "L"];
const WRONG = ["wrong", "wrong", "wrong answer", "W"];
const OTHERS = [["refused", "refused", "refusal", "R"], ["error", "failed", "error", "E"]];

const button = (name, sign, label, key, act) => el("button", { class: "tool", type: "button", "data-control": name, "aria-label": label, title: `${label} (${key})`, on: { click: act } }, icon(sign));

/** The row of controls. `acts`: toggle, by(n), jump(kind), speed(value). `deck`: of items, not of clips. */
export function makeTransport(acts, deck = false) {
  const JUMPS = [deck ? WRONG : LIKE, ["flip", "flip", deck ? "different answer" : "flip", "F"], ...OTHERS];
  const play = button("play", "play", "Play", "Space", acts.toggle);
  play.classList.add("big");
  const speeds = SPEEDS.map((speed) => el("button", { type: "button", "aria-pressed": "false", "data-speed": String(speed), "aria-label": `Speed ${speed}`, on: { click: () => acts.speed(speed) } }, `${speed === 0.5 ? "½" : speed}×`));
  const jumps = JUMPS.map(([kind, sign, word, key]) => el("button", { class: "jumper", type: "button", "data-jump": kind, "aria-label": `Next ${word}`, title: `Next ${word} (${key})`, on: { click: () => acts.jump(kind) } }, icon(sign), el("span", {}, word), el("span", { class: "count" })));
  const where = el("span", { class: "where", "data-part": "where" });
  const node = el("div", { class: "transport", role: "group", "aria-label": "Replay" },
    el("div", { class: "group" }, button("previous", "left", "Previous step", "←", () => acts.by(-1)), play, button("next", "right", "Next step", "→", () => acts.by(1))),
    where,
    el("div", { class: "segments", role: "group", "aria-label": "Speed" }, speeds),
    el("div", { class: "group jumps", role: "group", "aria-label": "Jump to the next" }, el("span", { class: "aside" }, "Next"), jumps));
  return {
    node,
    clock({ playing, speed }) {
      fill(play, icon(playing ? "pause" : "play"));
      play.setAttribute("aria-label", playing ? "Pause" : "Play");
      for (const each of speeds) each.setAttribute("aria-pressed", String(Number(each.dataset.speed) === speed));
    },
    at: (place, count) => (where.textContent = count ? `${number(place + 1)} / ${number(count)}` : "0 / 0"),
    /** How many there are of a kind, and which of them one stands on (from 0, -1: on none); `why` there is none, null where there cannot be any. */
    able(kind, many, at, why) {
      const each = node.querySelector(`[data-jump="${kind}"]`);
      each.hidden = why === null;
      const can = many > 0;
      each.setAttribute("aria-disabled", String(!can));
      each.querySelector(".count").textContent = can ? `${at < 0 ? "" : `${number(at + 1)}/`}${number(many)}` : "";
      each.title = can ? `Next ${JUMPS.find(([name]) => name === kind)[2]} (${kind[0].toUpperCase()})` : why ?? "";
    },
  };
}
