// Talking to the server: questions that are asked again when the connection drops, and events that arrive exactly once, in order.

export const BASE = location.pathname.replace(/\/+$/, "");

/** The page cannot go on; `kind` is "gone" or "stopped". */
export class Halt extends Error {
  constructor(kind) {
    super(kind);
    this.kind = kind;
  }
}

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

let watcher = () => {};

/** `tell(true)` when the server cannot be reached, `tell(false)` when it can again. */
export function onConnection(tell) {
  watcher = tell;
}

async function insist(request) {
  for (let wait = 250; ; wait = Math.min(4000, wait * 2)) {
    let answer = null;
    try {
      answer = await request();
    } catch {
      watcher(true);
      await pause(wait);
      continue;
    }
    watcher(false);
    if (answer.ok) return answer.json();
    throw new Halt(answer.status === 404 ? "gone" : "stopped");
  }
}

export const get = (path) => insist(() => fetch(BASE + path, { cache: "no-store" }));

/** Events wait here until the server has them. A retried request is the same request: the server counts each number once. */
export class Outbox {
  constructor() {
    this.page = Array.from(crypto.getRandomValues(new Uint8Array(12)), (byte) => byte.toString(16).padStart(2, "0")).join("");
    this.number = 0;
    this.waiting = [];
    this.sending = null;
  }

  push(kind, at_ms, more = {}) {
    this.waiting.push({ page: this.page, number: this.number++, kind, at_ms, ...more });
    this.flush().catch(() => {}); // whoever waits for the answer learns of it
  }

  /** Resolves when all events so far have arrived. */
  flush() {
    this.sending ??= this.#send().finally(() => (this.sending = null));
    return this.sending;
  }

  async #send() {
    await null; // events of one moment travel together
    while (this.waiting.length) {
      const batch = this.waiting.slice(0, 100);
      const told = await insist(() => this.#post(batch));
      this.waiting.splice(0, batch.length);
      if (told.stale) location.reload(); // another tab has gone on: see where the feed is now
    }
  }

  /** The page may be closing: what is left goes out with it. Sent twice, it counts once. An answer that nobody reads would keep its connection. */
  rush() {
    if (!this.waiting.length) return;
    this.#post(this.waiting.slice(0, 200))
      .then((answer) => answer.arrayBuffer())
      .catch(() => {});
  }

  #post(events) {
    return fetch(BASE + "/events", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(events),
      keepalive: true,
    });
  }
}
