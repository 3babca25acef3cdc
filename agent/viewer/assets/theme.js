// Light, dark, or as the system has it.
import { el, fill, icon } from "./dom.js";

const THEMES = { auto: "As the system", light: "Light", dark: "Dark" };
const SIGN = { auto: "auto", light: "sun", dark: "moon" };

const kept = () => {
  try {
    return localStorage.getItem("replay-theme");
  } catch {
    return null; // storage can be closed, as for files
  }
};

function keep(theme) {
  try {
    localStorage.setItem("replay-theme", theme);
  } catch {
    // it lasts as long as the page then
  }
}

let theme = kept() in THEMES ? kept() : "auto";
const button = el("button", { class: "tool", type: "button", "data-control": "theme", on: { click: () => nextTheme() } });

function apply() {
  document.documentElement.dataset.theme = theme;
  fill(button, icon(SIGN[theme]));
  button.setAttribute("aria-label", `Colours: ${THEMES[theme]}`);
  button.title = `Colours: ${THEMES[theme]} (T)`;
}

/** Goes on to the next of the three. */
export function nextTheme() {
  const names = Object.keys(THEMES);
  theme = names[(names.indexOf(theme) + 1) % names.length];
  keep(theme);
  apply();
}

/** The button that does so. */
export function themeButton() {
  apply();
  return button;
}
