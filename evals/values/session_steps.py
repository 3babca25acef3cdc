"""From one trace to its steps: what was shown, in which prompt cell, what was answered and done, all channels side by side, in one pass."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import polars as pl

from agent.protocols.base import AnswerState
from agent.trace.events import ActionEvent, AnswerEvent, AskEvent, ResumeEvent, SessionEvent, StimulusEvent
from agent.trace.reader import BrokenLine, SessionFolder, read_lines
from environments.base import ActionKind
from evals.values.session_items import Feed, Items
from evals.values.session_names import SessionRecord
from personas.one_line import one_line

__all__ = ["Steps", "Tally", "read_session"]

FLUSH = 20_000
"""Steps that are held as Python objects before they go into a frame."""

_STEP: Mapping[str, type[pl.DataType]] = {
    "session": pl.UInt32,
    "item": pl.String,
    "cell": pl.Int64,
    "again": pl.Int64,
    "position": pl.Float64,
    "state": pl.String,
    "rating": pl.Float64,
    "like": pl.Float64,
    "skip": pl.Float64,
    "watch": pl.Float64,
    "dwell": pl.Float64,
    "asked_rating": pl.Boolean,
    "duration_s": pl.Float64,
    "dwell_s": pl.Float64,
    "reason": pl.String,
}


@dataclass
class Steps:
    """One row a step, all channels side by side."""

    rows: list[tuple[Any, ...]] = field(default_factory=list)
    frames: list[pl.DataFrame] = field(default_factory=list)

    def flush(self, least: int = 1) -> None:
        """Move the rows into a frame, once there are `least`."""
        if len(self.rows) >= least:
            self.frames.append(pl.DataFrame(self.rows, schema=dict(_STEP), orient="row"))
            self.rows = []

    def frame(self) -> pl.DataFrame:
        """All rows."""
        self.flush()
        return pl.concat(self.frames) if self.frames else pl.DataFrame(schema=dict(_STEP))


@dataclass
class Tally:
    """What is counted while a trace is read."""

    answers: Counter[str] = field(default_factory=Counter)
    tokens: Counter[str] = field(default_factory=Counter)
    cost: Decimal = Decimal(0)
    unpriced: int = 0
    broken: int = 0
    lost: int = 0
    seconds: float = 0.0
    clock: float = 0.0
    versions: dict[str, None] = field(default_factory=dict)

    def answer(self, event: AnswerEvent) -> None:
        """Count an answer, with what it cost."""
        self.tokens.update({kind: count for kind, count in event.usage.model_dump().items() if count})
        if event.cost_usd is not None:
            self.cost += event.cost_usd
        elif event.outcome is not AnswerState.FAILED:
            self.unpriced += 1
        if event.model_version:
            self.versions[event.model_version] = None
        if event.final:
            self.answers[event.outcome.value] += 1


def read_session(folder: SessionFolder, record: SessionRecord, number: int, *, items: Items, steps: Steps) -> Tally:
    """Fold one trace, or the phase of it that `record` is, into `items` and `steps`, under the session's `number`.

    Raises UserError when another session contradicts an item.
    """
    tally, met = Tally(), Counter[tuple[str, int]]()
    feed = Feed(one_line(record.session), str(record.spec.get("feed", "")), record.environment, record.fingerprint)
    for stimulus, cell, answer, action in _steps(folder, tally, record.steps):
        items.meet(stimulus, feed)
        if answer is None:
            tally.lost += 1
            continue
        key = stimulus.id, cell
        outcomes = _outcomes(record, stimulus, answer, action)
        steps.rows.append((number, stimulus.id, cell, met[key], float(stimulus.step), *outcomes))
        met[key] += 1
    steps.flush(FLUSH)
    return tally


def _steps(
    folder: SessionFolder, tally: Tally, only: range | None = None
) -> Iterator[tuple[StimulusEvent, int, AnswerEvent | None, ActionEvent | None]]:
    """The steps of a trace with their prompt cells, in one pass. The last may be unfinished; without an answer it is no step yet."""
    stimulus, answer, cell = None, None, 0
    for event in read_lines(folder.trace):
        if isinstance(event, BrokenLine):
            tally.broken += only is None or only.start == 0
            continue
        if only is not None and getattr(event, "step", only.start) not in only:
            tally.clock = event.at
            continue
        if tally.clock and not isinstance(event, ResumeEvent | SessionEvent):
            tally.seconds += max(0.0, event.at - tally.clock)
        tally.clock = event.at
        if isinstance(event, StimulusEvent):
            stimulus, answer, cell = event, None, 0
        elif isinstance(event, AskEvent):
            cell = event.cell
        elif isinstance(event, AnswerEvent):
            tally.answer(event)
            answer = event if event.final else answer
        elif isinstance(event, ActionEvent) and stimulus is not None:
            yield stimulus, cell, answer, event
            stimulus = None
    if stimulus is not None and answer is not None:
        yield stimulus, cell, answer, None


def _outcomes(record: SessionRecord, stimulus: StimulusEvent, answer: AnswerEvent, action: ActionEvent | None) -> tuple[Any, ...]:
    """The columns of `_STEP` from `state` on. What was decided counts, also where the page did not do it."""
    decision = answer.decision if answer.outcome is AnswerState.ANSWERED else None
    length = stimulus.duration_s
    dwell_s = action.dwell_s if action is not None and record.environment == "browser" else None
    if decision is None:
        options = record.spec.get("model_options") or {}
        asked = not (record.human and options.get("rating") == "none")
        return answer.outcome.value, None, None, None, None, None, asked, length, dwell_s, answer.refusal or answer.fault or answer.error
    rating = None if decision.rating is None else float(decision.rating)
    return (
        answer.outcome.value,
        rating,
        float(decision.action is ActionKind.LIKE),
        float(decision.action is ActionKind.SKIP),
        decision.watch_fraction,
        min(1.0, max(0.0, dwell_s / length)) if dwell_s is not None and length > 0 else None,
        rating is not None,
        length,
        dwell_s,
        decision.reason or None,
    )
