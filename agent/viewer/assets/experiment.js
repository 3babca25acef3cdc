// An experiment: all sessions in a table, what is constant folded away, errors grouped by message.
import { pill } from "./about.js";
import { data, paths } from "./data.js";
import { KINDS, signOf, wordOf } from "./decisions.js";
import { el, fill } from "./dom.js";
import { fold } from "./folds.js";
import { follow } from "./live.js";
import { toCompare, toSession } from "./routes.js";
import { makeTable } from "./table.js";
import { brief, line, money, number, plural, seconds, visible } from "./words.js";

const EVERY = 4000;
const MOST_BEFORE = 4; // of the fields that vary stand before the results, so that these are in sight
const titled = (name) => line(name, 40).replaceAll("_", " ").replace(/^./u, (first) => first.toUpperCase());
const tally = (value) => (value === 0 ? el("span", { class: "aside" }, "0") : number(value));
const WHERE = { refused: "refused", failed: "failed", unparsable: "unparsable", action: "action", session: "session", trace: "trace" };
const plain = (value) => (value === null || value === undefined ? "" : typeof value === "object" ? JSON.stringify(value) : String(value));

/** Counts by kind: answered steps by what was done, the others by their state. */
function counts(row) {
  const [actions, answers] = [row.actions ?? {}, row.answers ?? {}];
  const unanswered = (answers.refused ?? 0) + (answers.unparsable ?? 0) + (answers.failed ?? 0);
  return { like: actions.like ?? 0, watch: actions.watch ?? 0, skip: actions.skip ?? 0, [row.kind === "deck" ? "answered" : "pass"]: Math.max(0, (actions.pass ?? 0) - unanswered), refused: answers.refused ?? 0, unparsable: answers.unparsable ?? 0, failed: answers.failed ?? 0 };
}

function mixture(row) {
  const found = counts(row);
  const all = Object.values(found).reduce((sum, count) => sum + count, 0);
  const parts = KINDS.filter((kind) => found[kind] > 0);
  const bar = el("span", { class: "mix", role: "img", "aria-label": parts.map((kind) => `${wordOf(kind)} ${found[kind]}`).join(", ") || "nothing yet" });
  for (const kind of parts) {
    const part = el("i", { class: `k-${kind}`, title: `${wordOf(kind)} ${found[kind]}` });
    part.style.flexGrow = String(found[kind] / Math.max(1, all));
    bar.append(part);
  }
  return bar;
}

function columnsOf(experiment, picked, changed) {
  const decks = onlyDecks(experiment.sessions);
  const varies = (experiment.variables ?? []).slice(0, 24);
  const box = (row) => el("input", { type: "checkbox", "aria-label": `Compare ${line(row.name, 80)}`, checked: picked.has(row.name), on: { change: (event) => { event.target.checked ? picked.add(row.name) : picked.delete(row.name); changed(); } } });
  const field = (name) => ({ name: `field-${name}`, title: name === "videos" && decks ? "Items" : titled(name), of: (row) => row.fields?.[name] ?? null, cell: (row) => el("bdi", { class: "cell" }, line(plain(row.fields?.[name]), 80)) });
  const count = (name, title, of) => ({ name, title, numeric: true, of, cell: (row) => tally(of(row)) });
  const names = new Set(varies.map((name) => name.split(".").at(-1)));
  const before = experiment.sessions.some((row) => row.condition) ? varies.filter((name) => name !== "condition") : varies;
  return [
    { name: "pick", title: el("span", { class: "quiet" }, "Compare"), cell: box },
    { name: "name", title: "Session", head: true, of: (row) => row.name, cell: (row) => [el("a", { href: toSession(row.name) }, el("bdi", {}, line(row.name, 80))), row.problem ? el("p", { class: "bad", dir: "auto" }, line(row.problem, 200)) : null].filter(Boolean) },
    { name: "status", title: "Status", of: (row) => row.status, cell: (row) => pill(row.status, row.live) },
    ...(names.has("persona") || experiment.sessions.every((row) => row.persona === experiment.sessions[0]?.persona) ? [] : [{ name: "persona", title: "Persona", of: (row) => row.persona, cell: (row) => el("bdi", {}, line(row.persona, 60)) }]),
    ...(before === varies ? [] : [{ name: "condition", title: "Condition", of: (row) => row.condition ?? null, cell: (row) => line(row.condition ?? "", 40) }]),
    ...before.slice(0, MOST_BEFORE).map(field),
    { name: "mix", title: "Decisions", of: (row) => counts(row).like / Math.max(1, row.steps), numeric: false, cell: mixture },
    decks ? count("answered", "Answered", (row) => row.answers?.answered ?? null) : count("likes", "Likes", (row) => row.actions?.like ?? null),
    count("refused", "Refused", (row) => row.answers?.refused ?? null),
    count("errors", "Errors", (row) => row.errors ?? null),
    { name: "steps", title: "Steps", numeric: true, of: (row) => row.steps, cell: (row) => (row.expected && row.expected !== row.steps ? `${number(row.steps)} / ${number(row.expected)}` : number(row.steps)) },
    { name: "cost", title: "Cost", numeric: true, of: (row) => (row.spent_usd === null || row.spent_usd === undefined ? null : Number(row.spent_usd)), cell: (row) => money(row.spent_usd) },
    { name: "time", title: "Time", numeric: true, of: (row) => row.seconds ?? null, cell: (row) => seconds(row.seconds) },
    ...before.slice(MOST_BEFORE).map(field),
  ];
}

