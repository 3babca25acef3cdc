// Long and foreign texts: shown as they are, cut where they would stall the page, and in folds.
import { el, fill } from "./dom.js";
import { number, pieces, visible } from "./words.js";

const MOST = 20000;

function copyButton(text) {
  if (!navigator.clipboard) return null;
  const button = el("button", { class: "small", type: "button" }, "Copy");
  button.addEventListener("click", async () => {
    const done = await navigator.clipboard.writeText(text).then(() => true, () => false);
    button.textContent = done ? "Copied" : "Not allowed here";
    setTimeout(() => (button.textContent = "Copy"), 1600);
  });
  return button;
}

/** A text exactly as it is, in lines; what is too long to show at once comes on request. */
export function exact(text, label) {
  const whole = typeof text === "string" ? text : JSON.stringify(text, null, 2) ?? "";
  const lines = el("pre", { tabindex: "0", role: "region", "aria-label": label, dir: "auto" }, visible(whole.slice(0, MOST)));
  const foot = el("p", { class: "foot" });
  if (whole.length > MOST) {
    const rest = el("button", { class: "small", type: "button" }, `Show all ${number(whole.length)} characters`);
    rest.addEventListener("click", () => {
      lines.classList.add("whole");
      fill(lines, pieces(visible(whole)));
      rest.remove();
    });
    foot.append(rest);
  }
  const copy = copyButton(whole);
  if (copy) foot.append(copy);
  return el("div", { class: "exact" }, lines, foot.childNodes.length ? foot : null);
}

const open = new Map();

/** Something folded away under a title. `build()` makes its content when it is opened; it stays open from step to step. */
export function fold(key, title, build, aside = null) {
  const inside = el("div", { class: "inside" });
  const node = el("details", { class: "fold", "data-fold": key, open: open.get(key) ?? false }, el("summary", {}, el("span", {}, title), aside === null ? null : el("span", { class: "aside" }, aside)), inside);
  const show = () => node.open && !inside.childNodes.length && fill(inside, build());
  node.addEventListener("toggle", () => {
    open.set(key, node.open);
    show();
  });
  show();
  return node;
}
