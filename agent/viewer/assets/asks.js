// What was asked and what came back, to the letter: prompts, raw answers, the stimulus' words, options of a deck's item.
import { el } from "./dom.js";
import { exact, fold } from "./folds.js";
import { nounOf } from "./items.js";
import { fixed, line, money, percent, plural, seconds, visible } from "./words.js";

const list = (value) => (Array.isArray(value) ? value : []);

const turnsOf = (ask) => (list(ask.turns).length ? ask.turns : [{ role: "user", text: ask.user ?? "", images: [] }]);

function exchange(ask, answer, many, human) {
  const stage = line(ask?.stage ?? answer?.stage ?? "", 40);
  const attempt = ask?.attempt ?? answer?.attempt ?? 0;
  const title = [stage, attempt > 0 ? `request ${attempt + 1}` : null].filter(Boolean).join(", ");
  const parts = [];
  if (ask) {
    parts.push(fold(`prompt-${stage}-${attempt}`, "Exact prompt", () => [
      ask.verified === false ? el("p", { class: "bad" }, "The words do not match the hash that was recorded with them.") : null,
      list(ask.unfilled).length ? el("p", { class: "bad" }, `Not known any more: ${list(ask.unfilled).map((slot) => line(slot, 40)).join(", ")}`) : null,
      ask.system ? [el("h4", {}, "System"), exact(ask.system, "System message")] : null,
      turnsOf(ask).map((turn) => [el("h4", { class: "turn" }, line(turn.role, 20), list(turn.images).length ? el("span", { class: "aside" }, ` ${plural(list(turn.images).length, "picture")}, then`) : null), exact(turn.text ?? "", `Message of ${line(turn.role, 20)}`)]),
      list(ask.given).length ? [el("h4", {}, "Texts that were scored as its answer"), list(ask.given).map((text) => exact(text, "Text that was scored"))] : null,
      list(ask.neutral).length ? [el("h4", {}, "and a second time after"), list(ask.neutral).map((turn) => exact(turn.text ?? "", "Neutral message"))] : null,
      ask.schema && !list(ask.given).length ? [el("h4", {}, "Form of the answer"), exact(ask.schema, "JSON schema")] : null,
    ].flat(3), Number.isFinite(ask.cell) ? `wording ${ask.cell}` : null));
  }
  if (answer) {
    const aside = [line(answer.outcome ?? "", 20), Number.isFinite(answer.latency_s) && !human ? seconds(answer.latency_s) : null, answer.cost_usd && !human ? money(answer.cost_usd) : null].filter(Boolean).join(" · ");
    parts.push(fold(`answer-${stage}-${attempt}`, "Raw answer", () => [exact(answer.raw || "(nothing)", "Raw answer"), details(answer)], aside));
  } else parts.push(el("p", { class: "aside" }, "No answer yet."));
  return el("div", { class: "exchange" }, many && title ? el("h3", {}, title) : null, parts);
}

function details(answer) {
  const used = Object.entries(answer.usage ?? {}).filter(([, count]) => count > 0).map(([name, count]) => `${name} ${count}`).join(", ");
  const chances = Object.entries(answer.logprobs ?? {}).map(([option, log]) => `${line(option, 30)} ${fixed(Math.exp(log), 3)}`).join(", ");
  const rows = [["Fault", answer.fault], ["Refusal", answer.refusal], ["Error", answer.error], ["Tokens", used], ["Attempts", answer.attempts > 1 ? String(answer.attempts) : null],
    ["Finished", answer.finish_reason], ["Model", answer.model_version], [answer.finish_reason === "scored" ? "Chances, the mean of a token" : "Chances", chances], ["Scores", answer.decision?.scores ? JSON.stringify(answer.decision.scores) : null]];
  return el("dl", { class: "facts" }, rows.filter(([, text]) => text).map(([name, text]) => el("div", {}, el("dt", {}, name), el("dd", { dir: "auto" }, visible(String(text).slice(0, 2000))))));
}

/** An option with its label: its own ("1 = not like me"), else a letter. */
function optionOf(option, place) {
  if (typeof option === "object" && option !== null) return { label: String(option.label ?? option.key ?? place + 1), text: option.text ?? "" };
  const own = /^\s*(-?\w{1,3})\s*[=:)]\s+(\S.*)$/s.exec(String(option).slice(0, 2000));
  return own ? { label: own[1], text: own[2] } : { label: String.fromCharCode(65 + (place % 26)), text: option };
}

