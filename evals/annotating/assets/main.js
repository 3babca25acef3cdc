// One card after the other: look, answer, store, go on. What the server has stored is done; a page that is closed loses only the card in front.

import { cardPanel, loadCard } from "./card.js";
import { el, fill, say } from "./dom.js";
import { FieldView, sharedScale } from "./fields.js";
import { get, onTrouble, post, Refused } from "./server.js";

const page = document.getElementById("page");
const bar = document.getElementById("bar");
const toast = document.getElementById("toast");

let state;
let at = 0; // the card in front, from 0
let views = []; // its fields
let before = null; // its answers when it came, as JSON
let clock = null;
let busy = false;
let next = null; // the card after it, on its way: {key, card}
let explained = true; // whether the scale's explanation is open

const firstOpen = () => {
  const found = state.answered.indexOf(false);
  return found < 0 ? state.keys.length : found;
};
const count = () => state.answered.filter(Boolean).length;

/** Seconds for which the page was visible, from `start` on. */
class Stopwatch {
  constructor(start) {
    this.total = start;
    this.since = document.hidden ? null : performance.now();
    this.listen = () => (document.hidden ? this.#hold() : (this.since ??= performance.now()));
    document.addEventListener("visibilitychange", this.listen);
  }
  #hold() {
    if (this.since !== null) this.total += (performance.now() - this.since) / 1000;
    this.since = null;
  }
  read() {
    return Math.round((this.total + (this.since === null ? 0 : (performance.now() - this.since) / 1000)) * 100) / 100;
  }
  end() {
    document.removeEventListener("visibilitychange", this.listen);
  }
}

async function main() {
  onTrouble((words) => {
    toast.hidden = !words;
    if (toast.textContent !== words) toast.textContent = words;
  });
  state = await get("/state");
  document.title = state.title;
  explained = !state.begun;
  if (state.consent) {
    await notice("Before you begin", state.consent, "I agree");
    await post("/consent", {});
  }
  if (state.instructions && !state.begun) await notice("How it works", state.instructions, "Start");
  await go(firstOpen());
}

/** A page of text with one button. */
function notice(heading, text, button) {
  bare();
  const words = el("div", { class: "prose", dir: "auto" }, text);
  const title = el("h1", { tabindex: -1 }, heading);
  return new Promise((resolve) => {
    const onward = el("button", { type: "button", class: "primary", on: { click: resolve } }, button);
    place(el("section", { class: "panel notice" }, title, words, onward), title);
    onward.focus({ preventScroll: true });
  });
}

function place(content, focus) {
  fill(page, content);
  page.removeAttribute("aria-busy");
  window.scrollTo(0, 0);
  focus.focus({ preventScroll: true });
}

function bare() {
  clock?.end();
  clock = null;
  views = [];
  before = null;
  fill(bar, el("p", { class: "brand" }, state.title));
}

function showBar() {
  const done = count();
  const total = state.keys.length;
  const progress = el("progress", { max: total, value: done, "aria-label": `${done} of ${total} answered` });
  const where = at < total ? `${at + 1} of ${total}` : `${done} of ${total} answered`;
  const ask = el("button", { type: "button", class: "small", on: { click: explain } }, "Help");
  fill(bar, el("p", { class: "brand", dir: "auto" }, state.title), el("div", { class: "group" }, el("span", { class: "where" }, where), progress, ask));
}

function explain() {
  const close = el("button", { type: "button", class: "primary", on: { click: () => dialog.close() } }, "Close");
  const row = (keys, what) => el("div", {}, el("dt", {}, ...keys.map((key) => el("kbd", {}, key))), el("dd", {}, what));
  const rows = [
    row(["1", "…", "9"], "choose in the marked field, and go to the next one"),
    state.rest && row(["0"], state.rest.label),
    row(["Tab"], "to the next field; with Shift to the one before"),
    row(["Delete"], "empty the marked field"),
    row(["Enter"], "store, and go on (in a text: Ctrl Enter)"),
    row(["P"], "the pictures, large; then the arrows, and Escape"),
    row(["B"], "back to the card before, to look or to change an answer"),
    row(["S"], "leave it open; on one that is answered: to the first open one"),
  ];
  const dialog = el(
    "dialog",
    { class: "keys", "aria-label": "Help", on: { close: () => dialog.remove() } },
    state.instructions && el("h2", { tabindex: -1, autofocus: true }, "How it works"),
    state.instructions && el("div", { class: "prose", dir: "auto" }, state.instructions),
    el("h2", { tabindex: -1, autofocus: !state.instructions }, "Keys"),
    el("dl", {}, ...rows),
    close,
  );
  document.body.append(dialog);
  dialog.showModal();
}

