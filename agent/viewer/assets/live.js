// Following what is still being written: asks every second for what is new, less often when nobody looks.

const EVERY = 1000;
const HIDDEN = 5000;

/** Calls `ask()` until it says that it is over (false) or `stop()` is called. An outage is waited out. */
export function follow(ask, every = EVERY) {
  let handle = 0;
  let stopped = false;
  const turn = async () => {
    const more = await ask().catch(() => true);
    if (!stopped && more) handle = setTimeout(turn, document.hidden ? HIDDEN : every);
  };
  handle = setTimeout(turn, every);
  return {
    stop() {
      stopped = true;
      clearTimeout(handle);
    },
  };
}

/** Puts the steps of `fresh` into `steps` by their number, in place. Returns whether anything changed. */
export function merge(steps, fresh) {
  let changed = false;
  for (const step of fresh) {
    const known = steps.findIndex((each) => each.step === step.step);
    if (known < 0) steps.push(step);
    else if (JSON.stringify(steps[known], (name, value) => (name === "searched" ? undefined : value)) === JSON.stringify(step)) continue;
    else steps[known] = step;
    changed = true;
  }
  if (changed) steps.sort((a, b) => a.step - b.step);
  return changed;
}

/** From which step on to ask: the first that is unfinished, else the one after the last. */
export const since = (steps) => steps.find((step) => step.state === "pending" || step.done === null || step.done === undefined)?.step ?? (steps.at(-1)?.step ?? -1) + 1;
