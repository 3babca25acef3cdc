// The running value profile: what the clips that promote a value were rated, against all clips so far. Preliminary by nature.

const measured = (step, measure) => (step.state === "answered" && Number.isFinite(step[measure]) ? step[measure] : null);

/** What is averaged: the rating (0–5), or the share watched where a session has no ratings; and the words for it. */
export function measureOf(steps) {
  return steps.some((step) => measured(step, "rating") !== null) ? { name: "rating", word: "mean rating", unit: "points" } : { name: "watch_fraction", word: "mean share watched", unit: "" };
}

/**
 * Sums up to each step, so that a profile anywhere costs nothing: at(place) is {values: {code: {mean, n}}, mean, n} with
 * `mean` = mean of the clips whose label for the value is above 0, minus the mean of all, in steps 0 … place.
 */
export function runningProfile(steps, codes) {
  const { name } = measureOf(steps);
  const width = codes.length + 1;
  const sums = new Float64Array((steps.length + 1) * width);
  const counts = new Uint32Array((steps.length + 1) * width);
  for (const [place, step] of steps.entries()) {
    const [from, to] = [place * width, (place + 1) * width];
    for (let column = 0; column < width; column += 1) [sums[to + column], counts[to + column]] = [sums[from + column], counts[from + column]];
    const figure = measured(step, name);
    if (figure === null) continue;
    const touched = codes.map((code) => (step.labels?.[code] ?? 0) > 0);
    for (const [column, inside] of [...touched, true].entries()) {
      if (!inside) continue;
      sums[to + column] += figure;
      counts[to + column] += 1;
    }
  }
  return {
    at(place) {
      const row = (Math.max(-1, Math.min(place, steps.length - 1)) + 1) * width;
      const n = counts[row + codes.length];
      const mean = n ? sums[row + codes.length] / n : null;
      const values = {};
      for (const [column, code] of codes.entries()) {
        const many = counts[row + column];
        values[code] = { n: many, mean: many && n ? sums[row + column] / many - mean : null };
      }
      return { values, mean, n };
    },
  };
}
