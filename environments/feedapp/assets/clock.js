// The page's clock: milliseconds of clip time. It goes on from what the server last heard, and runs `scale` times as fast as the wall.

export class Clock {
  constructor(startMs, scale) {
    this.scale = scale;
    this.startMs = startMs;
    this.origin = performance.now();
  }

  /** Clip time at an event's timeStamp, or now. */
  at(stamp = performance.now()) {
    return Math.max(0, Math.round((this.startMs + (stamp - this.origin) * this.scale) * 10) / 10);
  }
}

/** Measures how long the clip is on a visible page, as stretches of time that are reported when they close. */
export class Dwell {
  constructor(clock, report) {
    this.clock = clock;
    this.report = report;
    this.from = null;
    this.total = 0; // of the current clip, since this page was loaded
  }

  start() {
    this.total = 0;
    this.open();
  }

  open() {
    this.from ??= this.clock.at();
  }

  close(stamp) {
    if (this.from === null) return;
    this.tick(stamp);
    this.from = null;
  }

  /** Report what has run so far, so that a crash loses little, and go on without a gap. */
  tick(stamp) {
    if (this.from === null) return;
    const now = Math.max(this.from, this.clock.at(stamp));
    this.total += now - this.from;
    this.report(this.from, now);
    this.from = now;
  }
}
