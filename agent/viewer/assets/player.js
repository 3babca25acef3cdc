// The phone: the frames of a step as the respondent had them, the film strip, and where the click landed.
import { frameUrl } from "./data.js";
import { draw, el, fill } from "./dom.js";
import { nounOf, picturesOf } from "./items.js";
import { line, seconds, visible } from "./words.js";

function overlay() {
  const ring = el("span", { class: "click", hidden: true, role: "img", "aria-label": "Where the click landed" });
  ring.append(draw("svg", { viewBox: "0 0 44 44", "aria-hidden": "true" }, draw("circle", { cx: 22, cy: 22, r: 19 }), draw("circle", { cx: 22, cy: 22, r: 4.5 })));
  return {
    ring,
    show(click) {
      const here = click && [click.x, click.y].every((share) => Number.isFinite(share) && share >= 0 && share <= 1);
      ring.hidden = !here;
      if (!here) return;
      ring.style.left = `${click.x * 100}%`;
      ring.style.top = `${click.y * 100}%`;
    },
  };
}

/** That pictures are not there on purpose; null where they are, or where there was none. */
const withheld = (step) => (!step.frames.length && picturesOf(step.item?.condition) ? el("p", { class: "none withheld" }, picturesOf(step.item.condition)) : null);

const words = (step) => el("div", { class: "textonly" }, el("p", { dir: "auto" }, visible((step.caption || step.id || "").slice(0, 1200))));

/** The phone with its strip. `show(step)` draws a step, `at(seconds)` the frame that stood there; `picked()` is told when one is chosen by hand. */
export function makePlayer({ picked, deck = false }) {
  const image = el("img", { alt: "", draggable: "false", decoding: "async" });
  const click = overlay();
  const shot = el("div", { class: "shot" }, image, click.ring);
  const screen = el("div", { class: "screen", "data-control": "screen" });
  const progress = el("span", { class: "done" });
  const clickToggle = el("button", { class: "small", type: "button", "aria-pressed": "true", "data-control": "click" }, "Click");
  const strip = el("div", { class: "strip", role: "group", "aria-label": `${deck ? "Pictures" : "Frames"} of this ${nounOf(deck)}` });
  const node = el("section", { class: "player", "aria-label": "What was shown" },
    el("div", { class: "phone" }, screen, deck ? null : el("div", { class: "progress", "aria-hidden": "true" }, progress)), strip);
  const note = el("p", { class: "pictures", hidden: true });
  let step = null;
  let chosen = -1;
  let overlaid = true;

  image.addEventListener("load", () => shot.style.setProperty("--ratio", String(image.naturalWidth / image.naturalHeight || 0.5625)));
  image.addEventListener("error", () => image.getAttribute("src") && fill(screen, el("p", { class: "none" }, "The picture is missing.")));
  clickToggle.addEventListener("click", () => {
    overlaid = !overlaid;
    clickToggle.setAttribute("aria-pressed", String(overlaid));
    click.show(overlaid ? step.click : null);
  });

  function choose(number, follow = false) {
    if (number === chosen) return;
    chosen = number;
    const frame = step.frames[number];
    const url = frame && frameUrl(frame.sha256);
    for (const [place, thumb] of [...strip.querySelectorAll(".thumb")].entries()) thumb.setAttribute("aria-pressed", String(place === number));
    if (!url) return fill(screen, step.frames.length ? el("p", { class: "none" }, "The picture is missing.") : withheld(step) ?? (deck ? el("p", { class: "none" }, "This item has no picture.") : words(step)));
    if (shot.parentNode !== screen) fill(screen, shot);
    image.alt = `Frame ${number + 1} of ${step.frames.length}: ${line(step.caption || step.id, 120)}`;
    if (image.getAttribute("src") !== url) image.src = url;
    if (follow) picked(frame.t);
  }

  function thumbs() {
    const found = step.frames.slice(0, 60).map((frame, number) => {
      const url = frameUrl(frame.sha256);
      const picture = el("img", { alt: "", src: url, loading: "lazy", draggable: "false" });
      picture.addEventListener("error", () => picture.remove());
      return el("button", { class: "thumb", type: "button", "aria-pressed": "false", "aria-label": `Frame ${number + 1} of ${step.frames.length}, at ${seconds(frame.t)}`, on: { click: () => choose(number, true) } },
        url ? picture : null, el("span", {}, seconds(frame.t)));
    });
    fill(strip, found, step.click ? clickToggle : null);
    strip.hidden = step.frames.length <= (deck ? 1 : 0);
    note.hidden = !step.frames.length || !picturesOf(step.item?.condition);
    note.textContent = note.hidden ? "" : picturesOf(step.item.condition);
  }

  return {
    node,
    /** Says of pictures that are not the item's own that they are not. */
    note,
    show(next) {
      step = { ...next, frames: Array.isArray(next.frames) ? next.frames : [] };
      chosen = -1;
      node.classList.toggle("bare", deck && !step.frames.length);
      click.show(overlaid ? step.click : null);
      progress.style.width = "0";
      thumbs();
      choose(0);
    },
    at(time, whole) {
      progress.style.width = `${Math.min(1, whole > 0 ? time / whole : 0) * 100}%`;
      const last = step.frames.findLastIndex((frame) => frame.t <= time);
      choose(Math.max(0, last));
    },
    turn: (by) => step.frames.length && choose(Math.min(step.frames.length - 1, Math.max(0, chosen + by)), true),
    preload(step) {
      const url = step?.frames?.length ? frameUrl(step.frames[0].sha256) : null;
      if (url) new Image().src = url;
    },
  };
}
