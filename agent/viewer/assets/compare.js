// Two or more sessions over the same clips: agreement, the matrix, and clip by clip side by side, flips first.
import { compared } from "./comparing.js";
import { data, frameUrl, isExported, Missing, paths } from "./data.js";
import { badge, kindOf } from "./decisions.js";
import { el, fill, icon, say } from "./dom.js";
import { nounOf } from "./items.js";
import { makeMatrix } from "./matrix.js";
import { forget, note, toCompare, toSession } from "./routes.js";
import { fixed, line, number, percent, plural, seconds, visible } from "./words.js";

const FIRST = 40;
const LONG = 700;

function picture(sha256, label) {
  const url = frameUrl(sha256);
  if (!url) return el("span", { class: "nothumb" });
  const image = el("img", { src: url, alt: label, loading: "lazy", draggable: "false" });
  image.addEventListener("error", () => image.replaceWith(el("span", { class: "nothumb" })));
  return image;
}

async function comparison(names, signal) {
  if (!isExported()) return data(paths.compare(names), signal);
  if (names.length < 2) throw new Missing("Two different sessions or more can be compared.");
  return compared(await Promise.all(names.map((name) => data(paths.session(name)))));
}

const onlyDecks = (sessions) => sessions.length > 0 && sessions.every((session) => session.kind === "deck");

function agreementPanel(result, labels) {
  const pairs = (result.agreement ?? []).filter((pair) => pair.n > 0);
  const noun = nounOf(onlyDecks(result.sessions ?? []));
  if (!pairs.length) return el("p", { class: "aside" }, `No ${noun} was answered by two of them.`);
  const clips = result.clips.filter((clip) => clip.flip).length;
  const rows = pairs.slice(0, 200).map((pair) => el("tr", {}, el("th", { scope: "row" }, el("bdi", {}, labels.get(pair.a)), " and ", el("bdi", {}, labels.get(pair.b))),
    el("td", { class: "num" }, pair.same ? el("b", {}, percent(pair.same.share)) : "–", pair.same ? el("span", { class: "aside" }, ` ${percent(pair.same.low)} to ${percent(pair.same.high)}`) : null),
    el("td", { class: "num" }, fixed(pair.kappa)), el("td", { class: "num" }, fixed(pair.rating_r)), el("td", { class: "num" }, number(pair.n))));
  return [
    el("p", { class: "lead", "data-part": "lead" }, `They decided differently on ${number(clips)} of ${plural(result.clips.length, noun)}${clips > 1 ? ". Below, those furthest apart come first" : ""}.`),
    el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Agreement" }, el("table", { class: "plain agreement" },
      el("thead", {}, el("tr", {}, ["Sessions", "Same decision", "Kappa", "Ratings, r", noun === "item" ? "Items" : "Clips"].map((name, place) => el("th", { scope: "col", class: place ? "num" : null }, name)))), el("tbody", {}, rows))),
    el("p", { class: "aside" }, `Over ${noun}s that both answered; in grey the interval (${line(pairs[0].interval ?? "", 60)}).`),
  ];
}

function verdict(session, decision) {
  const kind = decision ? kindOf(decision, session.kind === "deck") : "absent";
  const facts = decision ? [decision.chosen ? line(decision.chosen, 80) : Number.isFinite(decision.rating) ? `rating ${decision.rating}` : null, Number.isFinite(decision.dwell_s) ? seconds(decision.dwell_s) : null].filter(Boolean).join(" · ") : "";
  return el("div", { class: `verdicts k-${kind}` }, el("p", { class: "of" }, decision ? el("a", { href: toSession(session.name, decision.step) }, el("bdi", {}, line(session.label, 60))) : el("bdi", {}, line(session.label, 60))),
    el("p", {}, badge(kind), kind === "answered" && decision.done !== "pass" ? el("b", { dir: "auto" }, line(decision.done, 80)) : null, facts ? el("span", { class: "aside" }, ` ${facts}`) : null), decision?.reason ? el("blockquote", { dir: "auto" }, visible(String(decision.reason).slice(0, LONG)) + (String(decision.reason).length > LONG ? "…" : "")) : null);
}

function clipRow(clip, place, sessions, open) {
  return el("li", { class: "pairrow", "data-clip": clip.id, "data-place": String(place) }, el("button", { class: "thumb", type: "button", "aria-label": `Open ${line(clip.caption || clip.id, 80)}`, on: { click: () => open(place) } }, picture(clip.frame, "")),
    el("div", { class: "told" }, el("h3", { dir: "auto" }, line(clip.caption || clip.id, 200), clip.flip ? el("span", { class: "flipmark" }, icon("flip"), sessions.every((session) => session.kind === "deck") ? "differ" : "flip") : null), el("div", { class: "sides" }, sessions.map((session) => verdict(session, clip.decisions?.[session.name])))));
}

