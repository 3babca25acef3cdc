// Schwartz's circle: each value in its direction, further out the more its clips were preferred. Moves with the scrubber.
import { draw, el, fill } from "./dom.js";
import { GROUP_NAMES, groupOf, nameOf } from "./values.js";
import { plural, signed } from "./words.js";

const HUB = 16;
const RIM = 112;
const FEW = 3;

const spot = (radius, degrees) => [radius * Math.sin((degrees * Math.PI) / 180), -radius * Math.cos((degrees * Math.PI) / 180)];
const pair = ([x, y]) => `${x.toFixed(1)} ${y.toFixed(1)}`;
const arc = (radius, from, to) => `M${pair(spot(radius, from))}A${radius} ${radius} 0 ${to - from > 180 ? 1 : 0} 1 ${pair(spot(radius, to))}`;

function lines(name) {
  const cut = name.length > 11 ? name.indexOf("-") + 1 : 0;
  return cut > 0 ? [name.slice(0, cut), name.slice(cut)] : [name];
}

function label(code, angle) {
  const [x, y] = spot(RIM + 18, angle);
  const anchor = Math.abs(x) < 18 ? "middle" : x > 0 ? "start" : "end";
  const parts = lines(nameOf(code).slice(0, 24));
  return draw("text", { "text-anchor": anchor, class: "name" },
    parts.map((part, row) => draw("tspan", { x: x.toFixed(1), y: (y + 4 + 13 * row - 6.5 * (parts.length - 1) * (1 + Math.cos((angle * Math.PI) / 180))).toFixed(1) }, part)));
}

function scaffold(codes, limit, target) {
  const wide = 360 / codes.length;
  const ring = (share, name) => draw("circle", { r: (HUB + (RIM - HUB) * share).toFixed(1), class: name });
  const spokes = codes.map((code, place) => draw("path", { d: `M${pair(spot(HUB, place * wide))}L${pair(spot(RIM, place * wide))}`, class: "spoke" }));
  const arcs = codes.map((code, place) => draw("path", { d: arc(RIM + 7, place * wide - wide * 0.46, place * wide + wide * 0.46), class: `arc g-${groupOf(code)}` }));
  const wanted = codes.map((code, place) => {
    const want = target?.[code];
    if (!want) return null;
    return draw("path", { d: `${arc(RIM, place * wide - wide / 2, place * wide + wide / 2)}L0 0z`, class: want > 0 ? "wanted" : "unwanted" });
  });
  const figures = [[0, signed(-limit, 1)], [0.5, "0"], [1, signed(limit, 1)]].map(([share, text]) => {
    const [x, y] = spot(HUB + (RIM - HUB) * share, -wide / 2);
    return draw("text", { x: x.toFixed(1), y: (y + 3.5).toFixed(1), class: "tick" }, text);
  });
  return [wanted.filter(Boolean), ring(0, "ring"), ring(0.25, "ring"), ring(0.5, "ring zero"), ring(0.75, "ring"), ring(1, "ring"), spokes, arcs, codes.map((code, place) => label(code, place * wide)), figures].flat();
}

const calm = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

/** The circle of `codes`, from −limit to +limit; `target` shades the values that the persona is told to prefer or to oppose. */
export function makeCircle(codes, { limit, target, measure, noun }) {
  const outline = draw("path", { class: "outline" });
  const dots = codes.map((code) => draw("circle", { class: `dot g-${groupOf(code)}`, r: 5.5 }));
  const drawing = draw("svg", { viewBox: "-205 -150 410 290", "aria-hidden": "true", class: "circle" }, scaffold(codes, limit, target), outline, dots);
  const summary = el("p", { class: "aside", "data-profile": "" });
  const table = el("tbody");
  const groups = el("p", { class: "groups", "aria-hidden": "true" }, Object.entries(GROUP_NAMES).map(([group, name]) => el("span", {}, el("i", { class: `g-${group}` }), name)));
  const figures = el("details", { class: "fold" }, el("summary", {}, el("span", {}, "What it shows, in figures")), summary, groups, el("table", { class: "plain" },
    el("thead", {}, el("tr", {}, ["Value", `Difference in ${measure.word}`, noun === "item" ? "Items" : "Clips"].map((name) => el("th", { scope: "col" }, name)))), table));
  const many = el("span", { class: "aside" });
  const node = el("div", { class: "profile" }, el("div", { class: "between" }, el("h2", {}, "Value profile so far"), many), drawing, figures);
  let now = codes.map(() => 0);
  let handle = 0;

  function place(radii, known) {
    const wide = 360 / codes.length;
    const spots = radii.map((figure, at) => spot(HUB + (RIM - HUB) * (Math.max(-limit, Math.min(limit, figure)) + limit) / (2 * limit), at * wide));
    for (const [at, dot] of dots.entries()) [dot.cx.baseVal.value, dot.cy.baseVal.value] = spots[at];
    const seen = spots.filter((_, at) => known[at]);
    outline.setAttribute("d", seen.length > 2 ? `M${seen.map(pair).join("L")}z` : "");
  }
  function glide(to, known) {
    cancelAnimationFrame(handle);
    const from = now;
    const start = performance.now();
    const frame = (time) => {
      const share = calm() ? 1 : Math.min(1, (time - start) / 220);
      const eased = 1 - (1 - share) ** 3;
      now = to.map((figure, at) => from[at] + (figure - from[at]) * eased);
      place(now, known);
      if (share < 1) handle = requestAnimationFrame(frame);
    };
    frame(calm() ? start + 1000 : start);
  }
  return {
    node,
    /** `profile` as `runningProfile(…).at()` gives it. */
    show(profile) {
      const held = codes.map((code) => profile.values[code]);
      for (const [at, dot] of dots.entries()) {
        dot.classList.toggle("few", held[at].n > 0 && held[at].n < FEW);
        dot.classList.toggle("gone", held[at].mean === null);
      }
      glide(held.map(({ mean }) => mean ?? 0), held.map(({ mean }) => mean !== null));
      many.textContent = profile.n ? `preliminary, ${plural(profile.n, noun)}` : "";
      summary.textContent = profile.n ? `Preliminary. ${measure.word[0].toUpperCase()}${measure.word.slice(1)} of the ${noun}s that promote a value, minus that of all ${profile.n} so far. Hollow: under ${FEW} ${noun}s.` : "Nothing to average so far.";
      fill(table, codes.map((code, at) => el("tr", {}, el("th", { scope: "row" }, nameOf(code)), el("td", {}, signed(held[at].mean)), el("td", {}, String(held[at].n)))));
    },
  };
}