/** Puts the card at `index` in front, or the end where there is none. */
async function go(index) {
  at = Math.max(0, index);
  if (at >= state.keys.length) return end();
  const key = state.keys[at];
  let card = null;
  try {
    card = await (next?.key === key ? next.card : loadCard(key));
  } catch (error) {
    if (!(error instanceof Refused) || error.status !== 500) throw error;
  }
  next = null;
  if (card) show(card);
  else missing();
  const after = state.keys[at + 1];
  if (after) {
    next = { key: after, card: loadCard(after) };
    next.card.catch(() => {}); // whoever wants to see it learns of it
  }
  return undefined;
}

function show(card) {
  clock?.end();
  const shared = sharedScale(state.fields);
  views = state.fields.map((field, number) => new FieldView(field, number, card.values[field.name], shared !== null, changed));
  before = JSON.stringify(answers());
  const title = el("h1", { tabindex: -1 }, el("span", { class: "aside" }, `${at + 1} of ${state.keys.length}`), " ", el("span", { dir: "auto" }, card.heading));
  const form = el("form", { class: "panel form", "aria-label": "Your answers", novalidate: true, on: { submit: store, focusin: mark } }, shared && scaleKey(shared), ...views.map((view) => view.root), buttons());
  place(el("div", { class: "desk" }, el("div", { class: "side" }, title, cardPanel(card)), form), title);
  clock = new Stopwatch(card.seconds);
  showBar();
  mark();
  say(`${at + 1} of ${state.keys.length}. ${card.heading}${state.answered[at] ? ". Answered" : ""}`);
  page.dataset.at = String(at);
}

function missing() {
  bare();
  showBar();
  const title = el("h1", { tabindex: -1 }, `${at + 1} of ${state.keys.length} cannot be shown`);
  const onward = el("button", { type: "button", class: "primary", on: { click: () => move(at + 1) } }, "Go on");
  const words = el("p", {}, "It stays open. Please tell whoever gave you the link, and go on.");
  place(el("section", { class: "panel notice" }, title, words, el("div", { class: "actions" }, backButton(), onward)), onward);
  say(title.textContent);
  page.dataset.at = String(at);
}

/** The options of the scale that all fields share, explained once. */
function scaleKey(options) {
  if (!options.some((option) => option.help)) return null;
  const rows = options.map((option, place) => el("div", {}, el("dt", {}, el("kbd", { "aria-hidden": "true" }, String(place + 1)), el("span", { dir: "auto" }, option.label)), el("dd", { dir: "auto" }, option.help)));
  return el("details", { class: "fold scale-key", open: explained, on: { toggle: (event) => (explained = event.target.open) } }, el("summary", {}, "What the answers mean"), el("dl", { class: "inside" }, ...rows));
}

const backButton = () => el("button", { type: "button", class: "plain-button", disabled: at === 0, on: { click: () => move(at - 1) } }, "Back");

function buttons() {
  const answered = state.answered[at];
  const rest = state.rest && el("button", { type: "button", class: "plain-button rest", on: { click: fillRest } }, el("kbd", { "aria-hidden": "true" }, "0"), state.rest.label);
  const skip = el("button", { type: "button", class: "plain-button", on: { click: skipping } }, answered ? "To the first open one" : "Leave open");
  const primary = el("button", { type: "submit", class: "primary" }, "Store and go on");
  return el("div", { class: "foot-bar" }, el("p", { class: "lacking bad", role: "alert" }), el("div", { class: "actions" }, backButton(), skip, rest, primary));
}

const answers = () => Object.fromEntries(views.map((view) => [view.field.name, view.value]));
const changedAtAll = () => before !== null && JSON.stringify(answers()) !== before;

/** The field that keys act on: the one with the focus, else the first that is empty. */
function active() {
  return views.find((view) => view.root.contains(document.activeElement)) ?? views.find((view) => !view.settled) ?? null;
}

function mark() {
  const marked = active();
  for (const view of views) {
    view.root.toggleAttribute("data-active", view === marked);
    if (view.settled) view.root.removeAttribute("data-lacking");
  }
}

function changed() {
  mark();
  const lacking = page.querySelector(".lacking");
  if (lacking && views.every((view) => view.settled)) fill(lacking);
}

