// The matrix of a comparison: a row a session, a column a clip, a sign a decision. One cell is in the order of tabs; arrows move.
import { kindOf, signOf, wordOf } from "./decisions.js";
import { el, fill } from "./dom.js";
import { line, number } from "./words.js";

const FIRST = 120;

/** The matrix of `sessions` over clips. `go(place)` opens a clip. */
export function makeMatrix(sessions, { go }) {
  let clips = [];
  let all = false;
  let at = { row: 0, column: 0 };
  const body = el("tbody");
  const more = el("button", { class: "small", type: "button", hidden: true, on: { click: () => { all = true; paint(); } } });
  const table = el("table", { class: "matrix", role: "grid", "aria-label": "Decisions by session and clip", "data-own-keys": "", "data-control": "matrix" }, body);
  const node = el("div", {}, el("div", { class: "scroll" }, table), more);

  const cell = (row, column) => body.rows[row]?.cells[column + 1]?.firstChild ?? null;
  function focus(row, column) {
    cell(at.row, at.column)?.setAttribute("tabindex", "-1");
    at = { row: Math.max(0, Math.min(sessions.length - 1, row)), column: Math.max(0, Math.min(body.rows[0].cells.length - 2, column)) };
    cell(at.row, at.column).setAttribute("tabindex", "0");
    cell(at.row, at.column).focus();
  }
  const MOVES = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0], Home: [0, -1e9], End: [0, 1e9] };
  table.addEventListener("keydown", (event) => {
    const move = MOVES[event.key];
    if (!move || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    event.stopPropagation();
    focus(at.row + move[0], at.column + move[1]);
  });
  table.addEventListener("click", (event) => {
    const button = event.target.closest("button[data-column]");
    if (!button) return;
    const [row, column] = [Number(button.dataset.row), Number(button.dataset.column)];
    cell(at.row, at.column)?.setAttribute("tabindex", "-1");
    at = { row, column };
    button.setAttribute("tabindex", "0");
    go(column);
  });

  function square(session, row, clip, column) {
    const decision = clip.decisions?.[session.name];
    const kind = decision ? kindOf(decision, session.kind === "deck") : "absent";
    const said = `${line(session.label, 60)}: ${wordOf(kind)}${decision?.chosen ? `, ${line(decision.chosen, 80)}` : Number.isFinite(decision?.rating) ? `, rating ${decision.rating}` : ""}. ${line(clip.caption || clip.id, 80)}`;
    return el("td", { role: "gridcell", class: clip.flip ? "flip" : null }, el("button", { type: "button", tabindex: row === at.row && column === at.column ? "0" : "-1", class: `cell k-${kind}`, "aria-label": said, title: said, "data-row": row, "data-column": column }, signOf(kind)));
  }
  function paint() {
    const part = all ? clips : clips.slice(0, FIRST);
    fill(body, sessions.map((session, row) => el("tr", { role: "row" }, el("th", { scope: "row", role: "rowheader" }, el("bdi", {}, line(session.label, 40))), part.map((clip, column) => square(session, row, clip, column)))));
    more.hidden = part.length === clips.length;
    more.textContent = `Show all ${number(clips.length)} clips`;
  }
  return {
    node,
    show(next) {
      clips = next;
      at = { row: 0, column: 0 };
      paint();
    },
    at(column) {
      for (const old of body.querySelectorAll(".current")) old.classList.remove("current");
      for (const row of body.rows) row.cells[column + 1]?.classList.add("current");
    },
  };
}
