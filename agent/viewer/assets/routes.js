// Deep links: #/ (experiment), #/s/NAME/STEP, #/compare/A,B,…/CLIP.

const part = (text) => {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
};

/** What an address asks for: {page: "experiment"}, {page: "session", name, step}, {page: "compare", names, clip}. */
export function routeOf(hash) {
  const [, page, first = "", second = ""] = hash.replace(/^#/, "").split("/");
  if (page === "s" && first) return { page: "session", name: part(first), step: /^\d{1,9}$/.test(second) ? Number(second) : null };
  if (page === "compare" && first) return { page: "compare", names: [...new Set(first.split(",").filter(Boolean).map(part))], clip: second ? part(second) : null };
  return { page: "experiment" };
}

const safe = encodeURIComponent;
/** The address of a session, at a step where one is given. */
export const toSession = (name, step = null) => `#/s/${safe(name)}${step === null ? "" : `/${step}`}`;
/** The address of a comparison, at a clip where one is given. */
export const toCompare = (names, clip = null) => `#/compare/${names.map(safe).join(",")}${clip === null ? "" : `/${safe(clip)}`}`;
/** The address of the experiment. */
export const toExperiment = () => "#/";

let waiting = 0;
/** Writes where one is into the address, without a new entry in the history; rarely, for browsers limit it. */
export function note(hash) {
  clearTimeout(waiting);
  const before = location.hash; // who has gone elsewhere meanwhile is not called back
  waiting = setTimeout(() => {
    if (location.hash === before && hash !== before) history.replaceState(null, "", hash);
  }, 120);
}
/** Forgets what `note` has not written yet: the page was left. */
export const forget = () => clearTimeout(waiting);
