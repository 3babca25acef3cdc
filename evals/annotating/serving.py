"""All raters at once: one server on this machine, until it is stopped. What was answered is on disk by then."""

from __future__ import annotations

import asyncio
import signal
import sys
import webbrowser
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

from starlette.types import ASGIApp

from agent.people.links import LinkBook
from environments.feedapp.serve import serve
from evals.annotating.answers import AnswerBook, check_raters
from evals.annotating.app import create_app
from evals.annotating.desk import Cards, CardSource, Desk
from evals.annotating.form import Form
from personas.errors import UserError
from personas.one_line import one_line

__all__ = ["RaterStanding", "annotate", "serve_annotation"]

Tell = Callable[[str], None]
Invite = Callable[[str, str], None]


@dataclass(frozen=True)
class RaterStanding:
    """How far a rater is: `done` of `total` items are answered."""

    rater: str
    done: int
    total: int


def serve_annotation(
    cards: CardSource,
    ids: Sequence[str],
    form: Form,
    folder: Path,
    raters: Sequence[str],
    *,
    seed: int = 0,
    port: int | None = None,
    open_browser: bool = True,
    quiet: bool = False,
) -> list[RaterStanding]:
    """Serve the page to `raters` until Ctrl-C or SIGTERM, and return how far everybody is.

    `cards` loads a card by its id when it is shown; answers are in `folder/RATER.jsonl`, links in `folder/.raters.json`, so that the same
    command goes on with the same links. `port` None: the one that the links name already, else a free one. Prints a line "RATER  LINK"
    each on stdout, progress on stderr (not with `quiet`); a browser is opened for a rater who is alone, since one link is for one person.
    Raises UserError for what the user can fix, StorageFailed.
    """

    def invite(rater: str, link: str) -> None:
        sys.stdout.write(f"{rater}  {link}\n")
        sys.stdout.flush()

    async def run() -> list[RaterStanding]:
        stop = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            with suppress(NotImplementedError):  # Windows: Ctrl-C raises KeyboardInterrupt there
                asyncio.get_running_loop().add_signal_handler(number, stop.set)
        opened: set[asyncio.Task[bool]] = set()

        def welcome(rater: str, link: str) -> None:
            invite(rater, link)
            if open_browser and len(raters) == 1:
                opened.add(asyncio.create_task(asyncio.to_thread(webbrowser.open, link)))

        tell: Tell = (lambda line: None) if quiet else _say
        return await annotate(cards, ids, form, folder, raters, seed=seed, port=port, invite=welcome, tell=tell, stop=stop)

    return asyncio.run(run())


async def annotate(
    cards: CardSource,
    ids: Sequence[str],
    form: Form,
    folder: Path,
    raters: Sequence[str],
    *,
    seed: int = 0,
    port: int | None = None,
    invite: Invite,
    tell: Tell,
    stop: asyncio.Event,
) -> list[RaterStanding]:
    """As `serve_annotation`, in the event loop that is there, until `stop` is set."""
    check_raters(list(raters))
    if not ids or len(set(ids)) < len(ids):
        raise UserError("there is nothing to annotate" if not ids else "an item is named twice among those to annotate")
    async with AsyncExitStack() as stack:
        shared = Cards(cards, keep=4 * len(raters) + 4)
        desks = []
        for rater in raters:
            book = AnswerBook(folder, rater)
            stack.callback(book.close)
            desks.append(Desk(rater, ids, form, cards=shared, book=book, seed=seed))
        links = LinkBook(folder)
        app = create_app({links.token(desk.rater): desk for desk in desks}, tell)
        address = await _listen(stack, app, port, links, raters)
        links.keep(list(raters), int(address.rpartition(":")[2]))
        for desk in desks:
            tell(f"{desk.rater}: {desk.done:,} of {desk.total:,}")
            invite(desk.rater, f"{address}/a/{links.token(desk.rater)}")
        await stop.wait()
        return [RaterStanding(desk.rater, desk.done, desk.total) for desk in desks]


async def _listen(stack: AsyncExitStack, app: ASGIApp, port: int | None, links: LinkBook, raters: Sequence[str]) -> str:
    """The address that is served, where possible the one that the links name."""
    remembered = next((known for known in map(links.port, raters) if known), 0)
    try:
        return await stack.enter_async_context(serve(app, remembered if port is None else port))
    except UserError as error:
        if port is not None or not remembered:
            raise
        raise UserError(
            f"port {remembered}, which the raters' links name, cannot be used; end what uses it (the page may be served already), "
            "or give another --port, which changes the links"
        ) from error


def _say(line: str) -> None:
    """One line on stderr. Names of items may be in it, so nothing that steers a terminal goes through."""
    sys.stderr.write(one_line(line, None) + "\n")
    sys.stderr.flush()
