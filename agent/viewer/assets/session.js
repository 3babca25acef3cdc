// A session: the phone, the decision, the timeline, the profile, the list, kept at one step.
import { about, pill, totals, warnings } from "./about.js";
import { asksPane, options } from "./asks.js";
import { card, inWords } from "./card.js";
import { makeCircle } from "./circle.js";
import { makeClock, stay } from "./clock.js";
import { data, paths, remembering } from "./data.js";
import { hasError, kindOf } from "./decisions.js";
import { el, fill, say } from "./dom.js";
import { makeFilters } from "./filters.js";
import { flipsBetween, rival } from "./flips.js";
import { isKeyed, isWrong, nounOf } from "./items.js";
import { makeList } from "./list.js";
import { follow, merge, since } from "./live.js";
import { makePlayer } from "./player.js";
import { measureOf, runningProfile } from "./profile.js";
import { forget, note, toCompare, toSession } from "./routes.js";
import { makeTimeline } from "./timeline.js";
import { makeTransport } from "./transport.js";
import { CIRCLE } from "./values.js";
import { line } from "./words.js";

const SETTLE = 90;

function limitOf(profile, count, measure) {
  const last = Object.values(profile.at(count - 1).values).map(({ mean }) => Math.abs(mean ?? 0));
  return measure.name === "rating" ? Math.max(1.5, Math.ceil(Math.max(...last, 0) * 2) / 2) : Math.max(0.4, Math.ceil(Math.max(...last, 0) * 10) / 10);
}

/** A step whose words were cut for the list, with all of them. */
function whole(step, detail) {
  const decision = (detail.answers ?? []).findLast((answer) => answer.final)?.decision;
  return { ...step, caption: detail.stimulus.caption ?? step.caption, reason: decision?.reason ?? step.reason };
}

