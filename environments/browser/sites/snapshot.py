"""One look at a page: a script that reads the item on the screen, or what stands before it, all at one moment.

Feeds recycle their elements, so the pieces of an item must be read together; and they fill them bit by bit, so the script reads until two
readings agree. It changes nothing on the page and leaves nothing behind.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, ValidationError

from environments.browser.sites.layout import Layout
from personas.errors import EnvironmentFailed

if TYPE_CHECKING:
    from playwright.async_api import Page

__all__ = ["Point", "Reading", "find_button", "read_item", "read_sign"]

_LONGEST_TEXT = 4000

_TOOLS = """
const list = (root, css) => { try { return [...root.querySelectorAll(css)] } catch { return [] } };
const boxed = (e) => { const r = e.getBoundingClientRect(); return r.width > 0 && r.height > 0 };
const seen = (e) => boxed(e) && e.checkVisibility({ opacityProperty: true, visibilityProperty: true });
const inView = (e) => { const r = e.getBoundingClientRect();
  return seen(e) && r.bottom > 1 && r.right > 1 && r.top < innerHeight - 1 && r.left < innerWidth - 1 };
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
const words = (e) => ((e.innerText ?? e.textContent) || "").trim().slice(0, LONGEST);
const match = (text, pattern) => (text && text.match(new RegExp(pattern, "i")) || [])[1] || "";

