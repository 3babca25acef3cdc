// The clock of the replay: how long each step stays, at which speed.

/** The speeds, as multiples of real time. */
export const SPEEDS = [0.5, 1, 2, 4];
const LEAST = 0.6;
const MOST = 20;
const STILL = 3;

/** Seconds for which a step is shown at 1×: as long as it was looked at, within reason; 3 where no time passed. */
export function stay(step) {
  const looked = Number.isFinite(step.dwell_s) ? step.dwell_s : 0;
  return looked > 0 ? Math.min(MOST, Math.max(LEAST, looked)) : STILL;
}

/** A clock. `tick(seconds)` is called with the time within the step, `over()` at its end; `over` says whether it goes on. */
export function makeClock({ length, tick, over, changed }) {
  let playing = false;
  let speed = 1;
  let at = 0;
  let last = 0;
  let handle = 0;
  const run = (now) => {
    handle = requestAnimationFrame(run);
    at += (Math.min(250, now - last) / 1000) * speed;
    last = now;
    if (at < length()) return tick(at);
    at = 0;
    if (!over()) clock.pause();
  };
  const clock = {
    get playing() { return playing; },
    get speed() { return speed; },
    play() {
      if (playing) return;
      playing = true;
      last = performance.now();
      handle = requestAnimationFrame(run);
      changed();
    },
    pause() {
      if (!playing) return;
      playing = false;
      cancelAnimationFrame(handle);
      changed();
    },
    toggle: () => (playing ? clock.pause() : clock.play()),
    rewind() { at = 0; },
    seek(seconds) { at = seconds; },
    setSpeed(value) {
      speed = SPEEDS.includes(value) ? value : 1;
      changed();
    },
    faster: (by) => clock.setSpeed(SPEEDS[Math.min(SPEEDS.length - 1, Math.max(0, SPEEDS.indexOf(speed) + by))]),
  };
  return clock;
}
