// The feed: one clip on the screen and what follows it below. It only goes forward: a clip that was left is done.

import { endCard, enter, questionsCard, ratingCard, textCard, troubleCard } from "./cards.js";
import { Clip } from "./clip.js";
import { Clock, Dwell } from "./clock.js";
import { el } from "./dom.js";
import { listen } from "./gestures.js";
import { get, Halt, onConnection, Outbox } from "./server.js";

const TICK_MS = 2000; // of wall time: at most this much dwell is lost when the browser dies
const SETTLE_MS = 900; // a scroll takes no longer, whatever the browser tells

const scroller = document.getElementById("feed");
const live = document.getElementById("live");
const toast = document.getElementById("toast");
const outbox = new Outbox();

let state, clock, dwell;
let h264 = document.createElement("video").canPlayType('video/mp4; codecs="avc1.42E01E, mp4a.40.2"') !== "";
let muted = true;
let current = null; // the clip being watched; null between clips and on cards
let leave = null; // called when the viewer goes on
let focusRole = null; // the control that had the focus on the clip before: it keeps it
const clips = new WeakMap(); // by their elements
const failed = new Set(); // clips whose file could not be played at the first try

async function main() {
  state = await get("/state");
  clock = new Clock(state.clock_ms, state.time_scale);
  dwell = new Dwell(clock, (from_ms, at_ms) => outbox.push("dwell", at_ms, { item: current.id, from_ms }));
  listen(scroller, act, () => !scroller.querySelector(".clip"));
  if (!state.ended) {
    await introduce();
    await watch();
    await askAtTheEnd();
  }
  document.body.dataset.end = "";
  show(endCard());
  live.textContent = "The feed is over.";
}

/** Puts one card on the screen alone. */
function show(made) {
  scroller.replaceChildren(made.root);
  scroller.scrollTop = 0;
  enter(made.root);
  return made.done;
}

async function introduce() {
  if (state.consent) {
    await show(textCard("consent", "Before you begin", state.consent, "I agree"));
    outbox.push("consent", clock.at());
  }
  if (state.instructions) await show(textCard("instructions", "How it works", state.instructions, "Start"));
}

async function watch() {
  scroller.replaceChildren(waiting());
  let below = null;
  let told = await next();
  while (!told.end) {
    const clip = below?.id === told.item.id ? below : place(new Clip(told.item, actions));
    clip.item.has_sound = told.item.has_sound;
    if (await clip.loaded()) {
      clearAbove(clip.root);
      [below, told] = await view(clip, told);
    } else {
      replaceBroken(clip);
      [below, told] = [null, await next()];
    }
  }
  document.body.dataset.end = "";
}

const next = () => outbox.flush().then(() => get(`/next?h264=${h264 ? 1 : 0}`));

/** A clip, known by its element from now on, in place of whatever is at the bottom. */
function place(clip) {
  clips.set(clip.root, clip);
  scroller.lastElementChild.replaceWith(clip.root);
  return clip;
}

const waiting = () =>
  el("section", { class: "slot clip loading", "aria-label": "The next clip is being prepared" }, el("div", { class: "stage" }, el("div", { class: "wait" })));

/** Below the screen: the next clip where it is known, else a place for it. */
function follow(item) {
  scroller.append(waiting());
  return item ? place(new Clip(item, actions)) : null;
}

/** What lies above is gone for good. */
function clearAbove(root) {
  while (root.previousElementSibling) remove(root.previousElementSibling);
  scroller.scrollTop = 0;
}

function remove(root) {
  clips.get(root)?.discard();
  root.remove();
}

/** Once may be the connection, or H.264 that the browser only said it could play; twice is the clip. */
function replaceBroken(clip) {
  if (failed.has(clip.id)) outbox.push("unplayable", clock.at(), { item: clip.id });
  failed.add(clip.id);
  h264 = false;
  clip.root.before(waiting());
  remove(clip.root);
}

/** One clip from its first picture until the viewer has gone on. Gives what is below it then (null: a place), and what the server says is next. */
async function view(clip, told) {
  await visible();
  begin(clip, told);
  const card = state.rate_after_each ? ratingCard() : null;
  if (card) scroller.append(card.root);
  let below = card ? null : follow(told.after);
  const { stamp, swiped } = await new Promise((resolve) => (leave = resolve));
  finish(clip, stamp);
  if (card) {
    await reveal(card.root, swiped);
    enter(card.root);
    clearAbove(card.root);
    outbox.push("rating", clock.at(), { item: clip.id, value: await card.done });
    below = follow(told.after);
  }
  outbox.push("leave", clock.at(card ? undefined : stamp), { item: clip.id });
  const [then] = await Promise.all([next(), reveal(scroller.lastElementChild, swiped && !card)]);
  return [below, then];
}