function items() {
  for (const css of layout.containers) {
    const found = list(document, css).filter((e) => {   // spacers have neither a video nor an id, a wrapper has several videos
      const videos = list(e, "video").filter(boxed).length;
      return boxed(e) && (videos === 1 || (!videos && values(e, layout.ids).length));
    });
    if (found.length) return found;
  }
  return list(document, "video").filter(boxed).map((video) => {
    let around = video;
    while (around.parentElement && around.parentElement !== document.body && list(around.parentElement, "video").length === 1)
      around = around.parentElement;
    return around;
  });
}
function onScreen() {
  const middle = innerHeight / 2;
  const fits = items().filter((e) => {
    const r = e.getBoundingClientRect();
    const shown = Math.min(r.bottom, innerHeight) - Math.max(r.top, 0);
    return r.top <= middle && r.bottom >= middle && r.right > 0 && r.left < innerWidth && shown / Math.min(r.height, innerHeight) >= 0.7;
  });
  const marked = layout.active ? fits.filter((e) => e.matches(layout.active)) : [];
  const chosen = marked.length ? marked : fits;
  return chosen.length ? chosen.reduce((a, b) => (a.contains(b) ? b : a)) : null;
}
function values(item, finds) {
  return finds.flatMap((find) => (find.css ? list(item, find.css) : [item]).map((e) => [find, e]))
    .filter(([find, e]) => find.attribute !== "text" || seen(e))
    .map(([find, e]) => match(find.attribute === "text" ? words(e) : e.getAttribute(find.attribute), find.pattern).slice(0, LONGEST))
    .filter(Boolean);
}
function button(item, selectors) {
  for (const css of selectors) {
    for (const e of list(item, css).filter(inView)) {
      const press = e.closest("button, [role=button], a") ?? e;
      return item.contains(press) ? press : e;
    }
  }
  return null;
}
function point(press) {
  const r = press.getBoundingClientRect();
  const x = r.x + r.width / 2, y = r.y + r.height / 2;
  const hit = document.elementFromPoint(x, y);
  return { x, y, free: !!hit && (press.contains(hit) || hit.contains(press) && hit.textContent === press.textContent) };
}
function liked(item, press) {
  const states = press ? [press.closest("[aria-pressed]"), ...list(press, "[aria-pressed]")].filter((e) => e && item.contains(e)) : [];
  if (states.length) return states[0].getAttribute("aria-pressed") === "true";
  if (layout.pressed.some((css) => list(item, css).some(seen))) return true;
  if (!press || !layout.pressed_colour.length) return false;
  const wanted = `rgb(${layout.pressed_colour.join(", ")})`;
  return list(press, "svg, svg *").map((e) => getComputedStyle(e)).some((style) => style.fill === wanted || style.color === wanted);
}
"""

_READ_ITEM = """async ({ layout, quiet, limit, LONGEST }) => {
TOOLS
function badge(item, vocabulary, selectors) {
  if (selectors.some((css) => list(item, css).some(seen))) return true;
  const strangers = layout.own_words.flatMap((css) => list(item, css));
  return list(item, "*").some((e) => !e.childElementCount && e.textContent.length < 30
    && vocabulary.includes(e.textContent.trim().toLowerCase()) && seen(e) && !strangers.some((s) => s.contains(e)));
}
function pathTo(e) {
  const steps = [];
  for (let at = e; at && at !== document.documentElement; at = at.parentElement) {
    const css = at.id ? "#" + CSS.escape(at.id) : "";
    if (css && list(document, css).length === 1) { steps.unshift(css); return steps.join(" > ") }
    steps.unshift(`:nth-child(${[...at.parentElement.children].indexOf(at) + 1})`);
  }
  return ["html", ...steps].join(" > ");
}
function read() {
  const item = onScreen();
  if (!item) return null;
  const inAddress = layout.address_id ? match(location.href, layout.address_id) : "";
  const ids = values(item, layout.ids);
  const id = ids.length && !ids.includes(inAddress) ? ids[0] : inAddress;
  if (!id) return null;
  const r = item.getBoundingClientRect(), left = Math.max(r.left, 0), top = Math.max(r.top, 0);
  const videos = list(item, "video").filter(boxed), video = videos[0] ?? null, press = button(item, layout.like);
  const length = video ? video.duration : NaN;
  const caption = values(item, layout.caption)[0] ?? "";
  return {
    id, caption, top: r.top, guessed: !ids.length, author: values(item, layout.author)[0] ?? "", sound: values(item, layout.sound)[0] ?? "",
    tags: layout.tags ? list(item, layout.tags).filter(seen).map(words).slice(0, 50) : [],
    counts: Object.fromEntries(Object.entries(layout.counts).map(([name, finds]) => [name, values(item, finds).slice(0, 3)])),
    duration: Number.isFinite(length) && length > 0 ? length : null,
    live: length === Infinity || badge(item, layout.live_words, layout.live),
    ad: badge(item, layout.ad_words, layout.ad), liked: liked(item, press), like: press ? point(press) : null,
    box: [left, top, Math.min(r.right, innerWidth) - left, Math.min(r.bottom, innerHeight) - top],
    video: video ? pathTo(video) : null,
  };
}
const same = (a, b) => a && b && a.id === b.id && a.caption === b.caption && a.author === b.author && Math.abs(a.top - b.top) < 2;
const until = performance.now() + limit;
for (let before = read(); ; ) {
  await sleep(before && before.guessed ? quiet * 6 : quiet);
  const now = read();
  if (same(before, now)) return now;
  if ((!before && !now) || performance.now() > until) return null;
  before = now;
}
}"""

_READ_SIGN = """({ layout, kinds, LONGEST }) => {
TOOLS
const shows = (e) => inView(e) || (e.shadowRoot && list(e.shadowRoot, "*").some(inView));
const strangers = items();
for (const sign of kinds.flatMap((kind) => layout.signs.filter((each) => each.kind === kind))) {
  if (sign.address && new RegExp(sign.address, "i").test(location.href)) return sign.kind;
  for (const css of sign.css)
    for (const e of list(document, css))
      if (shows(e) && (sign.inside || !strangers.some((item) => item.contains(e)))
          && (!sign.words || new RegExp(sign.words, "i").test(words(e)))) return sign.kind;
}
return null;
}"""

_FIND_BUTTON = """({ layout, selectors, LONGEST }) => {
TOOLS
const found = button(document.documentElement, selectors);
return found && !found.disabled ? point(found) : null;
}"""


class Point(BaseModel):
    """Where to press, in CSS pixels of the viewport. `free` is false when something lies over it."""

    x: float
    y: float
    free: bool


class Reading(BaseModel):
    """What the script read of the item on the screen; `counts` holds the texts found for each count, `top` its upper edge in pixels."""

    model_config = ConfigDict(frozen=True)

    id: str
    caption: str
    author: str
    sound: str
    tags: list[str]
    counts: dict[str, list[str]]
    duration: float | None
    live: bool
    ad: bool
    liked: bool
    like: Point | None
    box: tuple[float, float, float, float]
    video: str | None


async def read_item(page: Page, layout: Layout, *, quiet_ms: int = 50, limit_ms: int = 1500) -> Reading | None:
    """The item on the screen, when two readings `quiet_ms` apart agree within `limit_ms`; None when there is none or it still moves."""
    given = {"layout": layout.as_data(), "quiet": quiet_ms, "limit": limit_ms}
    try:
        answer = await _ask(page, _READ_ITEM, given)
        return None if answer is None else Reading.model_validate(answer)
    except ValidationError as error:
        raise EnvironmentFailed("the page answers with something that is not an item; reload it, or report the site as changed") from error


async def read_sign(page: Page, layout: Layout, *kinds: str) -> str | None:
    """The first of these kinds of which a sign shows, None when none does."""
    answer = await _ask(page, _READ_SIGN, {"layout": layout.as_data(), "kinds": kinds})
    return answer if isinstance(answer, str) and answer in kinds else None


async def find_button(page: Page, layout: Layout, selectors: object) -> Point | None:
    """Where the first visible button that matches one of the selectors is, anywhere on the page; None when there is none."""
    answer = await _ask(page, _FIND_BUTTON, {"layout": layout.as_data(), "selectors": selectors})
    return None if answer is None else Point.model_validate(answer)


async def _ask(page: Page, script: str, given: dict[str, object]) -> object:
    """Runs a script in the page. A page that goes elsewhere meanwhile is asked once more when it is there."""
    from playwright.async_api import Error  # noqa: PLC0415 - a browser is only loaded when it is used

    script, given = script.replace("TOOLS", _TOOLS), given | {"LONGEST": _LONGEST_TEXT}
    try:
        return await page.evaluate(script, given)
    except Error:
        if page.is_closed():
            raise
        await page.wait_for_load_state("domcontentloaded", timeout=10_000)
        return await page.evaluate(script, given)