function optionsOf(stimulus) {
  const given = stimulus.options;
  if (Array.isArray(given)) return given.map(optionOf);
  return given && typeof given === "object" ? Object.entries(given).map(([label, text]) => ({ label, text })) : [];
}

const same = (option, value, place) => [option.label, option.text, typeof value === "number" && /^[A-Z]$/.test(option.label) ? place : option.label].some((form) => String(form).trim().toLowerCase() === String(value).trim().toLowerCase());

/** The answer that a question without options came with; null where there is none. Beside a judge's verdict it would be another question's. */
const reference = (stimulus) => (stimulus.item?.reference ? el("section", { class: "options", "aria-label": "Reference" }, el("p", { dir: "auto" }, "Reference: ", el("b", {}, line(stimulus.item.reference, 600)))) : null);

/** The options of a deck's item: which one was chosen, and which is the key. Null where an item has none. */
export function options(detail) {
  const stimulus = detail.stimulus ?? {};
  const found = optionsOf(stimulus);
  const decision = list(detail.answers).findLast((answer) => answer.final)?.decision ?? {};
  const chosen = found[decision.scores?.choice]?.text ?? decision.choice ?? decision.answer ?? decision.rating ?? decision.scores?.rating ?? null;
  const rightPlaces = new Set(list(stimulus.item?.key));
  const keys = [stimulus.key ?? []].flat();
  for (const [place, option] of found.entries()) if (rightPlaces.has(place)) keys.push(option.text);
  if (!found.length && !keys.length) return Object.keys(decision.scores ?? {}).length ? null : reference(stimulus);
  const people = (place) => list(stimulus.item?.distribution)[list(stimulus.item?.order)[place] ?? place];
  const right = chosen !== null && keys.length > 0 && (found.length ? found.some((option, place) => same(option, chosen, place) && keys.some((key) => same(option, key, place))) : keys.some((key) => String(key) === String(chosen)));
  const rows = found.slice(0, 60).map((option, place) => {
    const picked = chosen !== null && same(option, chosen, place);
    const key = keys.some((value) => same(option, value, place));
    return el("li", { class: `${picked ? "picked" : ""} ${key ? "key" : ""}`.trim() || null }, el("b", {}, line(option.label, 12)), el("span", { dir: "auto" }, line(option.text, 600)),
      el("span", { class: "aside" }, [picked ? "answer" : null, key ? "key" : null, Number.isFinite(people(place)) ? `people ${percent(people(place))}` : null].filter(Boolean).join(" · ")));
  });
  return el("section", { class: "options", "aria-label": "Options" }, rows.length ? el("ol", {}, rows) : el("p", {}, "Key: ", el("b", {}, keys.map((key) => line(key, 200)).join(", "))),
    keys.length && chosen !== null ? el("p", { class: right ? "right" : "wrong" }, right ? "The answer is the key." : "The answer is not the key.") : null);
}

function told(stimulus) {
  const apart = ["frames", "step", "type", "at", "options", "key"];
  return Object.entries(stimulus).filter(([name]) => !apart.includes(name)).filter(([, value]) => value !== null && value !== undefined && value !== "" && !(typeof value === "object" && !Object.keys(value).length));
}

/** All folds of a step. */
export function asksPane(detail, human, deck) {
  const asks = list(detail.asks);
  const answers = list(detail.answers);
  const keys = [...new Set([...asks, ...answers].map((each) => `${each.stage} ${each.attempt}`))];
  const find = (all, key) => all.find((each) => `${each.stage} ${each.attempt}` === key);
  const words = told(detail.stimulus ?? {});
  return [
    keys.map((key) => exchange(human && !find(asks, key)?.user ? null : find(asks, key), find(answers, key), keys.length > 1, human)),
    words.length ? fold("stimulus", `Words and facts of the ${nounOf(deck)}`, () => el("dl", { class: "facts wide" }, words.map(([name, value]) => el("div", {}, el("dt", {}, line(name, 40).replaceAll("_", " ")), el("dd", { dir: "auto" },
      visible((Array.isArray(value) && value.every((each) => typeof each === "string") ? value.join(" ") : typeof value === "object" ? JSON.stringify(value) : String(value)).slice(0, 20000)))))), plural(words.length, "field")) : null,
  ].flat().filter(Boolean);
}
