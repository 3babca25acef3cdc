// Schwartz's ten values: names, higher-order groups, and where they stand on the circle.

const NAMES = {
  SD: "Self-direction", ST: "Stimulation", HE: "Hedonism", AC: "Achievement", PO: "Power",
  SE: "Security", CO: "Conformity", TR: "Tradition", BE: "Benevolence", UN: "Universalism",
};
const GROUPS = { openness: ["SD", "ST", "HE"], enhancement: ["AC", "PO"], conservation: ["SE", "CO", "TR"], transcendence: ["BE", "UN"] };

/** The ten codes in circular order. */
export const CIRCLE = Object.keys(NAMES);

/** The groups' names, by the class that colours them. */
export const GROUP_NAMES = { openness: "Openness to change", enhancement: "Self-enhancement", conservation: "Conservation", transcendence: "Self-transcendence" };

/** A value's name; codes of other theories stand for themselves. */
export const nameOf = (code) => NAMES[code] ?? code;

/** The class of a value's group, "other" for codes of other theories. */
export const groupOf = (code) => Object.keys(GROUPS).find((group) => GROUPS[group].includes(code)) ?? "other";
