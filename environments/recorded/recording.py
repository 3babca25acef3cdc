"""An environment that keeps what another one shows, so that any model can be shown the same later."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Sequence
from pathlib import Path

from environments.base import Action, Environment, FeedProblem, Outcome, PastStep, Stimulus
from environments.recorded.writing import FeedWriter

__all__ = ["Recording"]


class Recording:
    """Passes everything through to `inner`, and writes each stimulus into `folder` once, before it is handed on.

    A folder that holds a recording is added to; an item that is in it already, by its id, is not written again. `media` may name the video
    of a stimulus, which is copied then: for feeds of files that you may keep. Failures to write raise StorageFailed from `open` or
    `observe`, and the stimulus stays on: `observe` may be called again. `inner` is there for what is not part of the contract.
    """

    def __init__(self, inner: Environment, folder: Path, *, media: Callable[[Stimulus], Path | None] | None = None) -> None:
        self.inner = inner
        self._folder = Path(folder).expanduser()
        self._media = media
        self._writer: FeedWriter | None = None
        self._written: Stimulus | None = None

    @property
    def problems(self) -> Sequence[FeedProblem]:
        """See `environments.base.Environment`."""
        return self.inner.problems

    @property
    def fingerprint(self) -> str | None:
        """See `environments.base.Environment`."""
        return self.inner.fingerprint

    @property
    def total(self) -> int | None:
        """See `environments.base.Environment`."""
        return self.inner.total

    @property
    def reproducible(self) -> bool:
        """See `environments.base.Environment`."""
        return bool(getattr(self.inner, "reproducible", True))

    @property
    def same_pictures(self) -> bool:
        """See `environments.base.Environment`."""
        return bool(getattr(self.inner, "same_pictures", True))

    async def open(self, history: Sequence[PastStep] = (), gone: Collection[str] = ()) -> None:
        """See `environments.base.Environment`. Raises FeedError for a folder that holds something else, StorageFailed."""
        await self._stop_writing()
        scale = getattr(self.inner, "time_scale", None)
        known = float(scale) if isinstance(scale, int | float) and scale > 0 else None
        self._writer = await asyncio.to_thread(FeedWriter, self._folder, known)
        try:
            await self.inner.open(history, gone)
        except BaseException:
            await self._stop_writing()
            raise

    async def observe(self) -> Stimulus | None:
        """See `environments.base.Environment`. What it returns is on disk."""
        stimulus = await self.inner.observe()
        if stimulus is not None and stimulus is not self._written and self._writer is not None:
            await asyncio.to_thread(self._writer.write, stimulus, self._media)
            self._written = stimulus
        return stimulus

    async def act(self, action: Action) -> Outcome:
        """See `environments.base.Environment`."""
        return await self.inner.act(action)

    async def close(self) -> None:
        """See `environments.base.Environment`."""
        try:
            await self.inner.close()
        finally:
            await self._stop_writing()

    async def _stop_writing(self) -> None:
        writer, self._writer, self._written = self._writer, None, None
        if writer is not None:
            await asyncio.to_thread(writer.close)
