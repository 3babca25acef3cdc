"""A feed in a real browser, as an `environments.base.Environment`: what a site's page shows, looked at and acted on as a person does."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path

from environments.base import Action, ActionKind, Frame, Outcome, PastStep, Stimulus, StimulusText
from environments.browser.acting import Doing, Hands, Pace, stand_still
from environments.browser.backstage import Backstage
from environments.browser.page_keeper import ANSWER_S, PageKeeper
from environments.browser.perception import Camera
from environments.browser.screen_words import screen_words
from environments.browser.site import Site, SiteItem
from environments.clips import Problem
from environments.moments import moments
from personas.errors import EnvironmentFailed
from personas.one_line import one_line

__all__ = ["BrowserFeed"]

_SETTLE_S = 20.0  # for an item to be on the screen and its video to tell its length
_POLL_S = 0.03
_WALL_S = 0.5  # between two looks for a wall
_PASSED_OVER = 20  # items in a row that cannot be shown, before that is the feed's failure

_JITTER_S = 1.0
_FIRST_PAINT_S = 0.3  # sought before its first picture is on the screen, a video stays one picture behind in every tenth page
_TIDY_EVERY = 15  # stimuli


class BrowserFeed:
    """See the module. `site` is an adapter, or a backstage whose `begin` gives one.

    `pace` defaults to the site's own (`pace_s`, none for the local page) with up to a second of jitter.
    `videos` ends the feed after so many stimuli (None: when the site says so). `frames` pictures an item, at
    `environments.moments.moments(frames, first_moment)`. `time_scale` is how many
    seconds of clip go by in one of ours; only a page served here can be told. `profile` is a folder that keeps a login. `reproducible`
    says whether `open(history)` continues where the history ended; elsewhere a resumed session goes on with what the site shows then.
    `last_error` of a stimulus is the error of the action before. Live items, and items whose video does not load, are passed over
    and named in `problems`. A page or browser that crashes is opened anew, up to three times a stimulus (`reopened` counts them all).
    """

    def __init__(
        self,
        site: Site | None = None,
        *,
        backstage: Backstage | None = None,
        frames: int = 3,
        first_moment: bool = False,
        videos: int | None = None,
        headed: bool = False,
        profile: Path | None = None,
        pace: Pace | None = None,
        time_scale: float = 1.0,
        problems: Sequence[Problem] = (),
    ) -> None:
        assert (site is None) != (backstage is None), "either a site or a backstage"
        self._site, self._backstage = site, backstage
        self._moments, self._videos = moments(frames, first_moment), videos
        self._headed, self._profile = headed, profile
        self._pace = pace or _polite(site)
        self.time_scale = time_scale
        self._found_at_build = tuple(problems)
        self.same_pictures = False  # a screenshot is never promised to be the same bytes again
        self.reproducible = backstage is not None or (site is not None and site.resumable)
        self._keeper: PageKeeper | None = None
        self._open = False
        self._reset(())

    def _reset(self, history: Sequence[PastStep]) -> None:
        self._position = len(history)
        self._item: SiteItem | None = None
        self._stimulus: Stimulus | None = None
        self._filmed_s = 0.0
        self._stuck: Doing | None = None
        self._over = False
        self._last_error: str | None = None
        self._passed_over: dict[str, Problem] = {}

    @property
    def problems(self) -> tuple[Problem, ...]:
        """See `environments.base.Environment`."""
        behind = () if self._backstage is None else self._backstage.problems
        return (*self._found_at_build, *behind, *self._passed_over.values())

    @property
    def blocked(self) -> Counter[str]:
        """Requests to hosts that are not the site's, by host."""
        return self._keeper.blocked if self._keeper else Counter()

    @property
    def refused(self) -> Counter[str]:
        """What else the page tried and was refused, by name: see `GuardedPage`."""
        return self._keeper.refused if self._keeper else Counter()

    @property
    def reopened(self) -> int:
        """How many pages crashed and were replaced."""
        return self._keeper.reopened if self._keeper else 0

    @property
    def fingerprint(self) -> str | None:
        """A hash of what the local page shows; None for a live site, which is never the same twice."""
        return self._backstage.fingerprint if self._backstage else None

    @property
    def total(self) -> int | None:
        """How many stimuli the feed will show at most, None where only the site knows."""
        return self._backstage.total if self._backstage else self._videos

    async def open(self, history: Sequence[PastStep] = (), gone: Collection[str] = ()) -> None:
        """Starts the browser and goes to the feed: the local page where it was after `history`, without the items in `gone`.

        Raises EnvironmentFailed.
        """
        await self.close()
        self._reset(history)
        try:
            if self._backstage is not None:
                self._site = await self._backstage.begin(history, gone)
            self._hands = Hands(self._here, self._pace, self.time_scale)
            self._keeper = PageKeeper(self._here, headed=self._headed, profile=self._profile)
            await self._keeper.open()
            self._open = True
        except BaseException:
            await self.close()
            raise

    async def observe(self) -> Stimulus | None:
        """See `environments.base.Environment`. Raises EnvironmentFailed for a wall (login, consent), a feed that is stuck, a dead page."""
        self._require_open()
        if self._stimulus is None and not self._over:
            limit_reached = self._videos is not None and self._position >= self._videos
            self._stimulus = None if limit_reached else await self._kept.persistently(self._look)
            self._over = self._stimulus is None
            if self._over and not self._position and self.problems:
                raise EnvironmentFailed(f"none of the {len(self.problems)} clips could be shown; the first: {self.problems[0]}")
        return self._stimulus

    async def act(self, action: Action) -> Outcome:
        """See `environments.base.Environment`. What the page did not do as asked is in the outcome's `error`."""
        self._require_open()
        if self._stimulus is None or self._item is None:
            raise EnvironmentFailed("nothing is on screen; call observe() before act()")
        if not 0.0 <= action.watch_fraction <= 1.0:
            raise EnvironmentFailed(f"the watch fraction must be between 0 and 1, not {action.watch_fraction}")
        duration = self._stimulus.duration_s
        wanted = 0.0 if action.kind is ActionKind.PASS else action.watch_fraction * duration
        doing = Doing(self._item, action, self._position, wanted, dwelled_s=self._filmed_s)
        pages = self.reopened
        if self._backstage is not None:
            self._backstage.expect(action)
        await self._kept.persistently(lambda: self._carry_out(doing))
        outcome = self._outcome(doing, duration, one_page=pages == self.reopened)
        self._stuck = None if doing.advanced else doing
        self._last_error = outcome.error
        self._stimulus = self._item = None
        self._position += 1
        return outcome

    async def close(self) -> None:
        """Ends the page, and the browser when no other session uses it. Closing twice is fine."""
        self._open = False
        self._stimulus = self._item = None
        try:
            if self._keeper is not None:
                await self._keeper.close()
        finally:
            if self._backstage is not None:
                await self._backstage.end()

    @property
    def _here(self) -> Site:
        assert self._site is not None
        return self._site

    def _require_open(self) -> None:
        if not self._open:
            raise EnvironmentFailed("the feed is not open; call open() before observe()")

    @property
    def _kept(self) -> PageKeeper:
        assert self._keeper is not None
        return self._keeper

    async def _look(self) -> Stimulus | None:
        await self._check_wall()
        if self._stuck is not None:
            await self._kept.answered(self._hands.swipe(self._kept.page.page, self._stuck))
            if not self._stuck.advanced:
                await self._check_wall()
                raise EnvironmentFailed(f"the feed of {self._here.name} is stuck: it does not move on, whatever is tried")
            self._stuck = None
        for _ in range(_PASSED_OVER):
            item = await self._settled()
            if item is None:
                return None
            if not item.live and item.duration_s is not None:
                stimulus = await self._seen(item)
                await self._check_wall()  # one that came up over a complete item, also while its pictures were taken
                return stimulus
            await self._pass_over(item)
        raise EnvironmentFailed(f"{self._here.name} showed {_PASSED_OVER} items in a row that are live or do not load")

    async def _settled(self) -> SiteItem | None:
        """The item on the screen once it is complete, None at the end of the feed. Raises EnvironmentFailed for a wall, or for nothing."""
        page, deadline, due = self._kept.page.page, time.perf_counter() + _SETTLE_S, time.perf_counter() + _WALL_S
        while True:
            item = await self._kept.answered(self._here.current(page))
            if item is not None and (item.live or item.duration_s is not None):
                return item
            if item is None and await self._kept.answered(self._here.at_end(page)):
                return None
            now = time.perf_counter()
            if now > due:
                due = now + _WALL_S
                await self._check_wall()
            if now > deadline and item is not None:
                return item
            if now > deadline:
                raise EnvironmentFailed(f"the page of {self._here.name} shows no clip after {_SETTLE_S:.0f} s")
            await self._kept.page.sleep(_POLL_S)

    async def _check_wall(self) -> None:
        wall = await self._kept.answered(self._here.wall(self._kept.page.page))
        if wall is not None:
            raise EnvironmentFailed(wall.say)

    async def _pass_over(self, item: SiteItem) -> None:
        reason = "it is live" if item.live else "its video did not load"
        self._passed_over[item.id] = Problem(one_line(item.id), reason)
        doing = Doing(item, Action(ActionKind.PASS), self._position, 0.0)
        await self._kept.answered(self._hands.swipe(self._kept.page.page, doing))
        if not doing.advanced:
            await self._check_wall()
            raise EnvironmentFailed(f"the feed of {self._here.name} is stuck at {one_line(item.id)!r}, which cannot be shown: {reason}")

    async def _seen(self, item: SiteItem) -> Stimulus:
        assert item.duration_s is not None
        if self._kept.page.fresh:
            await self._kept.page.sleep(_FIRST_PAINT_S)
            self._kept.page.fresh = False
        page, begun = self._kept.page.page, time.perf_counter()
        camera = Camera(self._moments, self._here.can_seek)
        video = await self._kept.answered(self._here.video(page))
        frames = await self._kept.answered(camera.film(page, video, item.duration_s, item.box), ANSWER_S + item.duration_s)
        if not camera.seek:
            await self._kept.answered(stand_still(self._here, page))
        # The clip may have played a while before it was recognised.
        self._filmed_s = 0.0 if camera.seek else max((time.perf_counter() - begun) * self.time_scale, frames[-1].t)
        if self._position % _TIDY_EVERY == _TIDY_EVERY - 1:
            await self._kept.answered(self._kept.page.tidy())
        text = replace(item.text, screen=await self._kept.answered(screen_words(page)))
        self._item = item
        return self._as_stimulus(item, item.duration_s, frames, text)

    def _as_stimulus(self, item: SiteItem, duration_s: float, frames: tuple[Frame, ...], text: StimulusText) -> Stimulus:
        plain = Stimulus(item.id, self._position, frames, text, duration_s, self._here.name, item.ad, last_error=self._last_error)
        known = self._backstage.shown(item.id) if self._backstage is not None else None
        if known is None:
            return plain
        design, propensity = known
        return replace(
            plain,
            propensity=propensity,
            request_id=f"{self._here.name}-{self._position}",
            labels=design.labels,
            labels_source=design.labels_source,
            cluster=design.cluster,
            stratum=design.stratum,
            topic=design.topic,
        )

    async def _carry_out(self, doing: Doing) -> None:
        """Raises PageLost with what was done so far kept in `doing`; on the new page only the rest is done."""
        if self.reopened and not await self._is_back(doing):
            return
        patience = ANSWER_S + doing.wanted_s / self.time_scale + self._pace.between_swipes_s + self._pace.jitter_s
        await self._kept.answered(self._hands.carry_out(self._kept.page, doing), patience)

    async def _is_back(self, doing: Doing) -> bool:
        """Whether the item of `doing` is on the screen. If it is not, the feed has gone on without us."""
        item = await self._settled()
        if item is not None and item.id == doing.item.id:
            return True
        doing.advanced = True
        if not doing.liked and doing.dwelled_s < doing.wanted_s:
            doing.errors.append("the page crashed and came back with another item")
        return False

    def _outcome(self, doing: Doing, duration_s: float, *, one_page: bool) -> Outcome:
        """What the page itself recorded goes before what was seen from outside, unless it crashed and may have lost some.

        Watching on after the end of a clip, while it starts again, is no dwell on it: at most its duration counts.
        """
        dwell, liked = doing.dwelled_s, doing.liked
        recorded = self._backstage.recorded(doing.item.id) if self._backstage is not None else None
        if recorded is not None:
            dwell, liked = (recorded[0] if one_page else dwell), recorded[1]
        error = "; ".join(doing.errors) or None
        return Outcome(liked, doing.advanced, round(min(max(dwell, 0.0), duration_s), 3), error, doing.click)


def _polite(site: Site | None) -> Pace:
    """A site that asks for patience between swipes says so by `pace_s`."""
    asked = float(getattr(site, "pace_s", 0.0))
    return Pace(asked, _JITTER_S if asked else 0.0)
