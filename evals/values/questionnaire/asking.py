"""Asking a model: each administration of a questionnaire is a session of the engine over a deck, in one prompt cell and its own order.

The names of the sessions follow from what is asked, so that the same command carries on where it was stopped and asks nothing twice.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import signal
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from agent.preparing import check_session_name, persona_record
from agent.protocols.base import AnswerState
from agent.session import SessionResult, arun_session, resolved
from agent.spec import Limits, SessionSpec, make_spec
from agent.trace.events import ActionEvent, Event
from agent.trace.progress import Progress
from agent.trace.reader import SessionFolder
from environments.canonical import derived_seed
from environments.decks.items import load_deck
from evals.values.questionnaire.answers import Answers
from evals.values.questionnaire.instruments import Instrument, deck_name
from evals.values.questionnaire.sessions import asked_items
from personas.errors import UserError
from personas.persona import load_persona

if TYPE_CHECKING:
    from collections.abc import Callable

    from agent.browsing import Browsing

    Progressed = Callable[[str, int, int], None]
    """(session, items done, items in all)."""

__all__ = ["Administration", "Asked", "answers_of", "ask", "plan"]

CELLS = 6


@dataclass(frozen=True)
class Administration:
    """One time that one respondent fills in the questionnaire."""

    session: str
    respondent: str
    repeat: int
    cell: int
    spec: SessionSpec


@dataclass(frozen=True)
class Asked:
    """What was asked: the administrations, as far as they got, and the result of the last session that was run."""

    administrations: tuple[Administration, ...]
    results: tuple[SessionResult, ...]

    @property
    def exit_code(self) -> int:
        """As a session's: 0 where all are complete."""
        return max((result.exit_code for result in self.results), default=0)


def plan(
    instrument: Instrument,
    items: str | None,
    personas: Sequence[str],
    *,
    repeats: int = CELLS,
    seed: int = 0,
    session: str | None = None,
    **fields: Any,
) -> tuple[Administration, ...]:
    """`repeats` administrations for each persona; `fields` as in `SessionSpec` (model, base_url, model_options, paraphrase).

    The repeats take the prompt cells in an order in which wordings and orders of the scale alternate: six use each of the six once.
    The same repeat has the same order of items for all personas. Raises UserError for what cannot be asked.
    """
    if not 1 <= repeats <= 1000:
        raise UserError(f"--repeats must be from 1 to 1000, not {repeats}")
    if len(set(personas)) < len(personas):
        raise UserError("a persona is named twice: name each once, and use --repeats to ask it again")
    feed = deck_name(instrument, items)
    size = len(load_deck(feed).items)
    found: list[Administration] = []
    for persona in personas:
        common = {"persona": persona, "environment": "deck", "feed": feed, "protocol": instrument.protocol, "videos": size, **fields}
        specs = [
            resolved(make_spec(**common, cell=_cell(repeat), seed=derived_seed(seed, "administration", repeat) % 2**31))
            for repeat in range(repeats)
        ]
        stem = _stem(specs[0], instrument, session if session is None or len(personas) == 1 else f"{session}-{_plain(persona)}")
        who = f"{specs[0].model} × {load_persona(persona).name}"
        found += [Administration(f"{stem}-r{repeat + 1:02d}", who, repeat + 1, _cell(repeat), spec) for repeat, spec in enumerate(specs)]
    if len({each.session for each in found}) < len(found):
        raise UserError("two personas would share the names of their sessions: give the personas other names")
    return tuple(found)


def _cell(repeat: int) -> int:
    """0, 3, 4, 1, 2, 5 and over again: neighbours differ in wording and in the order of the scale."""
    return 2 * (repeat % 3) + repeat % 2


def _stem(first: SessionSpec, instrument: Instrument, session: str | None) -> str:
    """What the sessions are called before the number of the repeat."""
    if session is not None:
        check_session_name(f"{session}-r01")
        return session
    persona = load_persona(first.persona)
    told = first.hash(persona_record(persona, first))[:8]
    return f"{instrument.name}-{_plain(persona.name)}-{_plain(first.model)}-{told}"


def _plain(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:32] or "x"


def ask(administrations: Sequence[Administration], runs: Path, limits: Limits | None = None, progressed: Progressed | None = None) -> Asked:
    """Run the sessions one after the other, or carry on with them; complete ones are left as they are. Stops at the first that cannot end.

    `limits` hold for all of them together. Raises UserError before anything is asked.
    """
    left = limits or Limits()
    results: list[SessionResult] = []
    for each in administrations:
        result = asyncio.run(_run(each, runs, left, progressed))
        results.append(result)
        if result.exit_code:
            break
        left = _left(left, result)
    return Asked(tuple(administrations[: len(results)]), tuple(results))


async def _run(each: Administration, runs: Path, limits: Limits, progressed: Progressed | None) -> SessionResult:
    """One session. Ctrl-C once: stop after the current answer; twice: at once."""
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    assert task is not None, "a coroutine under asyncio.run is a task"

    def listen(agent: Browsing) -> None:
        def stop() -> None:
            if agent.stop_requested:
                task.cancel()
            agent.stop_requested = True

        for number in (signal.SIGINT, signal.SIGTERM):
            # Windows has no such handlers, and only the main thread can set them: Ctrl-C stops at once there.
            with contextlib.suppress(NotImplementedError, ValueError, RuntimeError):
                loop.add_signal_handler(number, stop)

    def see(event: Event, progress: Progress) -> None:
        if progressed is not None and isinstance(event, ActionEvent):
            progressed(each.session, progress.steps, each.spec.videos)

    return await arun_session(each.spec, runs=runs, session=each.session, limits=limits, observer=see, on_start=listen)


def _left(limits: Limits, result: SessionResult) -> Limits:
    if limits.max_usd is None:
        return limits
    return limits.model_copy(update={"max_usd": max(limits.max_usd - Decimal(result.totals["budgeted_usd"]), Decimal("0.000001"))})


def _is_complete(session: Path) -> bool:
    return session.is_dir() and SessionFolder(session).status() == "complete"


def answers_of(administrations: Sequence[Administration], runs: Path, instrument: Instrument) -> Answers:
    """The answers of the administrations that are complete. Raises UserError where none is."""
    place = {number: column for column, number in enumerate(instrument.numbers)}
    whole = [each for each in administrations if _is_complete(runs / each.session)]
    if not whole:
        raise UserError("no administration is complete, so there is nothing to score; run the same command again to go on")
    matrix = np.full((len(whole), len(place)), np.nan)
    states: Counter[str] = Counter({state.value: 0 for state in AnswerState})
    for row, each in enumerate(whole):
        for item in asked_items(SessionFolder(runs / each.session)):
            states[item.state] += 1
            if item.answer is not None:
                matrix[row, place[item.number]] = item.answer
    return Answers(
        matrix,
        tuple(each.respondent for each in whole),
        tuple(str(each.repeat) for each in whole),
        states=states,
        cells=tuple(each.cell for each in whole),
    )
