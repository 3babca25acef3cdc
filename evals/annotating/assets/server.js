// Talking to the server: asked again while the connection is down; an answer counts when the server says that it is on the disk.

const BASE = location.pathname.replace(/\/+$/, "");

/** The server answers, and it is no. `status` is that of HTTP. */
export class Refused extends Error {
  constructor(status) {
    super(`status ${status}`);
    this.status = status;
  }
}

let watcher = () => {};

/** `tell(words)` while the server cannot be reached or cannot store, `tell("")` when it can again. */
export function onTrouble(tell) {
  watcher = tell;
}

const LOST = "The connection is lost. Trying again … Nothing is stored meanwhile; keep this page open.";
const FULL = "Your answer could not be stored. Please tell whoever gave you the link. Trying again …";
const NOT_STORED = 507;

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

async function insist(request) {
  for (let wait = 250; ; wait = Math.min(4000, wait * 2)) {
    let answer = null;
    let held = null;
    try {
      answer = await request();
      if (answer.ok) held = await answer.json();
    } catch {
      watcher(LOST);
      await pause(wait);
      continue;
    }
    if (answer.status === NOT_STORED) {
      watcher(FULL);
      await pause(wait);
      continue;
    }
    watcher("");
    if (!answer.ok) throw new Refused(answer.status);
    return held;
  }
}

export const get = (path) => insist(() => fetch(BASE + path, { cache: "no-store" }));

export const post = (path, data) =>
  insist(() => fetch(BASE + path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(data) }));

/** Where a card's picture is. */
export const picture = (key, number) => `${BASE}/picture/${key}/${number}`;
