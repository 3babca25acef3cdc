// Building elements. Text is always set as text: nothing a feed says is ever parsed as HTML.

/** An element with properties, attributes ("aria-…", "data-…", "role" …) and children; strings become text nodes. */
export function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "on") for (const [event, handler] of Object.entries(value)) node.addEventListener(event, handler);
    else node.setAttribute(name, value === true ? "" : String(value));
  }
  node.append(...children.filter((child) => child !== null));
  return node;
}

const SHAPES = {
  heart: "M12 20.6l-1.3-1.2C5.9 15 2.8 12.2 2.8 8.7 2.8 5.9 5 3.8 7.7 3.8c1.6 0 3.2.8 4.3 2 1.1-1.2 2.7-2 4.3-2 2.7 0 4.9 2.1 4.9 4.9 0 3.5-3.1 6.3-7.9 10.7z",
  sound: "M4 9.5v5h3.4l4.6 4V5.500l-4.6 4zM15.2 8.600a4.8 4.8 0 0 1 0 6.800M17.6 6a8.4 8.4 0 0 1 0 12",
  muted: "M4 9.500v5h3.400l4.6 4V5.500l-4.6 4zM15.8 9.600l4.8 4.800M20.6 9.600l-4.8 4.8",
  next: "M5.5 9l6.5 6.500L18.5 9",
  play: "M8 5.200v13.600l11-6.800z",
  note: "M9.5 18V6l9-2v11.500M9.5 18a2.5 2.5 0 1 1-5 0 2.5 2.5 0 0 1 5 0zM18.5 15.500a2.5 2.5 0 1 1-5 0 2.5 2.5 0 0 1 5 0z",
  check: "M5 12.500l4.5 4.500L19 7.5",
};

const SVG = "http://www.w3.org/2000/svg";

/** A drawing that says nothing to assistive technology. */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  svg.setAttribute("class", `icon icon-${name}`);
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", SHAPES[name]);
  svg.append(path);
  return svg;
}

const compact = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });

/** 12345 as "12.3K". */
export const short = (count) => compact.format(count);
