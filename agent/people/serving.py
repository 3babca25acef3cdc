"""All raters of a study at once: one server, one task a person, until everybody is done or the command is stopped."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack

from agent.people.links import LinkBook
from agent.people.rater import Rater, RaterResult, Study
from agent.trace.events import ActionEvent, Event
from agent.trace.progress import Progress
from agent.trace.recorder import Observer
from environments.feedapp.app import create_app
from environments.feedapp.serve import serve
from environments.feeds import check_playable, load_feed
from personas.errors import UserError

__all__ = ["serve_raters"]

Tell = Callable[[str], None]
Invite = Callable[[str, str], None]


async def serve_raters(
    study: Study, names: Sequence[str], *, port: int | None = None, invite: Invite, tell: Tell, stop: asyncio.Event | None = None
) -> list[RaterResult]:
    """Serve the page to `names` on 127.0.0.1 until all are done, or until `stop` is set: then every session can be taken up again.

    `port` None: the one that the raters' links name already, else a free one. `invite(name, link)` is called for each rater once the
    page is served, `tell` with a line after each clip. Raises UserError for what the user can fix, StorageFailed, EnvironmentFailed.
    """
    book = LinkBook(study.runs)
    loaded = await asyncio.to_thread(load_feed, study.feed)
    check_playable(study.feed, loaded)
    for problem in loaded.problems:
        tell(f"not shown: {problem}")
    raters = {rater.folder.path.name: rater for rater in (Rater(study, name, loaded) for name in names)}
    remembered = next((port for port in map(book.port, raters) if port), 0)
    app = create_app({book.token(session): rater.feed for session, rater in raters.items()})
    async with AsyncExitStack() as stack:
        try:
            address = await stack.enter_async_context(serve(app, remembered if port is None else port))
        except UserError as error:
            if port is not None or not remembered:
                raise
            raise UserError(
                f"port {remembered}, which the raters' links name, cannot be used; end what uses it (this study may be served already), "
                "or give another --port, which changes the links"
            ) from error
        book.keep(list(raters), int(address.rpartition(":")[2]))
        for session, rater in raters.items():
            invite(rater.name, f"{address}/v/{book.token(session)}")
        return await _run(list(raters.values()), tell, stop or asyncio.Event())


async def _run(raters: Sequence[Rater], tell: Tell, stop: asyncio.Event) -> list[RaterResult]:
    """Every rater's session to its end, or all of them cut short by `stop` or by the first error."""
    tasks = [asyncio.create_task(rater.run(_observer(rater, tell))) for rater in raters]
    stopping = asyncio.create_task(stop.wait())
    waiting = set(tasks)
    try:
        while waiting and not stop.is_set():
            done, _ = await asyncio.wait({stopping, *waiting}, return_when=asyncio.FIRST_COMPLETED)
            waiting -= done
            for task in done - {stopping}:
                task.result()
    finally:
        stopping.cancel()
        for task in tasks:
            task.cancel()
        ended = await asyncio.gather(*tasks, return_exceptions=True)
    broken = next((each for each in ended if isinstance(each, BaseException) and not isinstance(each, asyncio.CancelledError)), None)
    if broken is not None:
        raise broken
    return [rater.result(None) if isinstance(each, BaseException) else each for rater, each in zip(raters, ended, strict=True)]


def _observer(rater: Rater, tell: Tell) -> Observer:
    def see(event: Event, progress: Progress) -> None:
        if isinstance(event, ActionEvent):
            tell(f"{rater.name}: {progress.steps} of {rater.feed.total}")

    return see
