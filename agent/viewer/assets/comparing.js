// Sessions side by side, worked out from their steps: what the server answers to api/compare, for an exported file, which has no server to ask.

const Z = 1.959963984540054;
const DEGREES = { skip: 0, watch: 1, like: 2 };
const sum = (figures) => figures.reduce((total, figure) => total + figure, 0);
const spread = (figures) => (figures.length ? Math.max(...figures) - Math.min(...figures) : 0);

/** Wilson's score interval at 95%. */
function wilson(successes, n) {
  const [share, square] = [successes / n, Z * Z];
  const middle = (share + square / (2 * n)) / (1 + square / n);
  const half = (Z * Math.sqrt((share * (1 - share)) / n + square / (4 * n * n))) / (1 + square / n);
  return { low: Math.max(0, middle - half), high: Math.min(1, middle + half) };
}

/** Cohen's kappa; null where chance alone would always agree. */
function kappa(pairs) {
  const n = pairs.length;
  const many = (side, kind) => pairs.filter((pair) => pair[side] === kind).length;
  const kinds = [...new Set(pairs.map(([one]) => one))];
  const expected = n ? sum(kinds.map((kind) => many(0, kind) * many(1, kind))) / (n * n) : 1;
  return expected >= 1 ? null : (pairs.filter(([one, two]) => one === two).length / n - expected) / (1 - expected);
}

/** Pearson's correlation; null for fewer than three pairs, or where one side is always the same. */
function correlation(pairs) {
  const [xs, ys] = [0, 1].map((side) => {
    const mean = sum(pairs.map((pair) => pair[side])) / pairs.length;
    return pairs.map((pair) => pair[side] - mean);
  });
  const norm = Math.sqrt(sum(xs.map((x) => x * x)) * sum(ys.map((y) => y * y)));
  return pairs.length < 3 || norm === 0 ? null : sum(xs.map((x, at) => x * ys[at])) / norm;
}

/** What was decided: the act, or on an item that has none (a deck's), the answer. */
function decided(step) {
  if (step.done === "pass" && step.state === "answered") return step.chosen ?? (step.rating === null ? null : `answer ${step.rating}`);
  return step.done ?? null;
}

/** The steps of a session by what was shown, and the how-many-th time it was. */
function decisionsOf(session) {
  const times = new Map();
  const found = new Map();
  for (const step of session.steps) {
    if (!step.id) continue;
    const time = times.get(step.id) ?? 0;
    times.set(step.id, time + 1);
    found.set(`${time} ${step.id}`, step);
  }
  return found;
}

function clipOf(key, held) {
  const shown = held.filter(([, steps]) => steps.has(key)).map(([name, steps]) => [name, steps.get(key)]);
  const first = shown[0][1];
  const answered = shown.map(([, step]) => step).filter((step) => step.state === "answered");
  const flip = new Set(answered.map(decided).filter((what) => what !== null)).size > 1;
  const apart = flip ? [1, spread(answered.map((step) => DEGREES[step.done]).filter(Number.isFinite)), spread(answered.map((step) => step.rating).filter(Number.isFinite))] : [0, 0, 0];
  const clip = { id: first.id, time: Number(key.slice(0, key.indexOf(" "))), caption: first.caption, labels: first.labels, frame: first.frames[Math.floor(first.frames.length / 2)]?.sha256 ?? null, flip };
  const kept = ({ state, done, asked, rating, chosen, reason, step, watch_fraction, error }) => ({ state, done, asked, rating, chosen, reason, step, watch_fraction, error });
  return { apart, clip: { ...clip, decisions: Object.fromEntries(shown.map(([name, step]) => [name, kept(step)])) } };
}

function agreementOf([a, one], [b, two]) {
  const both = [...one].filter(([key]) => two.has(key)).map(([key, step]) => [step, two.get(key)]);
  const answered = both.filter((pair) => pair.every((step) => step.state === "answered"));
  const pairs = answered.map((pair) => pair.map(decided)).filter((pair) => !pair.includes(null));
  const rated = answered.map((pair) => pair.map((step) => step.rating)).filter((pair) => pair.every(Number.isFinite));
  const [count, n] = [pairs.filter(([x, y]) => x === y).length, pairs.length];
  return { a, b, n, shown_to_both: both.length, same: n ? { count, share: count / n, ...wilson(count, n) } : null, interval: "Wilson, 95%", kappa: kappa(pairs), rating_r: correlation(rated), rated: rated.length };
}

/** What to call each session: persona, model and a deck's condition as far as they differ, else its name. */
function labelsOf(sessions) {
  const heads = sessions.map((session) => [session.persona?.name ?? "", session.model ?? ""]);
  const named = sessions.map(({ model, condition }) => (condition ? `${model ?? ""}, condition ${condition}` : ""));
  for (const labels of [heads.map((head) => head[0]), heads.map((head) => head[1]), heads.map((head) => head.join(" · ")), named]) {
    if (new Set(labels).size === labels.length && labels.every(Boolean)) return labels;
  }
  return sessions.map((session) => session.name);
}

/** `sessions` as api/session gives them; the answer as api/compare gives it. */
export function compared(sessions) {
  const held = sessions.map((session) => [session.name, decisionsOf(session)]);
  const labels = labelsOf(sessions);
  const keys = [...new Set(held.flatMap(([, steps]) => [...steps.keys()]))];
  const clips = keys.map((key) => clipOf(key, held)).sort((x, y) => y.apart[0] - x.apart[0] || y.apart[1] - x.apart[1] || y.apart[2] - x.apart[2]);
  return {
    sessions: sessions.map(({ name, kind }, at) => ({ name, label: labels[at], kind })),
    clips: clips.map(({ clip }) => clip),
    agreement: held.flatMap((one, at) => held.slice(at + 1).map((two) => agreementOf(one, two))),
  };
}
