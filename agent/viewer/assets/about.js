// What a session is: who was told what, its settings, its sums, and what of it cannot be read.
import { KINDS, kindOf, signOf, wordOf } from "./decisions.js";
import { el } from "./dom.js";
import { exact, fold } from "./folds.js";
import { isKeyed, isRight, nounOf } from "./items.js";
import { nameOf } from "./values.js";
import { line, money, number, plural, seconds, visible } from "./words.js";

const STATUS = { prepared: "Prepared", running: "Running", complete: "Complete", stopped: "Stopped", failed: "Failed", missing: "Not there yet", broken: "Broken" };

/** A status in a pill. */
export const pill = (status, live = false) => el("span", { class: `pill s-${status in STATUS ? status : "stopped"}${live ? " live" : ""}` }, live ? "Live" : STATUS[status] ?? line(status, 20));

const figure = (name, ...value) => el("div", {}, el("dt", {}, name), el("dd", {}, ...value));

/** The sums of a session: decisions by kind, cost, time. `pick(kind)` when a kind is chosen. */
export function totals(session, { deck, human }, pick) {
  const counts = new Map();
  for (const step of session.steps) counts.set(kindOf(step, deck), (counts.get(kindOf(step, deck)) ?? 0) + 1);
  const sums = session.totals ?? {};
  const paid = Number(sums.possibly_paid) > 0 ? ` (+ ${plural(Number(sums.possibly_paid), "call")} possibly paid)` : "";
  return el("dl", { class: "sums" },
    figure(deck ? "Items" : "Clips", number(session.steps.length)),
    KINDS.filter((kind) => counts.get(kind)).map((kind) => figure(wordOf(kind), el("button", { type: "button", title: `List them: ${wordOf(kind).toLowerCase()}`, "aria-label": `${wordOf(kind)}: ${number(counts.get(kind))}, list them`, "data-sum": kind, on: { click: () => pick(kind) } }, signOf(kind), number(counts.get(kind))))),
    deck && session.steps.some(isKeyed) ? figure("Right", `${number(session.steps.filter(isRight).length)} of ${number(session.steps.filter(isKeyed).length)}`) : null,
    human ? null : figure("Cost", money(sums.spent_usd), paid),
    Number.isFinite(sums.seconds) ? figure("Time", seconds(sums.seconds)) : null);
}

const settings = (spec) => Object.entries(spec ?? {}).filter(([, value]) => value !== null && value !== "" && !(typeof value === "object" && !Object.keys(value).length));

function answersOf(questionnaire) {
  const scale = questionnaire.scale ?? [];
  return el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Questionnaire" }, el("table", { class: "plain" }, el("tbody", {}, (questionnaire.items ?? []).map((item) => el("tr", {},
    el("th", { scope: "row", dir: "auto" }, line(item.text, 300)), el("td", {}, item.code ? nameOf(line(item.code, 24)) : ""), el("td", {}, Number.isFinite(item.answer) ? `${item.answer} ${line(scale[item.answer - 1] ?? "", 60)}` : "left out"))))));
}

/** Folds about the session as a whole. */
export function about(session) {
  const persona = session.persona ?? {};
  const rows = settings({ ...session.spec, ...(session.phases?.length ? { phases: session.phases } : {}), versions: session.versions });
  const target = Object.entries(persona.target ?? {}).filter(([, load]) => load);
  return [
    persona.text || persona.told ? fold("persona", "Persona", () => [exact(persona.text || "", "Persona"),
      persona.told && persona.told !== persona.text ? [el("h4", {}, "As it was told"), exact(persona.told, "Persona as it was told")] : null,
      target.length ? el("p", { class: "aside" }, `Meant to prefer: ${target.map(([code, load]) => `${load < 0 ? "less " : ""}${nameOf(line(code, 24))}`).join(", ")}.`) : null].flat(), line(persona.name ?? "", 60)) : null,
    session.instructions ? fold("instructions", "Instructions", () => exact(session.instructions, "Instructions")) : null,
    session.consent ? fold("consent", "What the person agreed to", () => exact(session.consent, "Consent")) : null,
    session.questionnaire?.items?.length ? fold("questionnaire", "Questionnaire", () => answersOf(session.questionnaire), plural(session.questionnaire.items.length, "item")) : null,
    rows.length ? fold("settings", "Settings", () => el("dl", { class: "facts wide" }, rows.map(([name, value]) => el("div", {}, el("dt", {}, line(name, 60).replaceAll("_", " ")), el("dd", {}, visible((typeof value === "object" ? JSON.stringify(value) : String(value)).slice(0, 4000)))))), plural(rows.length, "setting")) : null,
  ].filter(Boolean);
}

/** What cannot be shown or read, as warnings; null where all is well. */
export function warnings(session) {
  const broken = session.broken ?? [];
  const problems = session.problems ?? [];
  const found = [
    session.problem || (session.status === "failed" && session.detail) ? el("p", { dir: "auto" }, visible(String(session.problem || session.detail).slice(0, 600))) : null,
    broken.length ? fold("broken", `${plural(session.broken_count ?? broken.length, "line")} of the trace cannot be read; the rest is shown`, () => el("ul", {}, broken.slice(0, 200).map((each) => el("li", { dir: "auto" }, `Line ${number(each.number)}: ${line(each.reason, 300)}`)))) : null,
    problems.length ? fold("problems", `${plural(problems.length, nounOf(session.kind === "deck"))} of the ${session.kind === "deck" ? "deck" : "feed"} could not be shown`, () => el("ul", {}, problems.slice(0, 200).map((each) => el("li", { dir: "auto" }, `${line(each.name, 120)}: ${line(each.reason, 300)}`)))) : null,
  ].filter(Boolean);
  return found.length ? el("div", { class: "warning", role: "note" }, found) : null;
}
