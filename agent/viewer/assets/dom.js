// Building elements. Text is always set as text: nothing a trace says is ever parsed as HTML.

const SVG = "http://www.w3.org/2000/svg";

function furnish(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "on") for (const [event, handler] of Object.entries(value)) node.addEventListener(event, handler);
    else node.setAttribute(name, value === true ? "" : String(value));
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

/** An element with attributes ("aria-…", "class" …; "on" holds listeners) and children; strings become text, null is left out. */
export const el = (tag, attributes = {}, ...children) => furnish(document.createElement(tag), attributes, children);

/** The same for drawings. */
export const draw = (tag, attributes = {}, ...children) => furnish(document.createElementNS(SVG, tag), attributes, children);

const SHAPES = {
  heart: "M12 20.300l-1.200-1.100C6 14.900 3 12.200 3 8.900 3 6.200 5.100 4.100 7.800 4.100c1.600 0 3.100.700 4.200 1.900 1.100-1.200 2.600-1.900 4.200-1.900C18.900 4.100 21 6.200 21 8.900c0 3.300-3 6-7.800 10.300z",
  play: "M7.500 4.800v14.400l11.500-7.200z",
  pause: "M7 5h3.600v14H7zM13.400 5H17v14h-3.600z",
  skip: "M5 6v12l8-6zM15.500 6H18v12h-2.500z",
  pass: "M5 10.700h14v2.600H5z",
  refused: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zm0 2.400c1.500 0 2.900.500 4 1.300L6.700 16A6.600 6.600 0 0 1 12 5.400zm0 13.200c-1.500 0-2.900-.500-4-1.300L17.300 8A6.600 6.600 0 0 1 12 18.600z",
  unparsable: "M8.300 4 4 12l4.300 8h2.600L6.700 12l4.200-8zm7.400 0h-2.600l4.200 8-4.200 8h2.600L20 12z",
  failed: "M12 2.800 1.900 20.500h20.200zm-1.100 6.400h2.200v6h-2.200zm0 7.300h2.200v2.100h-2.200z",
  pending: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zm1.200 9.700-3.700 2.200-1.100-1.900 2.600-1.600V6.800h2.200z",
  answered: "M9.600 18.600 3.800 12.800l1.900-1.900 3.900 3.900 8.700-8.700 1.900 1.900z",
  flip: "M12 2.500 19.500 12 12 21.500 4.500 12z",
  wrong: "M5 6.500 6.500 5l5.500 5.500L17.500 5 19 6.500 13.500 12l5.500 5.500-1.500 1.500-5.500-5.500L6.500 19 5 17.500 10.500 12z",
  left: "M15.500 4.500 8 12l7.500 7.500 1.800-1.800L11.600 12l5.700-5.700z",
  right: "M8.500 4.500 16 12l-7.500 7.500-1.800-1.800 5.700-5.700-5.700-5.700z",
  sun: "M12 7.500a4.500 4.500 0 1 0 0 9 4.500 4.500 0 0 0 0-9zM11 1.500h2v3.500h-2zm0 17.500h2v3.500h-2zM1.500 11H5v2H1.500zM19 11h3.500v2H19zM4.200 5.600l1.400-1.400 2.500 2.500-1.400 1.400zm11.700 11.700 1.400-1.400 2.500 2.500-1.400 1.400zM4.200 18.400l2.500-2.500 1.400 1.400-2.500 2.500zM15.900 6.700l2.500-2.500 1.400 1.400-2.500 2.500z",
  moon: "M20.500 14.600A9 9 0 0 1 9.400 3.500a9 9 0 1 0 11.100 11.100z",
  auto: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zm0 2.200v13.600a6.800 6.800 0 0 1 0-13.600z",
  keys: "M3 6h18v12H3zm2 2v2h2V8zm4 0v2h2V8zm4 0v2h2V8zm4 0v2h2V8zM5 12v2h2v-2zm12 0v2h2v-2zm-8.500 0v2h7v-2z",
};

/** A drawing that says nothing to assistive technology. */
export const icon = (name) => draw("svg", { viewBox: "0 0 24 24", "aria-hidden": "true", class: `icon icon-${name}` }, draw("path", { d: SHAPES[name] ?? SHAPES.pass }));

/** Puts `children` in the place of what `node` held. */
export const fill = (node, ...children) => node.replaceChildren(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));

/** Says `text` to screen readers. */
export function say(text) {
  document.getElementById("say").textContent = text;
}
