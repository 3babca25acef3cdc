// One clip on the page: its elements, and the parts of it that answer by themselves (caption, heart, progress, backdrop).

import { el, icon, short } from "./dom.js";
import { BASE } from "./server.js";

const BACKDROP = [8, 14]; // pixels: a picture this small, drawn large, is a soft glow
const TAP_MS = 300; // a second tap within this is a double tap

export class Clip {
  /** `item` as /next gives it; `on` has like(stamp), unlike(stamp), next(stamp), sound(). */
  constructor(item, on) {
    this.item = item;
    this.on = on;
    this.liked = item.liked;
    this.paused = false;
    this.jumped = false;
    this.resetting = false;
    this.video = el("video", { playsinline: true, preload: "auto", tabindex: -1, src: `${BASE}/media/${item.media}` });
    this.video.muted = true;
    this.glow = el("canvas", { class: "glow", width: 48, height: 84, "aria-hidden": "true" });
    this.bar = el("i");
    this.tap = el("div", { class: "tap", on: { click: (event) => this.#tapped(event) } }, icon("play"));
    this.root = el(
      "article",
      { class: "slot clip loading", "data-item": item.id, "data-duration": item.duration_s, "aria-label": item.author ? `Clip by ${item.author}` : "Clip" },
      this.glow,
      el("div", { class: "stage" }, this.video, this.tap, this.#words(), el("div", { class: "progress", "aria-hidden": "true" }, this.bar), el("div", { class: "wait", "aria-hidden": "true" })),
      this.#rail(),
    );
    this.away(true);
    this.video.addEventListener("loadeddata", () => this.#seen());
    this.video.addEventListener("seeking", () => this.#seeking());
  }

  get id() {
    return this.item.id;
  }

  /** Off the screen it is no part of what can be read or reached. */
  away(yes) {
    this.root.inert = yes;
    this.root.setAttribute(yes ? "aria-hidden" : "aria-current", "true");
    this.root.removeAttribute(yes ? "aria-current" : "aria-hidden");
  }

  /** Resolves true when the first picture is there, false when the file cannot be played. */
  loaded() {
    const { video } = this;
    if (video.error) return Promise.resolve(false);
    if (video.readyState >= 2) return Promise.resolve(true);
    return new Promise((resolve) => {
      video.addEventListener("loadeddata", () => resolve(true), { once: true });
      video.addEventListener("error", () => resolve(false), { once: true });
    });
  }

  async play(muted, rate) {
    this.video.muted = muted;
    this.video.playbackRate = rate;
    this.#follow();
    try {
      await this.video.play();
    } catch (error) {
      if (error.name !== "NotAllowedError" || this.video.muted) return;
      this.on.sound(false); // the browser wants a gesture first: begin without sound
      await this.video.play().catch(() => {});
    }
  }

  /** From the start again, after the end. */
  again() {
    this.resetting = true;
    this.jumped = false;
    this.video.currentTime = 0;
    this.video.play().catch(() => {});
  }

  stop() {
    this.video.pause();
    this.away(true);
  }

  /** Free the decoder and the connection. */
  discard() {
    cancelAnimationFrame(this.frame);
    clearInterval(this.glowing);
    this.video.removeAttribute("src");
    this.video.load();
  }

  hold(yes) {
    this.paused = yes;
    this.root.classList.toggle("paused", yes);
    if (yes) this.video.pause();
    else this.video.play().catch(() => {});
  }

  setLiked(liked, stamp) {
    if (liked === this.liked) return;
    this.liked = liked;
    this.#showLiked();
    if (liked) this.on.like(stamp);
    else this.on.unlike(stamp);
  }

  showSound(muted, available) {
    const silent = available === false;
    const name = silent ? "This clip has no sound" : muted ? "Turn sound on" : "Turn sound off";
    this.soundButton.replaceChildren(icon(muted || silent ? "muted" : "sound"));
    this.soundButton.setAttribute("aria-label", name);
    this.soundButton.title = name;
    this.soundButton.classList.toggle("off", silent);
    this.soundButton.setAttribute("aria-disabled", String(silent));
    this.video.muted = muted;
  }

  showPlace(text) {
    this.place.textContent = text;
    this.place.hidden = !text;
  }

  #words() {
    const { item } = this;
    const author = el("p", { class: "author" }, el("span", { class: "face", "aria-hidden": "true" }, initial(item.author)), el("bdi", { "data-role": "author" }, item.author));
    author.firstChild.style.setProperty("--hue", hue(item.author));
    author.hidden = !item.author;
    this.caption = el("p", { class: "caption", "data-role": "caption", dir: "auto" }, item.caption);
    this.more = el("button", { class: "more", type: "button", "aria-expanded": "false", hidden: true, on: { click: () => this.#unfold() } }, "more");
    const hashtags = el("p", { class: "hashtags", "data-role": "hashtags", dir: "auto" }, item.hashtags.map((tag) => `#${tag}`).join(" "));
    const sound = el("p", { class: "sound" }, icon("note"), el("bdi", { "data-role": "sound" }, item.sound));
    const counts = el("p", { class: "counts", "data-role": "counts", "data-counts": JSON.stringify(item.counts) }, countsLine(item.counts));
    for (const [node, text] of [[hashtags, item.hashtags.length], [sound, item.sound], [counts, Object.keys(item.counts).length], [this.caption, item.caption]]) node.hidden = !text;
    this.place = el("p", { class: "place", hidden: true });
    return el("div", { class: "words" }, this.place, el("div", { class: "told" }, author, this.caption, this.more, hashtags, sound, counts));
  }

  #rail() {
    this.likeCount = el("span", { class: "count", "aria-hidden": "true" });
    this.likeButton = el(
      "button",
      { type: "button", class: "round like", "data-role": "like", on: { click: (event) => this.setLiked(!this.liked, event.timeStamp) } },
      icon("heart"),
    );
    this.soundButton = el("button", { type: "button", class: "round", "data-role": "sound-switch", on: { click: () => this.item.has_sound !== false && this.on.sound() } });
    const next = el("button", { type: "button", class: "round", "data-role": "next", "aria-label": "Next clip", title: "Next clip", on: { click: (event) => this.on.next(event.timeStamp) } }, icon("next"));
    this.#showLiked();
    this.showSound(true, this.item.has_sound);
    return el("div", { class: "rail", role: "group", "aria-label": "Actions" }, el("div", { class: "labelled" }, this.likeButton, this.likeCount), this.soundButton, next);
  }

  #showLiked() {
    this.likeButton.setAttribute("aria-pressed", String(this.liked));
    this.likeButton.setAttribute("aria-label", "Like");
    this.likeButton.title = this.liked ? "Take the like back" : "Like";
    const { likes } = this.item.counts;
    this.likeCount.textContent = likes === undefined ? "" : short(likes + (this.liked ? 1 : 0));
  }

  #tapped(event) {
    clearTimeout(this.tapTimer);
    if (this.lastTap !== undefined && event.timeStamp - this.lastTap < TAP_MS) {
      this.lastTap = undefined;
      this.#burst(event);
      this.setLiked(true, event.timeStamp); // twice is always a like, never its end
      return;
    }
    this.lastTap = event.timeStamp;
    this.tapTimer = setTimeout(() => this.hold(!this.paused), TAP_MS);
  }

  #burst(event) {
    const box = this.tap.getBoundingClientRect();
    const heart = icon("heart");
    heart.classList.add("burst");
    heart.style.left = `${event.clientX - box.left}px`;
    heart.style.top = `${event.clientY - box.top}px`;
    heart.addEventListener("animationend", () => heart.remove());
    this.tap.append(heart);
  }

  /** Offers the rest of a caption that does not fit. */
  measure() {
    this.more.hidden = this.caption.scrollHeight <= this.caption.clientHeight + 2;
  }

  #unfold() {
    const open = this.caption.classList.toggle("open");
    this.more.textContent = open ? "less" : "more";
    this.more.setAttribute("aria-expanded", String(open));
  }

  #follow() {
    const step = () => {
      const { currentTime, duration } = this.video;
      this.bar.style.transform = `scaleX(${duration > 0 ? Math.min(1, currentTime / duration) : 0})`;
      this.frame = requestAnimationFrame(step);
    };
    cancelAnimationFrame(this.frame);
    step();
    this.glowing ??= setInterval(() => !this.video.paused && this.#glowNow(), 1500);
  }

  #seen() {
    this.root.classList.remove("loading");
    this.root.classList.toggle("tall", this.video.videoWidth < 0.7 * this.video.videoHeight);
    this.#glowNow();
  }

  #glowNow() {
    const small = (this.small ??= Object.assign(document.createElement("canvas"), { width: BACKDROP[0], height: BACKDROP[1] }));
    small.getContext("2d").drawImage(this.video, 0, 0, ...BACKDROP);
    const context = this.glow.getContext("2d");
    context.imageSmoothingQuality = "high";
    context.drawImage(small, 0, 0, this.glow.width, this.glow.height);
  }

  /** A jump that was not ours makes the rest of this pass no complete viewing, unless it leads to the start. */
  #seeking() {
    if (this.resetting) this.resetting = false;
    else this.jumped = this.video.currentTime > 0.25;
  }
}

const initial = (name) => (Array.from(name.replace(/^[@#\s]+/u, ""))[0] ?? "").toUpperCase();

function hue(name) {
  let sum = 0;
  for (const char of name) sum = (sum * 31 + char.codePointAt(0)) % 360;
  return sum;
}

const countsLine = (counts) =>
  Object.entries(counts)
    .map(([name, count]) => `${short(count)} ${name}`)
    .join(" · ");
