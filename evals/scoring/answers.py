"""From sessions over decks of questions to one table: a row an item and session, with what was shown, answered, and right."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any

import polars as pl

from agent.protocols.base import AnswerState
from agent.protocols.choice import CHOICE, LETTERS
from agent.trace.events import AnswerEvent, AskEvent, StimulusEvent
from agent.trace.reader import BrokenLine, SessionFolder, find_sessions, read_lines
from evals.values.session_names import Named, SessionRecord, name_sessions
from evals.values.tables import listed
from personas.errors import UserError
from personas.one_line import one_line

__all__ = ["SCHEMA", "ItemAnswers", "read_answers"]

SCHEMA: Mapping[str, Any] = {
    "respondent": pl.String,
    "model": pl.String,
    "persona": pl.String,
    "session": pl.String,
    "folder": pl.String,
    "deck": pl.String,
    "protocol": pl.String,
    "condition": pl.String,
    "repeat": pl.Int64,
    "cell": pl.Int64,
    "item": pl.String,
    "cluster": pl.String,
    "state": pl.String,
    "options": pl.Int64,
    "place": pl.Int64,
    "option": pl.Int64,
    "key_place": pl.Int64,
    "right": pl.Boolean,
    "reason": pl.String,
    "raw": pl.String,
    "reference": pl.String,
    "scores": pl.Object,
    "logprobs": pl.List(pl.Float64),
    "shown_order": pl.List(pl.Int64),
    "key_places": pl.List(pl.Int64),
    "content": pl.String,
}


@dataclass(frozen=True)
class ItemAnswers:
    """The answers of sessions over decks.

    table     one row an item shown, `SCHEMA`: `place` and `option` of what was chosen, as shown and as in the benchmark's order, null where
              nothing was; `key_place` of the first right option shown; `right` null where nothing was chosen or nothing is right;
              `folder` of the session; `logprobs` of the options in the benchmark's order, null where the backend gives none or an option's
              is missing; `shown_order`: which of the item's options stands in each place shown; `key_places`: where right ones stand;
              `content`: of words, options and key in the benchmark's order, so that two items of one name are told apart
    about     one row an item: `item`, and its names as columns (task, domain, …)
    problems  sentences on what was left out
    """

    table: pl.DataFrame
    about: pl.DataFrame
    problems: tuple[str, ...]

    def with_names(self) -> pl.DataFrame:
        """The table with the columns of `about`."""
        return self.table.join(self.about, on="item", how="left", maintain_order="left")


def read_answers(paths: Sequence[str | Path], protocols: Iterable[str] = (), unnamed: Collection[str] = ()) -> ItemAnswers:
    """Every answer in the run or session folders, of sessions in one of `protocols` (none given: all that ask about items).

    `unnamed`: as `name_sessions` takes it. Sessions that are not complete are used as far as they got.
    Raises UserError where there is none.
    """
    problems: list[str] = []
    sessions = _sessions(paths, set(protocols), problems)
    if not sessions:
        raise UserError(f"there is no session over questions in {listed([str(path) for path in paths])}; run some first")
    named, told = name_sessions([record for _, record in sessions], unnamed)
    rows: list[dict[str, Any]] = []
    about: dict[str, dict[str, str]] = {}
    for (folder, record), who in zip(sessions, named, strict=True):
        broken = 0
        for found in _answers(folder):
            if found is None:
                broken += 1
                continue
            shown, cell, answer = found
            about.setdefault(shown.id, dict(shown.item.about) if shown.item else {})
            rows.append(_common(who) | {"folder": str(folder.path.resolve())} | _row(shown, cell, answer))
        if broken:
            lines = f"{broken} line{'s' * (broken > 1)}"
            problems.append(f"Session {one_line(record.session)}: {lines} of its trace cannot be read and were left out.")
        if folder.status() != "complete":
            problems.append(f"Session {one_line(record.session)} is not complete: it is used as far as it got.")
    if not rows:
        raise UserError(f"no question has been answered yet in {listed([str(path) for path in paths])}; run the sessions first")
    table = pl.DataFrame(rows, schema=dict(SCHEMA))
    return ItemAnswers(table, _names(about), (*problems, *told))


def _sessions(paths: Sequence[str | Path], wanted: set[str], problems: list[str]) -> list[tuple[SessionFolder, SessionRecord]]:
    """The sessions over decks, each once."""
    folders: dict[Path, SessionFolder] = {}
    for path in paths:
        for folder in find_sessions(Path(path)):
            folders.setdefault(folder.path.resolve(), folder)
    found = []
    for folder in folders.values():
        try:
            record = SessionRecord.of(folder.record(), folder.path.name)
        except (KeyError, TypeError, ValueError, AttributeError):
            problems.append(f"Session {one_line(folder.path.name)} is left out: its session.json does not say what was run.")
            continue
        except UserError as error:
            problems.append(f"A session is left out: {error}.")
            continue
        if record.environment == "deck" and (not wanted or str(record.spec.get("protocol")) in wanted):
            found.append((folder, record))
    return found


def _common(who: Named) -> dict[str, Any]:
    spec = who.record.spec
    return {
        "respondent": who.respondent,
        "model": who.model,
        "persona": who.persona,
        "session": one_line(who.record.session),
        "deck": str(spec.get("feed", "")),
        "protocol": str(spec.get("protocol", "")),
        "repeat": int(spec.get("repeat", 0)),
    }


def _answers(folder: SessionFolder) -> Iterator[tuple[StimulusEvent, int, AnswerEvent] | None]:
    """(what was shown, prompt cell, final answer) a step; None for a line that cannot be read."""
    shown: StimulusEvent | None = None
    cell = 0
    for event in read_lines(folder.trace):
        if isinstance(event, BrokenLine):
            yield None
        elif isinstance(event, StimulusEvent):
            shown = event
        elif isinstance(event, AskEvent):
            cell = event.cell
        elif isinstance(event, AnswerEvent) and event.final and shown is not None and event.step == shown.step:
            yield shown, cell, event
            shown = None


def _row(shown: StimulusEvent, cell: int, answer: AnswerEvent) -> dict[str, Any]:
    item = shown.item
    order, key = (item.order, item.key) if item else ((), ())
    decision = answer.decision if answer.outcome is AnswerState.ANSWERED else None
    scores = dict(decision.scores or {}) if decision else {}
    place = int(scores[CHOICE]) if CHOICE in scores else None
    return {
        "condition": item.condition if item else "shown",
        "cell": cell,
        "item": shown.id,
        "cluster": shown.cluster,
        "state": answer.outcome.value,
        "options": len(order),
        "place": place,
        "option": order[place] if place is not None and place < len(order) else None,
        "key_place": key[0] if key else None,
        "right": place in key if place is not None and key else None,
        "reason": decision.reason if decision else answer.refusal or answer.fault or answer.error,
        "raw": answer.raw,
        "reference": item.reference if item else "",
        "scores": scores,
        "logprobs": _logprobs(answer.logprobs, order),
        "shown_order": list(order),
        "key_places": list(key),
        "content": _content(shown, order, key),
    }


def _content(shown: StimulusEvent, order: Sequence[int], key: Sequence[int]) -> str:
    """What was asked, whatever places its options stand in."""
    options = dict(zip(order, shown.text.get("options") or (), strict=False))
    told = [
        shown.text.get("caption"),
        [options.get(place) for place in range(len(order))],
        sorted(order[place] for place in key if place < len(order)),
    ]
    return blake2b(repr(told).encode("utf-8", "replace"), digest_size=8).hexdigest()


def _logprobs(given: Mapping[str, float] | None, order: Sequence[int]) -> list[float] | None:
    """By option in the benchmark's order. An option without one leaves the whole row without: it would count as impossible."""
    if not given or not order or any(letter not in given for letter in LETTERS[: len(order)]):
        return None
    found = [0.0] * len(order)
    for place, option in enumerate(order):
        found[option] = given[LETTERS[place]]
    return found


def _names(about: Mapping[str, Mapping[str, str]]) -> pl.DataFrame:
    columns = sorted({name for names in about.values() for name in names} - set(SCHEMA))
    rows: list[dict[str, str | None]] = [{"item": item, **{name: names.get(name) for name in columns}} for item, names in about.items()]
    return pl.DataFrame(rows, schema={"item": pl.String} | dict.fromkeys(columns, pl.String))
