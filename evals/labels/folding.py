"""From the traces of judges' sessions to raw labels: one judgement a video, judge and prompt cell, in one of the four answer states."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from agent.protocols.base import AnswerState
from agent.protocols.judging import Label, read_script_answer, read_values
from agent.trace.events import AnswerEvent, AskEvent, StimulusEvent
from agent.trace.reader import SessionFolder
from evals.labels.evidence import Kind, kind_of, plain, post_words, stored
from evals.labels.judges import Judge
from personas.schwartz import VALUES

if TYPE_CHECKING:
    import polars as pl

__all__ = ["CODES_SCHEMA", "Judgement", "codes_frame", "judgements"]

CODES_SCHEMA = ("video", "rater", "kind", "cell", "value", "code", "evidence", "session")


@dataclass(frozen=True)
class Judgement:
    """What became of one question about all ten values of a video. `labels` and `kinds` (of codes other than 0) where it was answered."""

    video: str
    rater: str
    cell: int
    session: str
    state: AnswerState
    labels: Mapping[str, Label] = field(default_factory=dict)
    kinds: Mapping[str, Kind] = field(default_factory=dict)


def judgements(session: Path, name: str | None = None) -> Iterator[Judgement]:
    """The judgements of a session of the protocol `judge` or `judge-script`, as far as it got. `name`: what the session is called.

    Raises UserError where there is no readable session.
    """
    folder = SessionFolder(session)
    spec = folder.record()["spec"]
    two_step = spec["protocol"] == "judge-script"
    rater = Judge(str(spec["model"])).rater(two_step=two_step)
    stimulus, script, cell = None, "", 0
    for event in folder.events():
        if isinstance(event, StimulusEvent):
            stimulus, script = event, ""
        elif isinstance(event, AskEvent):
            cell = event.cell
        elif isinstance(event, AnswerEvent) and stimulus is not None:
            if event.stage == "script" and event.outcome is AnswerState.ANSWERED:
                script = event.raw
            if event.final:
                labels = read_values(event.raw) if event.outcome is AnswerState.ANSWERED else None
                state = AnswerState.UNPARSABLE if event.outcome is AnswerState.ANSWERED and labels is None else event.outcome
                kinds = _kinds(labels or {}, stimulus, script, two_step)
                yield Judgement(stimulus.id, rater, cell, name or session.name, state, labels or {}, kinds)
                stimulus = None


def _kinds(labels: Mapping[str, Label], stimulus: StimulusEvent, script: str, two_step: bool) -> dict[str, Kind]:
    if not any(label.code for label in labels.values()):
        return {}
    words = post_words(stimulus.text)
    if two_step and (written := read_script_answer(script)) is not None:
        words += f"| {plain(' | '.join(written.model_dump().values()))} "
    pictures = bool(stimulus.frames) and not two_step
    return {value: kind_of(label.evidence, words, pictures=pictures) for value, label in labels.items() if label.code}


def codes_frame(found: Iterable[Judgement]) -> pl.DataFrame:
    """The labels of the judgements that were answered, in the columns of the corpus's table `codes`, ten rows a judgement."""
    import polars as pl  # noqa: PLC0415 - loads when used

    columns: dict[str, list[object]] = {name: [] for name in CODES_SCHEMA}
    for each in found:
        for value in VALUES if each.labels else ():
            label = each.labels[value]
            evidence = stored(label.evidence, each.kinds.get(value, "quoted")) if label.code else ""
            row = (each.video, each.rater, "judge", each.cell, value, float(label.code), evidence, each.session)
            for name, held in zip(CODES_SCHEMA, row, strict=True):
                columns[name].append(held)
    types = dict.fromkeys(CODES_SCHEMA, pl.String) | {"cell": pl.Int32, "code": pl.Float32}
    return pl.DataFrame(columns, schema=types)
