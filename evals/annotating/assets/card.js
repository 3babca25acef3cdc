// What is looked at: the card's words, and its pictures, which open large.

import { el, fill } from "./dom.js";
import { get, picture } from "./server.js";

/** A card with its pictures on their way, so that the next one stands at once. */
export async function loadCard(key) {
  const card = await get(`/card/${key}`);
  card.images = Array.from({ length: card.pictures }, (_, place) => el("img", { src: picture(key, place), alt: `Picture ${place + 1} of ${card.pictures}`, decoding: "async" }));
  return card;
}

/** The card as it is shown. */
export function cardPanel(card) {
  const count = card.images.length;
  const pictures = card.images.map((image, place) =>
    el("li", {}, el("button", { type: "button", class: "picture", "aria-label": `Picture ${place + 1} of ${count}, open it large`, on: { click: () => enlarge(card.images, place) } }, image)),
  );
  const texts = card.texts.filter(({ text }) => text.trim() !== "");
  return el(
    "section",
    { class: "panel shown", "aria-label": "What is to be labelled" },
    count > 0 && el("ol", { class: "pictures", "data-count": Math.min(count, 4) }, ...pictures),
    texts.length > 0 && el("dl", { class: "texts" }, ...texts.map(({ label, text }) => el("div", {}, el("dt", { dir: "auto" }, label), el("dd", { dir: "auto", ...(text.length > 600 ? { tabindex: 0 } : {}) }, text)))),
    count === 0 && texts.length === 0 && el("p", { class: "none" }, "There is nothing to see here."),
  );
}

function enlarge(images, first) {
  let place = first;
  const image = el("img", { alt: "" });
  const told = el("p", { class: "aside", role: "status" });
  const show = (next) => {
    place = (next + images.length) % images.length;
    image.src = images[place].src;
    image.alt = images[place].alt;
    fill(told, images[place].alt);
  };
  const turn = (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!step) return;
    event.preventDefault();
    show(place + step);
  };
  const step = (by, words) => images.length > 1 && el("button", { type: "button", class: "small", on: { click: () => show(place + by) } }, words);
  const close = el("button", { type: "button", class: "small", on: { click: () => dialog.close() } }, "Close");
  const dialog = el("dialog", { class: "large", "aria-label": "Picture", on: { keydown: turn, close: () => dialog.remove() } }, image, el("div", { class: "between" }, told, el("div", { class: "group" }, step(-1, "Previous"), step(1, "Next"), close)));
  document.body.append(dialog);
  show(place);
  dialog.showModal();
}
