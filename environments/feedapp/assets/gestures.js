// Ways to go on and to act, each told once: keys, wheel, swipe. What may be done at the moment is the feed's business.

const WHEEL_ENOUGH = 40; // pixels: a notch of a wheel, the beginning of a flick on a trackpad
const WHEEL_QUIET_MS = 160; // the tail of a flick is not another one

const KEYS = {
  ArrowDown: "next", PageDown: "next", j: "next", ArrowUp: "back", PageUp: "back",
  " ": "pause", k: "pause", l: "like", m: "sound",
};

/** `act(what, stamp)` for next, back, pause, like, sound; `busy()` is true while a card has the screen. */
export function listen(scroller, act, busy) {
  document.addEventListener("keydown", (event) => {
    const what = KEYS[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (!what || busy() || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === " " && event.target.closest?.("button")) return; // the button's own press
    event.preventDefault();
    if (!event.repeat) act(what, event.timeStamp);
  });
  listenToWheel(scroller, act, busy);
  listenToSwipes(scroller, act, busy);
}

function listenToWheel(scroller, act, busy) {
  let sum = 0, last = -Infinity, spent = false;
  scroller.addEventListener("wheel", (event) => {
    if (busy() || event.ctrlKey || event.target.closest?.(".caption.open")) return;
    event.preventDefault();
    if (event.timeStamp - last > WHEEL_QUIET_MS) [sum, spent] = [0, false];
    last = event.timeStamp;
    sum += event.deltaY * (event.deltaMode === 1 ? 16 : event.deltaMode === 2 ? innerHeight : 1);
    if (spent || Math.abs(sum) < WHEEL_ENOUGH) return;
    spent = true;
    act(sum > 0 ? "next" : "back", event.timeStamp);
  }, { passive: false });
}

/** A finger moves the page itself; what counts is on which clip it comes to rest. */
function listenToSwipes(scroller, act, busy) {
  let fingers = 0;
  const look = (event) => {
    if (!fingers && !busy() && scroller.scrollTop > scroller.clientHeight / 2) act("swiped", event.timeStamp);
  };
  const count = (event) => {
    fingers = event.touches.length;
    look(event);
  };
  for (const kind of ["touchstart", "touchend", "touchcancel"]) scroller.addEventListener(kind, count, { passive: true });
  scroller.addEventListener("scroll", look, { passive: true });
}
