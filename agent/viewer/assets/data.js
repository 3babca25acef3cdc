// Where data come from: the server, or the blocks of an exported file. The same paths in both.

const BLOCKS = 'script[type="application/json"][id^="data-"]';
const exported = document.querySelector(BLOCKS) !== null;
const block = (path) => document.getElementById(`data-${path}`);

/** Something that is not there: `message` is fit to be shown. */
export class Missing extends Error {}

/** Whether this is an exported file, which asks nobody for anything. */
export const isExported = () => exported;

/** The JSON of a path. Throws Missing. */
export async function data(path, signal) {
  if (exported) {
    const held = block(path);
    if (held === null) throw new Missing("This is not part of the exported file.");
    return JSON.parse(held.textContent);
  }
  let response;
  try {
    response = await fetch(path, { signal, headers: { accept: "application/json" } });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Missing("The replay server does not answer. Start it again with: python -m agent.replay RUNS");
  }
  const answer = await response.json().catch(() => null);
  if (!response.ok || answer === null) throw new Missing(typeof answer?.error === "string" ? answer.error : `The server answered ${response.status}.`);
  return answer;
}

const part = encodeURIComponent;
/** Paths of what the page asks for. */
export const paths = {
  experiment: () => "api/experiment",
  session: (name) => `api/session/${part(name)}`,
  since: (name, step) => `api/session/${part(name)}/steps?from=${step}`,
  step: (name, step) => `api/session/${part(name)}/step/${step}`,
  compare: (names) => `api/compare?sessions=${names.map(part).join(",")}`,
};

/** The address of a frame; null for what is no hash. */
export function frameUrl(sha256) {
  if (!/^[0-9a-f]{64}$/.test(sha256 ?? "")) return null;
  const held = exported ? block(`frames/${sha256}`) : null;
  if (held === null) return `frames/${sha256}.jpg`;
  const url = JSON.parse(held.textContent);
  return url.startsWith("data:image/") ? url : null;
}

/** The last `most` answers of `load(key)`, so that going back costs nothing. A failure is not kept. */
export function remembering(load, most = 64) {
  const kept = new Map();
  return (key) => {
    const known = kept.get(key);
    const answer = known ?? load(key);
    kept.delete(key);
    kept.set(key, answer);
    if (known === undefined) answer.catch(() => kept.delete(key));
    if (kept.size > most) kept.delete(kept.keys().next().value);
    return answer;
  };
}
