"""What a session sees of an item: pictures of the screen at chosen moments of the clip. All of it comes from a page and is data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypedDict

from environments.base import Frame

if TYPE_CHECKING:
    from playwright.async_api import Page

__all__ = ["Camera", "hold", "play"]

_SEEK_S = 5.0
_PAINT_S = 1.0

# The picture of a moment is on the screen when the browser has presented a frame nearer to it than to where the clip stood, and has painted
# once more: also after the seek is done, the first frame to be presented may be one from before.
_SEEK = """async ([selector, time, patience, paint]) => {
  const video = document.querySelector(selector);
  if (!video) return null;
  const within = (ms, start) => new Promise(done => {   // a timer that is left running would keep the clip in memory
    const late = setTimeout(() => done(false), ms);
    start(() => { clearTimeout(late); done(true); });
  });
  video.pause();
  const distance = Math.abs(video.currentTime - time);
  if (distance > 0.001 || video.readyState < 2) {
    const presented = done => video.requestVideoFrameCallback((_, frame) => {
      if (Math.abs(frame.mediaTime - time) < distance / 2) done(); else presented(done);
    });
    const shown = new Promise(done => video.requestVideoFrameCallback ? presented(done) : done());
    const seek = within(patience, done => video.addEventListener('seeked', done, {once: true}));
    video.currentTime = time;
    if (!await seek) return null;
    await within(paint, done => shown.then(done));
  }
  await within(paint, done => requestAnimationFrame(done));
  return video.currentTime;
}"""

_REWIND = """selector => { const video = document.querySelector(selector); if (video) video.currentTime = 0; }"""

_REACH = """async ([selector, time, patience]) => {
  const video = document.querySelector(selector);
  const until = performance.now() + patience;
  while (video && video.isConnected && !video.ended && video.currentTime < time && performance.now() < until) {
    await new Promise(done => setTimeout(done, 15));
  }
  return video && video.isConnected ? video.currentTime : null;
}"""

_PAUSE = """selector => { const video = document.querySelector(selector); if (video) video.pause(); }"""

_PLAY = """async selector => {
  const video = document.querySelector(selector);
  if (!video) return;
  let late;
  await Promise.race([video.play().catch(() => null), new Promise(done => { late = setTimeout(done, 1000); })]);
  clearTimeout(late);
}"""


class _Clip(TypedDict):
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class Camera:
    """Takes JPEG screenshots of `quality` (1 to 100) at `moments`, fractions of a clip in [0, 1) in order.

    With `seek` the clip is taken to each moment, and stands at its beginning afterwards. Without, the pictures are taken while it plays,
    within its first `glance_s` seconds: looking must leave room to skip.
    """

    moments: Sequence[float]
    seek: bool
    quality: int = 80
    glance_s: float = 3.0

    async def film(
        self, page: Page, video: str | None, duration_s: float, box: tuple[float, float, float, float] | None
    ) -> tuple[Frame, ...]:
        """At most one picture a moment in order of time, at least one. `video` is a CSS selector; None: one picture of what is there.

        `box` is what to photograph (x, y, width, height in CSS pixels), None the whole viewport. Raises Playwright's errors.
        """
        pictures: dict[float, Frame] = {}
        if not self.seek:
            await play(page, video)
        span = duration_s if self.seek else min(duration_s, self.glance_s)
        for moment in [share * span for share in self.moments] if video else ():
            assert video is not None
            time = await (self._seek(page, video, moment) if self.seek else self._reach(page, video, moment))
            if time is None:
                break  # the video went away or does not answer: what was seen so far is what there is
            shown = round(min(max(time, 0.0), duration_s), 3)
            if shown not in pictures:
                pictures[shown] = await self._picture(page, shown, box)
        if video and self.seek:
            await page.evaluate(_REWIND, video)
        return tuple(pictures[time] for time in sorted(pictures)) or (await self._picture(page, 0.0, box),)

    async def _seek(self, page: Page, video: str, time: float) -> float | None:
        found: float | None = await page.evaluate(_SEEK, [video, time, _SEEK_S * 1000, _PAINT_S * 1000])
        return found

    async def _reach(self, page: Page, video: str, time: float) -> float | None:
        found: float | None = await page.evaluate(_REACH, [video, time, (time + _SEEK_S) * 1000])
        return found

    async def _picture(self, page: Page, time: float, box: tuple[float, float, float, float] | None) -> Frame:
        clip = None if box is None else _Clip(x=box[0], y=box[1], width=box[2], height=box[3])
        jpeg = await page.screenshot(type="jpeg", quality=self.quality, clip=clip, scale="css")
        return Frame.of(jpeg, time)


async def hold(page: Page, video: str | None) -> None:
    """Let the clip stand still."""
    if video:
        await page.evaluate(_PAUSE, video)


async def play(page: Page, video: str | None) -> None:
    """Let the clip run from where it stands; returns once it does."""
    if video:
        await page.evaluate(_PLAY, video)