/** The page of a comparison, in `main`. */
export async function comparePage(main, route, context) {
  const result = await comparison(route.names, context.signal);
  const sessions = result.sessions ?? [];
  const labels = new Map(sessions.map((session) => [session.name, line(session.label, 60)]));
  const clips = result.clips ?? [];
  const noun = nounOf(onlyDecks(sessions));
  const Noun = noun === "item" ? "Item" : "Clip";
  const list = el("ol", { class: "pairs" });
  const detail = el("section", { class: "panel clipbox", "aria-label": Noun, "aria-live": "off" });
  const only = el("button", { class: "chip", type: "button", "aria-pressed": "false", "data-chip": "flip", on: { click: () => { flipsOnly = !flipsOnly; redraw(); } } }, icon("flip"), noun === "item" ? "Different answers only" : "Flips only", el("span", { class: "count" }, number(clips.filter((clip) => clip.flip).length)));
  const field = el("input", { type: "search", placeholder: noun === "item" ? "Search items and answers" : "Search captions and reasons", "aria-label": noun === "item" ? "Search items and answers" : "Search captions and reasons", "data-control": "search", autocomplete: "off", spellcheck: "false", on: { input: () => redraw() } });
  const more = el("button", { class: "small", type: "button", on: { click: () => { shown += 200; redraw(); } } });
  const matrix = makeMatrix(sessions, { go: (place) => go(place) });
  let flipsOnly = false;
  let shown = FIRST;
  let found = clips;
  let place = 0;

  const text = (clip) => (clip.searched ??= `${clip.caption ?? ""}\n${clip.id}\n${Object.values(clip.decisions ?? {}).map((each) => `${each?.chosen ?? ""} ${each?.reason ?? ""}`).join("\n")}`.toLowerCase());
  function redraw() {
    const query = field.value.trim().toLowerCase();
    found = clips.filter((clip) => (!flipsOnly || clip.flip) && (!query || text(clip).includes(query)));
    only.setAttribute("aria-pressed", String(flipsOnly));
    fill(list, found.length ? found.slice(0, shown).map((clip, at) => clipRow(clip, at, sessions, (to) => go(to, true))) : el("li", { class: "none" }, `No ${noun} matches.`));
    more.hidden = found.length <= shown;
    more.textContent = `Show more of ${number(found.length)} ${noun}s`;
    matrix.show(found);
    if (found.length) go(Math.min(place, found.length - 1));
    else fill(detail);
  }
  function go(to, focus = false) {
    place = Math.max(0, Math.min(found.length - 1, to));
    const clip = found[place];
    matrix.at(place);
    for (const row of list.querySelectorAll("[aria-current]")) row.removeAttribute("aria-current");
    list.querySelector(`[data-place="${place}"]`)?.setAttribute("aria-current", "true");
    fill(detail, el("div", { class: "frame" }, picture(clip.frame, line(clip.caption || clip.id, 120))), el("div", { class: "about" },
      el("div", { class: "between" }, el("p", { class: "aside" }, `${number(place + 1)} of ${number(found.length)}${clip.flip ? (noun === "item" ? " · different answers" : " · flip") : ""}`), el("div", { class: "group" },
        el("button", { class: "tool", type: "button", "aria-label": `Previous ${noun}`, on: { click: () => go(place - 1) } }, icon("left")), el("button", { class: "tool", type: "button", "aria-label": `Next ${noun}`, "data-control": "next-clip", on: { click: () => go(place + 1) } }, icon("right")))),
      el("h2", { class: "caption", dir: "auto" }, line(clip.caption || clip.id, 400)), el("div", { class: "sides" }, sessions.map((session) => verdict(session, clip.decisions?.[session.name])))));
    note(toCompare(route.names, clip.id));
    if (focus) {
      detail.scrollIntoView({ block: "nearest" });
      say(line(clip.caption || clip.id, 160));
    }
  }
  const starts = route.clip === null ? 0 : clips.findIndex((clip) => clip.id === route.clip);
  place = Math.max(0, starts);
  fill(main, el("div", { class: "head" }, el("div", { class: "names" }, el("h1", { tabindex: "-1" }, sessions.map((session, at) => [at ? el("span", { class: "versus" }, " and ") : null, el("a", { href: toSession(session.name) }, el("bdi", {}, line(session.label, 60)))]).flat().filter(Boolean)),
    el("p", { class: "aside" }, `The same ${noun}s, side by side`))), el("div", { class: "over" }, el("section", { class: "panel", "aria-label": "Agreement" }, el("h2", {}, "Agreement"), agreementPanel(result, labels)), detail),
    el("section", { class: "panel", "aria-label": "Matrix" }, el("h2", {}, "All decisions"), matrix.node),
    el("section", { class: "panel", "aria-label": `${Noun}s` }, el("div", { class: "between" }, el("h2", {}, `${Noun} by ${noun}`), el("div", { class: "filters" }, field, el("div", { class: "chips" }, only))), list, more));
  redraw();
  return {
    title: sessions.map((session) => labels.get(session.name)).join(" and "),
    keys: { ArrowLeft: () => found.length && go(place - 1), ArrowRight: () => found.length && go(place + 1), Home: () => found.length && go(0), End: () => found.length && go(found.length - 1), "/": () => field.focus() },
    update(next) {
      if (next.page !== "compare" || next.names.join("\n") !== route.names.join("\n")) return false;
      const at = found.findIndex((clip) => clip.id === next.clip);
      if (at >= 0 && at !== place) go(at);
      return true;
    },
    close: () => forget(),
  };
}
