// Screens between and after the clips: plain text with a button, a rating, a questionnaire, the end. Each is a slot of the feed.

import { el, icon } from "./dom.js";

const heading = (text) => el("h1", { tabindex: -1 }, text);

function card(kind, ...children) {
  const root = el("section", { class: `slot card card-${kind}`, "data-card": kind }, el("div", { class: "panel" }, ...children));
  return root;
}

/** Put the reader at the top of a card. */
export function enter(root) {
  root.inert = false;
  root.querySelector("h1")?.focus({ preventScroll: true });
}

/** Consent or instructions; `done` resolves when the button is pressed. */
export function textCard(kind, title, text, label) {
  const button = el("button", { type: "button", class: "primary" }, label);
  const root = card(kind, heading(title), el("div", { class: "prose", tabindex: 0, role: "region", "aria-label": title, dir: "auto" }, text), button);
  return { root, done: new Promise((resolve) => button.addEventListener("click", resolve, { once: true })) };
}

/** 0 to 5; `done` resolves to the number. Digits on the keyboard answer too. */
export function ratingCard() {
  let settle;
  const done = new Promise((resolve) => (settle = resolve));
  const scale = el("div", { class: "rating", role: "group", "aria-label": "0, not at all, to 5, very much" });
  for (let value = 0; value <= 5; value += 1) scale.append(el("button", { type: "button", "data-value": value, on: { click: () => settle(value) } }, String(value)));
  const root = card("rating", heading("How much did you like this clip?"), scale, el("p", { class: "ends", "aria-hidden": "true" }, el("span", {}, "Not at all"), el("span", {}, "Very much")));
  root.addEventListener("keydown", (event) => /^[0-5]$/.test(event.key) && !event.ctrlKey && !event.metaKey && settle(Number(event.key)));
  root.inert = true;
  return { root, done };
}

/** Questions on one labelled scale; `answer(question, value)` at each choice, `done` resolves when it is handed in. */
export function questionsCard(questions, scale, answers, answer) {
  let settle;
  const done = new Promise((resolve) => (settle = resolve));
  const note = el("p", { class: "note", role: "status" });
  const list = questions.map((question, number) => questionOf(question, number, scale, answers[number], answer));
  let warned = false;
  const hand = () => {
    const open = list.filter((each) => !each.querySelector("input:checked"));
    for (const each of list) each.classList.toggle("open", open.includes(each));
    if (!open.length || warned) return settle();
    warned = true;
    note.textContent = `${open.length === 1 ? "One question is" : `${open.length} questions are`} not answered. Press Finish again to leave it so.`;
    open[0].scrollIntoView({ block: "nearest" });
  };
  const button = el("button", { type: "button", class: "primary", on: { click: hand } }, "Finish");
  const root = card("questions", heading("A few questions"), el("div", { class: "questions" }, ...list), note, button);
  return { root, done };
}

function questionOf(question, number, scale, chosen, answer) {
  const options = scale.map((label, value) => {
    const input = el("input", { type: "radio", name: `question-${number}`, value, checked: chosen === value, on: { change: () => answer(number, value) } });
    return el("label", {}, input, el("span", {}, label));
  });
  return el("fieldset", {}, el("legend", { dir: "auto" }, question), el("div", { class: "options" }, ...options));
}

export function endCard() {
  return { root: card("end", el("span", { class: "badge" }, icon("check")), heading("That’s everything"), el("p", {}, "You have reached the end of the feed. You can close this page now.")) };
}

const TROUBLE = {
  gone: ["This link does not work any more", "Ask whoever sent it to you for a new one, or reload the page to try again."],
  stopped: ["The feed has stopped", "What you did so far is kept. Reload the page to try again, or tell whoever sent you the link."],
};

export function troubleCard(kind) {
  const [title, text] = TROUBLE[kind] ?? TROUBLE.stopped;
  return { root: card("trouble", heading(title), el("p", {}, text)) };
}
