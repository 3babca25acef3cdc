"""Which sessions of a batch cannot be carried on with, since the corpus has changed what they show."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from agent.trace.reader import SessionFolder
from environments.clips import feed_fingerprint
from environments.corpus.pool_feed import load
from personas.errors import CorpusError, FeedError, UserError

if TYPE_CHECKING:
    from agent.experiments.matrix import Planned
    from agent.experiments.plan import Plan
    from agent.experiments.running import Result

__all__ = ["changed_sessions"]


def changed_sessions(plan: Plan, result: Result) -> list[str]:
    """The names of those that failed and whose pool is not what it was when they began, or cannot be shown any more.

    None where the corpus cannot be read at all: it may be there again when the same command runs again.
    """
    now: dict[tuple[str, int], str | None] = {}
    found = []
    for planned in plan.sessions:
        if planned.name not in result.failures or result.standings[planned.name].complete:
            continue
        feed = (str(planned.spec.feed), planned.spec.frames)
        if feed not in now:
            try:
                now[feed] = _fingerprint(*feed)
            except CorpusError:
                return []
        if now[feed] is None or _before(planned, result.folder) not in {None, now[feed]}:
            found.append(planned.name)
    return found


def _fingerprint(feed: str, frames: int) -> str | None:
    """Of the pool as it is now; None where videos of it, or as many pictures, are not in the corpus any more. Raises CorpusError."""
    try:
        loaded = load(feed, Path())
        if loaded.pictures is not None:
            loaded.pictures(frames, False)
    except CorpusError:
        raise
    except FeedError:
        return None
    return feed_fingerprint(loaded.items)


def _before(planned: Planned, folder: Path) -> str | None:
    """When the session began; None where it has not."""
    session = SessionFolder(folder / planned.name)
    try:
        found = session.record().get("feed_fingerprint")
    except UserError:
        return None
    return found if isinstance(found, str) else None