const onlyDecks = (sessions) => sessions.length > 0 && sessions.every((row) => row.kind === "deck");

/** How many clips were shown and liked, and how many items of decks were answered: of each what there is. */
function reached(sessions, add, figure) {
  const [decks, feeds] = [sessions.some((row) => row.kind === "deck"), !onlyDecks(sessions)];
  const of = (deck, value) => brief(add((row) => ((row.kind === "deck") === deck ? value(row) : 0)));
  return [feeds ? [figure("Clips", of(false, (row) => row.steps)), figure("Liked", of(false, (row) => row.actions?.like))] : [],
    decks ? [figure("Items", of(true, (row) => row.steps)), figure("Answered", of(true, (row) => row.answers?.answered))] : []].flat();
}

function sums(sessions) {
  const add = (of) => sessions.reduce((sum, row) => sum + (Number(of(row)) || 0), 0);
  const figure = (name, value) => el("div", {}, el("dt", {}, name), el("dd", {}, value));
  const paid = add((row) => row.possibly_paid);
  return el("dl", { class: "sums" }, figure("Sessions", number(sessions.length)), ...reached(sessions, add, figure),
    figure("Refused", brief(add((row) => row.answers?.refused))), figure("Unparsable", brief(add((row) => row.answers?.unparsable))), figure("Failed", brief(add((row) => row.answers?.failed))),
    figure("Cost", `${money(String(add((row) => row.spent_usd)))}${paid ? ` (+ ${plural(paid, "call")} possibly paid)` : ""}`), figure("Time", seconds(add((row) => row.seconds))));
}

/** Where an error was: links to its first step in each session, folded where they are many. */
function whereOf(error) {
  const kind = error.kind in WHERE ? `${WHERE[error.kind]} · ` : "";
  const links = () => error.sessions.slice(0, 200).map((name, at) => {
    const step = error.steps?.[at] ?? null;
    return el("a", { href: toSession(name, step) }, el("bdi", {}, line(name, 80)), step === null ? null : `, ${error.count > error.sessions.length ? "first in " : ""}step ${number(step + 1)}`);
  });
  const many = error.in_sessions ?? error.sessions.length;
  if (many <= 3) return el("p", { class: "links aside" }, kind ? el("span", {}, kind.slice(0, -3)) : null, links());
  return fold(`error-${String(error.message).slice(0, 200)}`, `${kind}${plural(many, "session")}`, () => el("p", { class: "links" }, links()));
}