function begin(clip, told) {
  current = clip;
  clip.away(false);
  clip.showSound(muted, clip.item.has_sound);
  clip.showPlace(told.progress ? (told.total ? `${told.position + 1} of ${told.total}` : `${told.position + 1}`) : "");
  clip.measure();
  clip.video.onended = () => ended(clip);
  outbox.push("impression", clock.at(), { item: clip.id });
  dwell.start();
  clip.play(muted, state.time_scale);
  if (focusRole) clip.root.querySelector(`button[data-role="${focusRole}"]`)?.focus({ preventScroll: true });
  focusRole = null;
  live.textContent = announcement(clip.item, told);
  document.body.dataset.ready = "";
}

function finish(clip, stamp) {
  focusRole = clip.root.contains(document.activeElement) ? (document.activeElement.dataset.role ?? null) : null;
  leave = null;
  dwell.close(stamp);
  Object.assign(document.body.dataset, { left: clip.id, leftDwell: Math.round(dwell.total) }); // for drivers: what was just measured
  current = null;
  clip.video.onended = null;
  clip.stop();
}

function ended(clip) {
  if (!clip.jumped) {
    outbox.push("complete", clock.at(), { item: clip.id });
    outbox.push("rewatch", clock.at(), { item: clip.id });
  }
  clip.again();
}

/** Scrolls to a slot, unless a finger has done so, and waits until the page stands still. */
async function reveal(root, swiped) {
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches || state.time_scale > 2;
  if (!swiped) scroller.scrollTo({ top: root.offsetTop, behavior: still ? "instant" : "smooth" });
  if (Math.abs(scroller.scrollTop - root.offsetTop) < 2) return;
  await new Promise((resolve) => {
    scroller.addEventListener("scrollend", resolve, { once: true });
    setTimeout(resolve, SETTLE_MS);
  });
}

async function askAtTheEnd() {
  if (state.questions.length) {
    const answer = (question, value) => outbox.push("answer", clock.at(), { question, value });
    await show(questionsCard(state.questions, state.scale, state.answers, answer));
  }
  outbox.push("end", clock.at());
  await outbox.flush();
}

function announcement({ author, caption }, { position, total, progress }) {
  const where = progress ? `Clip ${position + 1}${total ? ` of ${total}` : ""}` : "New clip";
  return [where, author && `by ${author}`, caption.slice(0, 200)].filter(Boolean).join(". ");
}

const actions = {
  like: (stamp) => current && outbox.push("like", clock.at(stamp), { item: current.id }),
  unlike: (stamp) => current && outbox.push("unlike", clock.at(stamp), { item: current.id }),
  next: (stamp) => leave?.({ stamp, swiped: false }),
  sound: (on = muted) => {
    muted = !on;
    current?.showSound(muted, current.item.has_sound);
  },
};

function act(what, stamp) {
  if (!current) return;
  if (what === "next") actions.next(stamp);
  else if (what === "swiped") leave?.({ stamp, swiped: true });
  else if (what === "pause") current.hold(!current.paused);
  else if (what === "like") current.setLiked(!current.liked, stamp);
  else if (what === "sound" && current.item.has_sound !== false) actions.sound();
  else if (what === "back") say("This feed only goes forward", 1800);
}

let hush;
function say(text, ms) {
  clearTimeout(hush);
  toast.textContent = text;
  toast.hidden = !text;
  if (ms) hush = setTimeout(() => (toast.hidden = true), ms);
}

let offline = false;
onConnection((lost) => {
  if (lost !== offline) say(lost ? "Connection lost. Trying again…" : "", 0);
  offline = lost;
});

const visible = () =>
  new Promise((resolve) => {
    const look = () => {
      if (document.hidden) return;
      document.removeEventListener("visibilitychange", look);
      resolve();
    };
    document.addEventListener("visibilitychange", look);
    look();
  });

document.addEventListener("visibilitychange", (event) => {
  if (!current) return;
  if (document.hidden) {
    dwell.close(event.timeStamp);
    current.video.pause();
    outbox.rush();
  } else {
    dwell.open();
    if (!current.paused) current.video.play().catch(() => {});
  }
});

addEventListener("pagehide", (event) => {
  if (current) dwell.close(event.timeStamp);
  outbox.rush();
});
addEventListener("pageshow", (event) => event.persisted && location.reload());
addEventListener("resize", () => current?.measure());
setInterval(() => dwell?.tick(), TICK_MS);

main().catch((error) => {
  current = null;
  show(troubleCard(error instanceof Halt ? error.kind : "stopped"));
  if (!(error instanceof Halt)) throw error;
});