/** The page of one session, in `main`. Returns what the frame needs: title, keys, go to another step, close. */
export async function sessionPage(main, route, context) {
  const session = await data(paths.session(route.name), context.signal);
  session.steps = Array.isArray(session.steps) ? session.steps : [];
  const { steps } = session;
  const deck = session.kind === "deck";
  const human = session.kind === "human";
  const codes = session.values?.length ? session.values : CIRCLE;
  const detail = remembering((step) => data(paths.step(route.name, step)));
  let flips = new Map();
  let against = null;
  let order = [];
  let matches = null;
  let place = 0;
  let following = Boolean(session.live) && route.step === null;
  let left = false;
  let settling = 0;
  let profile = null;
  let circle = null;
  const jumps = {};

  const player = makePlayer({ picked: (time) => { clock.pause(); clock.seek(time); }, deck });
  const timeline = makeTimeline({ go: (to) => { clock.pause(); go(to); } });
  const list = makeList({ deck, go: (to) => { clock.pause(); go(to); }, order: () => list.show(steps, matches) });
  const filters = makeFilters({ deck, flips: () => flips, changed: (found) => { matches = found; redraw(); } });
  const clock = makeClock({
    length: () => stay(steps[place] ?? {}),
    tick: (time) => player.at(time, stay(steps[place])),
    over: () => by(1, true),
    changed: () => transport.clock(clock),
  });
  const transport = makeTransport({
    toggle: () => { following = false; if (steps.length) clock.toggle(); },
    by: (count) => { clock.pause(); by(count); },
    jump: (kind) => jump(kind),
    speed: (value) => clock.setSpeed(value),
  }, deck);
  const head = el("div", { class: "head" });
  const cardBox = el("article", { class: "card", "aria-label": "Decision" });
  const optionsBox = el("div", { class: "optionsbox" });
  const asksBox = el("section", { class: "asks", "aria-label": "Prompt and answer" });
  const circleBox = el("section", { class: "panel circlebox", "aria-label": "Running value profile" });
  const select = el("select", { "aria-label": "Session that flips are found against", "data-control": "against" });
  const side = el("a", { class: "small", hidden: true }, "Side by side");
  const compare = el("label", { class: "against", hidden: true }, deck ? "Different from " : "Flips against ", select, side);

  const kinds = () => steps.map((step) => kindOf(step, deck));
  function heading() {
    const chasing = session.live ? el("button", { class: "small", type: "button", "aria-pressed": String(following), "data-control": "follow", on: { click: () => { following = !following; heading(); if (following) go(steps.length - 1, true); } } }, "Follow") : null;
    const who = [session.persona?.name ? line(session.persona.name, 60) : null, session.model ? line(session.model, 80) : null];
    fill(head, el("div", { class: "names" }, el("h1", { tabindex: "-1" }, el("bdi", {}, line(session.name ?? route.name, 120))), pill(session.status, session.live), chasing,
      el("p", { class: "aside" }, human ? "A person" : [deck ? "Deck" : null, ...who, session.condition ? `condition ${line(session.condition, 40)}` : null].filter(Boolean).join(" · "))), totals(session, { deck, human }, pick), warnings(session));
  }
  /** Only steps of one kind in the list; of those that were liked, the best first. */
  function pick(kind) {
    filters.only(kind);
    list.sort(kind === "like" ? "high" : "step", true);
  }
  function measure() {
    circleBox.hidden = deck && !steps.some((step) => Object.values(step.labels ?? {}).some(Boolean));
    profile = runningProfile(steps, codes);
    const kind = measureOf(steps);
    const limit = limitOf(profile, steps.length, kind);
    if (circle?.limit === limit) return;
    circle = { limit, ...makeCircle(codes, { limit, target: session.persona?.target, measure: kind, noun: nounOf(deck) }) };
    fill(circleBox, circle.node);
  }
  function redraw() {
    timeline.show({ steps, kinds: kinds(), flips: new Set(flips.keys()), matches });
    list.show(steps, matches);
    list.at(place);
    for (const [kind, has] of Object.entries(JUMPS)) jumps[kind] = [...steps.keys()].filter((at) => has(steps[at]));
    countJumps();
  }
  function countJumps() {
    for (const [kind, found] of Object.entries(jumps)) transport.able(kind, found.length, found.indexOf(place), kind === "wrong" && !steps.some(isKeyed) ? null : kind === "flip" && against === null ? "There is no other session to compare with" : `There is no ${named(kind)}`);
  }
  function refresh() {
    measure();
    heading();
    filters.show(steps);
    redraw();
  }

  const flipOf = (step) => (flips.has(step.id) ? { ...flips.get(step.id), name: against, href: toSession(against, flips.get(step.id).step) } : null);

  async function settle(step) {
    const found = await detail(step.step).catch((error) => ({ missing: error.message }));
    if (left || steps[place] !== step) return;
    if (step.cut && found.stimulus) fill(cardBox, card(whole(step, found), { deck, human, flip: flipOf(step) }));
    const opts = found.missing ? null : options(found);
    cardBox.querySelector(".options")?.remove();
    if (deck) fill(optionsBox, opts);
    else if (opts) cardBox.querySelector(".verdict").after(opts);
    fill(asksBox, found.missing ? el("p", { class: "none" }, line(found.missing, 300)) : asksPane(found, human, deck), about(session));
  }
  function show() {
    const step = steps[place];
    if (!step) {
      fill(cardBox, el("p", { class: "none" }, session.live ? "Nothing was shown yet." : "There is no step in this session that can be read."));
      fill(asksBox, about(session));
      return;
    }
    fill(optionsBox);
    player.show(step);
    player.preload(steps[place + 1]);
    fill(cardBox, card(step, { deck, human, flip: flipOf(step) }));
    timeline.at(place);
    transport.at(place, steps.length);
    countJumps();
    list.at(place);
    circle.show(profile.at(place));
    clearTimeout(settling);
    settling = setTimeout(() => settle(step), clock.playing ? SETTLE * 2 : SETTLE);
    if (!clock.playing) say(inWords(step, place, deck));
    note(toSession(route.name, step.step));
  }
  function go(to, keep = false) {
    if (!keep) following = following && to === steps.length - 1;
    place = Math.max(0, Math.min(steps.length - 1, to));
    clock.rewind();
    show();
  }
  /** To the next step of those that are listed, in their order; says whether there was one. */
  function by(count, running = false) {
    const next = list.next(place, count);
    if (next === undefined) {
      if (running) say("The end of the session.");
      return false;
    }
    go(next, running);
    return true;
  }

  const JUMPS = { ...(deck ? { wrong: isWrong } : { like: (step) => step.state === "answered" && step.done === "like" }), flip: (step) => flips.has(step.id), refused: (step) => step.state === "refused", error: hasError };
  const named = (kind) => ({ refused: "refusal", wrong: "wrong answer", flip: deck ? "different answer" : "flip" })[kind] ?? kind;
  function jump(kind, back = false) {
    const found = jumps[kind] ?? [];
    if (!found.length) return say(`There is no ${named(kind)} in this session.`);
    clock.pause();
    go(back ? found.findLast((at) => at < place) ?? found.at(-1) : found.find((at) => at > place) ?? found[0]);
  }

  async function setAgainst(name) {
    const other = name ? await data(paths.session(name)).catch(() => null) : null;
    if (left) return;
    against = other ? name : null;
    flips = other ? flipsBetween(steps, other.steps ?? [], deck) : new Map();
    select.value = against ?? "";
    side.hidden = !other;
    side.href = other ? toCompare(order.filter((each) => each === route.name || each === name)) : "#/";
    filters.show(steps);
    redraw();
    if (steps.length) fill(cardBox, card(steps[place], { deck, human, flip: flipOf(steps[place]) }));
    clearTimeout(settling);
    settling = steps.length ? setTimeout(() => settle(steps[place]), SETTLE) : 0;
  }
  async function offerRivals() {
    const { sessions } = await context.experiment();
    order = sessions.map((each) => each.name);
    const others = sessions.filter((each) => each.name !== route.name && !each.problem);
    if (left || !others.length) return;
    fill(select, el("option", { value: "" }, "nobody"), others.slice(0, 2000).map((each) => el("option", { value: each.name }, line(each.name, 60))));
    await setAgainst(rival(session, sessions) ?? "");
    compare.hidden = left;
  }
  select.addEventListener("change", () => setAgainst(select.value));

  fill(main, head, el("div", { class: `stage${deck ? " deck" : ""}` }, deck ? el("div", { class: "shown" }, player.note, player.node, optionsBox) : player.node, el("div", { class: "middle" }, cardBox, asksBox),
    el("aside", { class: "side", "aria-label": "Profile and steps" }, circleBox, el("section", { class: "panel", "aria-label": "Steps" }, list.choice, filters.node, compare, list.node))),
  el("div", { class: "dock" }, transport.node, timeline.node, timeline.legend));
  refresh();
  transport.clock(clock);
  const start = route.step === null ? (following ? steps.length - 1 : 0) : steps.findIndex((step) => step.step === route.step);
  go(Math.max(0, start), true);
  offerRivals().catch(() => null);

  const chase = session.live ? follow(async () => {
    const fresh = await data(paths.since(route.name, since(steps)));
    if (left) return false;
    const changed = merge(steps, fresh.steps ?? []);
    Object.assign(session, { status: fresh.status ?? session.status, totals: fresh.totals ?? session.totals, live: fresh.live ?? fresh.status === "running" });
    if (changed) refresh();
    else heading();
    if (changed && (following || steps.length === 1)) go(steps.length - 1, true);
    else if (changed) transport.at(place, steps.length);
    return session.live;
  }) : null;

  return {
    title: session.name ?? route.name,
    keys: {
      " ": () => { following = false; if (steps.length) clock.toggle(); },
      ArrowLeft: () => { clock.pause(); by(-1); }, ArrowRight: () => { clock.pause(); by(1); },
      "Shift+ArrowLeft": () => { clock.pause(); player.turn(-1); }, "Shift+ArrowRight": () => { clock.pause(); player.turn(1); },
      Home: () => go(0), End: () => go(steps.length - 1),
      ...(deck ? { w: (back) => jump("wrong", back) } : { l: (back) => jump("like", back) }), f: (back) => jump("flip", back), r: (back) => jump("refused", back), e: (back) => jump("error", back),
      "<": () => clock.faster(-1), ">": () => clock.faster(1), "/": () => filters.focus(),
    },
    /** Whether the same page can show `next`: another step of this session. */
    update(next) {
      if (next.page !== "session" || next.name !== route.name) return false;
      const at = steps.findIndex((step) => step.step === (next.step ?? 0));
      if (at >= 0 && at !== place) go(at);
      return true;
    },
    close() {
      left = true;
      clock.pause();
      clearTimeout(settling);
      chase?.stop();
      timeline.close();
      list.close();
      forget();
    },
  };
}
