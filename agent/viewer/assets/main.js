// The frame around the pages: which one is shown, the bar above it, the keyboard.
import { comparePage } from "./compare.js";
import { data, isExported, paths } from "./data.js";
import { el, fill, icon } from "./dom.js";
import { experimentPage } from "./experiment.js";
import { keysWindow, listen } from "./keyboard.js";
import { routeOf, toExperiment, toSession } from "./routes.js";
import { sessionPage } from "./session.js";
import { nextTheme, themeButton } from "./theme.js";
import { line } from "./words.js";

const PAGES = { experiment: experimentPage, session: sessionPage, compare: comparePage };
const main = document.getElementById("page");
const bar = document.getElementById("bar");
const windowOfKeys = keysWindow();
let page = null;
let opening = null;
let held = null;

/** What all pages share: the experiment, asked for once; a signal that ends when the page is left. */
const context = () => ({
  signal: opening.signal,
  experiment: () => (held ??= data(paths.experiment()).catch((error) => { held = null; throw error; })),
  renew: (experiment) => (held = Promise.resolve(experiment)),
});

function frame(route, title) {
  document.title = title ? `${line(title, 80)} · Replay` : "Replay";
  const trail = route.page === "experiment" ? null : el("span", { class: "here", "aria-current": "page" }, el("bdi", {}, line(route.page === "compare" ? "Comparison" : title, 80)));
  fill(bar, el("nav", { "aria-label": "Where you are" }, el("a", { class: "brand", href: toExperiment() }, el("span", { class: "logo", "aria-hidden": "true" }, icon("play")), "Replay"), trail),
    el("div", { class: "group" }, el("button", { class: "tool", type: "button", "aria-label": "Keys", title: "Keys (?)", "data-control": "keys", on: { click: windowOfKeys.show } }, icon("keys")), themeButton()));
}

function failed(error) {
  fill(main, el("section", { class: "panel sorry", role: "alert" }, el("h1", { tabindex: "-1" }, "This cannot be shown"), el("p", { dir: "auto" }, line(error.message, 600)), el("p", {}, el("a", { href: toExperiment() }, "All sessions"))));
}

/** Where an exported file begins, if it says so. */
const exportedStart = async () => (isExported() ? (await data("export").catch(() => null))?.start ?? null : null);

/** Where the page begins when its address says nothing: a single session opens at once. */
async function beginning() {
  if (location.hash.length > 1) return;
  const experiment = await context().experiment();
  const to = experiment.start ?? (await exportedStart()) ?? (experiment.alone || experiment.sessions.length === 1 ? toSession(experiment.sessions[0].name) : null);
  if (to) history.replaceState(null, "", to);
}

async function show(first = false) {
  const asked = routeOf(location.hash);
  if (!first && page?.update(asked)) return;
  page?.close();
  page = null;
  opening?.abort();
  const mine = new AbortController();
  opening = mine;
  main.setAttribute("aria-busy", "true");
  try {
    if (first) await beginning();
    const route = routeOf(location.hash);
    main.className = route.page;
    frame(route, route.page === "session" ? route.name : "");
    const opened = await PAGES[route.page](main, route, context());
    if (opening !== mine) return opened.close();
    page = opened;
    frame(route, page.title);
  } catch (error) {
    if (opening !== mine || error.name === "AbortError") return;
    failed(error);
  }
  main.removeAttribute("aria-busy");
  scrollTo(0, 0);
  if (!first) main.querySelector("h1")?.focus({ preventScroll: true });
}

document.body.append(windowOfKeys.node);
addEventListener("hashchange", () => show());
listen(() => ({ ...page?.keys, t: nextTheme, "?": windowOfKeys.show }));
show(true);