function errorsPanel(errors) {
  if (!errors.length) return null;
  return el("section", { class: "panel errorgroups", "aria-label": "Errors by message" }, el("h2", {}, "Errors and refusals"), el("ol", {}, errors.slice(0, 50).map((error) => el("li", {}, el("b", { class: "times" }, `${number(error.count)} ×`),
    el("div", {}, el("p", { class: "message", dir: "auto" }, visible(String(error.message).slice(0, 600))), whereOf(error))))));
}

/** The page of an experiment, in `main`. */
export async function experimentPage(main, route, context) {
  let experiment = await context.experiment();
  const picked = new Set();
  const on = new Set();
  const head = el("div", { class: "head" });
  const chips = el("div", { class: "chips", role: "group", "aria-label": "Show only" });
  const field = el("input", { type: "search", placeholder: "Filter by name, persona, model …", "aria-label": "Filter sessions", "data-control": "search", autocomplete: "off", spellcheck: "false" });
  const go = el("a", { class: "go", "data-control": "compare" });
  const errors = el("div");
  const box = el("div");
  let table = null;
  let shape = "";

  const choose = () => {
    const names = experiment.sessions.filter((row) => picked.has(row.name)).map((row) => row.name);
    const ready = names.length >= 2;
    go.textContent = ready ? `Compare ${names.length} sessions` : "Tick two or more to compare";
    if (ready) go.href = toCompare(names);
    else go.removeAttribute("href");
  };
  const text = (row) => `${row.name}\n${row.persona ?? ""}\n${row.model ?? ""}\n${row.problem ?? ""}\n${Object.values(row.fields ?? {}).map(plain).join("\n")}`.toLowerCase();
  const filter = () => {
    const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
    table.show(experiment.sessions.filter((row) => (!on.size || on.has(row.live ? "live" : row.status)) && words.every((word) => text(row).includes(word))));
  };
  function statuses() {
    const found = new Map();
    for (const row of experiment.sessions) found.set(row.live ? "live" : row.status, (found.get(row.live ? "live" : row.status) ?? 0) + 1);
    fill(chips, found.size < 2 && !on.size ? [] : [...found].map(([status, count]) => el("button", { class: "chip", type: "button", "aria-pressed": String(on.has(status)), "data-chip": status, on: { click: () => { if (!on.delete(status)) on.add(status); statuses(); filter(); chips.querySelector(`[data-chip="${CSS.escape(status)}"]`)?.focus(); } } }, line(status, 20), el("span", { class: "count" }, number(count)))));
  }
  function paint() {
    const constants = Object.entries(experiment.constants ?? {});
    fill(head, el("div", { class: "names" }, el("h1", { tabindex: "-1" }, el("bdi", {}, line(experiment.title, 120))), experiment.live ? pill("running", true) : null, el("p", { class: "aside" }, el("bdi", {}, line(experiment.root ?? "", 200)))), sums(experiment.sessions),
      constants.length ? fold("constants", `The same in all sessions`, () => el("dl", { class: "facts wide" }, constants.map(([name, value]) => el("div", {}, el("dt", {}, line(name, 60).replaceAll("_", " ")), el("dd", { dir: "auto" }, visible(plain(value).slice(0, 2000)))))), plural(constants.length, "setting")) : null);
    const now = JSON.stringify(experiment.variables);
    if (now !== shape || table === null) {
      shape = now;
      table = makeTable(columnsOf(experiment, picked, choose), { label: "Sessions", empty: "No session matches." });
      fill(box, table.node);
    }
    fill(errors, errorsPanel(experiment.errors ?? []) ?? []);
    statuses();
    filter();
    choose();
  }
  field.addEventListener("input", filter);
  fill(main, head, el("section", { class: "panel tablebox", "aria-label": "Sessions" }, el("div", { class: "between" }, el("div", { class: "filters" }, field, chips), go), box), errors);
  paint();
  const chase = experiment.live ? follow(async () => {
    experiment = await data(paths.experiment());
    context.renew(experiment);
    paint();
    return experiment.live;
  }, EVERY) : null;
  return { title: experiment.title, keys: { "/": () => field.focus() }, update: (next) => next.page === "experiment", close: () => chase?.stop() };
}
