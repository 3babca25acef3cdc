// The keyboard: one place where keys become acts, and a window that lists them.
import { el } from "./dom.js";

const LIST = [["Space", "play or pause"], ["← →", "previous, next step (or clip)"], ["Shift ← →", "previous, next frame"], ["↑ ↓", "in the list: the row above, below"], ["Home End", "first, last step"], ["L  F  R  E", "next like, flip, refusal, error; with Shift: the one before"], ["W", "next wrong answer, where a deck has a key"],
  ["< >", "slower, faster"], ["/", "search"], ["T", "light, dark"], ["?", "this list"]];

const typing = (target) => target.closest?.("input:not([type=checkbox]), textarea, select, [contenteditable]") !== null && target.closest !== undefined;
const pressing = (target) => target.closest?.("button, a[href], summary, input") ?? null;

/** Listens for the whole page. `acts()` gives the acts of the page that is shown, by key. */
export function listen(acts) {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    if (document.querySelector("dialog[open]") || typing(event.target)) return;
    if ((event.key === " " || event.key === "Enter") && pressing(event.target)) return;
    if (event.target.closest?.("pre, .scroll, [data-own-keys]") && /^(Arrow|Home|End|Page| )/.test(event.key)) return;
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    const act = acts()[event.shiftKey && key.length > 1 ? `Shift+${key}` : key];
    if (!act) return;
    event.preventDefault();
    act(event.shiftKey);
  });
}

/** The window with the list of keys; opened by `show()`. */
export function keysWindow() {
  const close = el("button", { class: "small", type: "button", autofocus: true }, "Close");
  const node = el("dialog", { class: "keys", "aria-label": "Keys" }, el("h2", {}, "Keys"), el("dl", {}, LIST.map(([key, word]) => el("div", {}, el("dt", {}, key.split(/\s+/).map((each) => el("kbd", {}, each))), el("dd", {}, word)))), close);
  close.addEventListener("click", () => node.close());
  node.addEventListener("click", (event) => event.target === node && node.close());
  return { node, show: () => node.showModal() };
}
