// A table that sorts by its heads. Rows beyond the first come on request, so that a thousand sessions open at once.
import { el, fill } from "./dom.js";
import { number } from "./words.js";

const FIRST = 100;

const below = (a, b) => {
  const [none, other] = [a === null || a === undefined, b === null || b === undefined];
  if (none || other) return none === other ? 0 : none ? 1 : -1;
  return typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b), "en", { numeric: true });
};

/** `columns`: {name, title, of(row) for sorting, cell(row), numeric}. The table starts in the order of the rows. */
export function makeTable(columns, { label, empty }) {
  let rows = [];
  let sorted = null;
  let all = false;
  const body = el("tbody", { role: "rowgroup" });
  const heads = columns.map((column) => {
    const button = column.of ? el("button", { type: "button", "data-sort": column.name, on: { click: () => sort(column.name) } }, column.title, el("span", { class: "arrow", "aria-hidden": "true" })) : column.title;
    return el("th", { role: "columnheader", scope: "col", class: column.numeric ? "num" : null, "data-column": column.name }, button);
  });
  const more = el("button", { class: "small", type: "button", hidden: true, "data-control": "more", on: { click: () => { all = true; paint(); } } });
  const node = el("div", {}, el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": label, "data-own-keys": "" }, el("table", { class: "sessions", role: "table" }, el("thead", { role: "rowgroup" }, el("tr", { role: "row" }, heads)), body)), more);

  function sort(name) {
    sorted = sorted?.name === name ? { name, down: !sorted.down } : { name, down: Boolean(columns.find((column) => column.name === name).numeric) };
    paint();
  }
  function paint() {
    const column = sorted && columns.find((each) => each.name === sorted.name);
    const shown = column ? [...rows].sort((a, b) => {
      const [x, y] = [column.of(a), column.of(b)];
      const missing = (value) => value === null || value === undefined;
      return below(x, y) * (sorted.down && !missing(x) && !missing(y) ? -1 : 1);
    }) : rows;
    const part = all ? shown : shown.slice(0, FIRST);
    for (const head of heads) {
      const mine = sorted?.name === head.dataset.column;
      if (mine) head.setAttribute("aria-sort", sorted.down ? "descending" : "ascending");
      else head.removeAttribute("aria-sort");
    }
    fill(body, part.length ? part.map((row) => el("tr", { role: "row", "data-row": row.name }, columns.map((each) => el(each.head ? "th" : "td", { role: each.head ? "rowheader" : "cell", scope: each.head ? "row" : null, class: each.numeric ? "num" : null, "data-title": typeof each.title === "string" && !each.head ? each.title : null }, each.cell(row))))) : el("tr", {}, el("td", { colspan: columns.length, class: "none" }, empty)));
    more.hidden = part.length === shown.length;
    more.textContent = `Show all ${number(shown.length)} sessions`;
  }
  return {
    node,
    show(next) {
      rows = next;
      paint();
    },
  };
}