function fillRest() {
  for (const view of views) view.offer(state.rest.value);
  page.querySelector(".primary").focus();
}

function advance(view) {
  const rest = views.slice(views.indexOf(view) + 1);
  const following = rest.find((each) => each.value === null) ?? views.find((each) => !each.settled);
  if (following) following.focus();
  else page.querySelector(".primary").focus();
}

function skipping() {
  move(state.answered[at] ? firstOpen() : at + 1);
}

/** To another card without storing; what was changed and not stored asks first. */
function move(index) {
  if (busy || (changedAtAll() && !confirm("What you have changed here is not stored. Leave it?"))) return;
  run(() => go(index));
}

function store(event) {
  event.preventDefault();
  const lacking = views.filter((view) => !view.settled);
  if (busy) return;
  if (lacking.length) {
    for (const view of lacking) view.root.setAttribute("data-lacking", "");
    fill(page.querySelector(".lacking"), lacking.length === 1 ? `Still empty: ${lacking[0].field.label}.` : `${lacking.length} fields are still empty.`);
    lacking[0].focus();
    return;
  }
  run(async () => {
    if (!state.answered[at] || changedAtAll()) {
      await post("/answer", { key: state.keys[at], values: answers(), seconds: clock.read() });
      state.answered[at] = true;
      before = JSON.stringify(answers());
      explained = false;
    }
    await go(at + 1);
  });
}

/** One thing at a time; what the server refuses ends the page, and what is stored stays. */
async function run(work) {
  busy = true;
  page.setAttribute("aria-busy", "true");
  try {
    await work();
  } catch (error) {
    halt(error);
  } finally {
    busy = false;
    page.removeAttribute("aria-busy");
  }
}

function end() {
  bare();
  showBar();
  const open = state.keys.length - count();
  const title = el("h1", { tabindex: -1 }, open ? `${open} still open` : "All are answered");
  const words = open ? "You have come to the end; some cards have no answer yet." : "Thank you. Everything is stored, and you may close this page. You can still go back and change answers.";
  const first = open > 0 && el("button", { type: "button", class: "primary", on: { click: () => move(firstOpen()) } }, "To the first open one");
  place(el("section", { class: "panel notice" }, title, el("p", {}, words), el("div", { class: "actions" }, backButton(), first)), first || title);
  say(open ? `${open} still open` : "All are answered");
  page.dataset.at = "end";
}

function halt(error) {
  if (!(error instanceof Refused)) console.error(error);
  if (state) bare();
  const title = el("h1", { tabindex: -1 }, "This page cannot go on");
  const words = "Its link is not known any more, or what is to be labelled has changed. What was stored is safe. Load the page again; if that does not help, ask whoever gave you the link.";
  place(el("section", { class: "panel notice" }, title, el("p", {}, words), el("button", { type: "button", class: "primary", on: { click: () => location.reload() } }, "Load again")), title);
}

function typed(event) {
  if (event.ctrlKey && event.key === "Enter" && views.length) {
    page.querySelector("form").requestSubmit();
    return;
  }
  if (event.ctrlKey || event.metaKey || event.altKey || busy || document.querySelector("dialog[open]")) return;
  if (event.target instanceof HTMLTextAreaElement) return;
  const key = event.key.toLowerCase();
  if (key === "tab" && !event.shiftKey ? onward(event.target) : act(key, event.target)) event.preventDefault();
}

/** Tab on a card that has just come goes to the field after the marked one, past the pictures, which Shift Tab and P reach. */
function onward(target) {
  const following = views[views.indexOf(active()) + 1];
  if (!following || (target !== document.body && !target.matches("h1"))) return false;
  following.focus();
  return true;
}

/** What a key does; whether it did anything. */
function act(key, target) {
  if (key === "b" && at > 0) move(at - 1);
  else if (!views.length) return false;
  else if (key === "s") skipping();
  else if (key === "p") page.querySelector(".picture")?.click();
  else if (key === "0" && state.rest) fillRest();
  else if (key >= "1" && key <= "9") {
    const view = active();
    if (view?.choose(Number(key) - 1)) advance(view);
  } else if (key === "delete" || key === "backspace") active()?.clear();
  else if (key === "enter" && !(target instanceof HTMLButtonElement) && !target.closest?.("summary")) page.querySelector("form").requestSubmit();
  else return false;
  return true;
}

document.addEventListener("keydown", typed);
addEventListener("beforeunload", (event) => changedAtAll() && event.preventDefault());
run(main);
