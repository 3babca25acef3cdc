"""What judges said, as a table: verdicts true, false or unjudged; the better of two; the option that a reply means.

Unjudged is what a judge refused, failed at, gave in no readable form, or has not been asked yet. It is counted as such and never as one of
the two. A judge is a model and a wording of the prompt; people are judges too (`evals.judging.gold`).
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from agent.protocols.base import AnswerState
from agent.protocols.choice import CHOICE
from agent.protocols.verdict import VERDICT
from agent.trace.events import AnswerEvent, AskEvent, StimulusEvent
from agent.trace.reader import BrokenLine, SessionFolder, find_sessions, read_lines
from evals.benchmark.asking import DECKS, FORMAT, RECORD
from evals.judging.judgements import BENCHMARK, NO_OPTIONS
from evals.judging.shares import share_true
from personas.errors import UserError
from personas.one_line import one_line

__all__ = [
    "NOT_ASKED",
    "OUTCOMES",
    "UNJUDGED",
    "VERDICTS",
    "judge_name",
    "judging_runs",
    "read_judged",
    "read_record",
    "read_verdicts",
    "share_true",
]

UNJUDGED, NOT_ASKED = "unjudged", "not asked yet"
OUTCOMES: Mapping[str, Mapping[float, str]] = {
    "open": {1.0: "true", 0.0: "false"},
    "pair": {1.0: "first", -1.0: "second", 0.0: "equal"},
}
"""What a verdict's number means, by kind; of `nearest` it is the place among the options shown, and -1 for none of them."""
VERDICTS: Mapping[str, Any] = {
    "judge": pl.String,
    "model": pl.String,
    "cell": pl.Int64,
    "person": pl.Boolean,
    "kind": pl.String,
    "judgement": pl.String,
    "respondent": pl.String,
    "item": pl.String,
    "cluster": pl.String,
    "verdict": pl.String,
    "state": pl.String,
    "reason": pl.String,
    "prediction": pl.String,
    "reference": pl.String,
    "about": pl.Object,
}
"""judge: model, its settings, and wording from the second on; cluster: the item's, else the item; state: as of the
engine's answers, or `NOT_ASKED`; about: the judgement's names. Of pairs, respondent and prediction are those in the first place."""


def read_verdicts(paths: Sequence[str | Path]) -> pl.DataFrame:
    """Verdicts on single answers in the folders of runs, or of what holds them: `VERDICTS`, with `verdict` true, false or unjudged.

    One row a judge and answer; what was to be judged and has no verdict is there as unjudged. Raises UserError where there is nothing.
    """
    found = read_judged(paths).filter(pl.col("kind") == "open")
    if found.is_empty():
        raise UserError(f"no answers are judged true or false in {_listed(paths)}; run `python -m evals.judging judge` first")
    return found


def read_judged(paths: Sequence[str | Path]) -> pl.DataFrame:
    """As `read_verdicts`, of every kind: `verdict` of a pair is first, second or equal; of `nearest` the option's place as text, or none.

    Raises UserError where there is nothing.
    """
    runs = judging_runs(paths)
    rows: dict[Key, dict[str, Any]] = {}
    for run in runs:
        for key, row in _rows(run):
            before = rows.get(key)
            if before is None or (before["verdict"] == UNJUDGED and row["state"] != NOT_ASKED):
                rows[key] = row
    if not rows:
        raise UserError(f"there are no judgements in {_listed(paths)}; run `python -m evals.judging judge` or `pairs` first")
    _name_apart([row["about"] for row in rows.values()])
    _items_apart(list(rows.values()))
    words: dict[tuple[str, str], set[str]] = defaultdict(set)
    for (model, _, prompts, _, _), row in rows.items():
        words[model, row["kind"]].add(prompts)
    for (model, setting, prompts, cell, _), row in rows.items():
        varied = [setting]
        varied += [f"prompts {prompts}"] if len(words[model, row["kind"]]) > 1 else []
        row["judge"] = judge_name(model, cell, ", ".join(filter(None, varied)))
        row["respondent"] = row["about"].get("answered_by", row["about"].get("first_by", ""))
    return pl.DataFrame(list(rows.values()), schema=dict(VERDICTS))


_NAMES = (("answered_by", "of_options"), ("first_by", "first_options"), ("second_by", "second_options"))
"""Where a judgement names a respondent, and the options that it was asked with."""


def _name_apart(abouts: Sequence[dict[str, str]]) -> None:
    """Give respondents their options, as judges have theirs: what one is called does not depend on who is beside it."""
    for about in abouts:
        for who, how in _NAMES:
            if who not in about:
                continue
            about[who] = about[who].replace(f" [{NO_OPTIONS}]", "")
            if about.get(how, NO_OPTIONS) != NO_OPTIONS and about[how] not in about[who]:
                about[who] = f"{about[who]} [{about[how]}]"


def _items_apart(rows: Sequence[dict[str, Any]]) -> None:
    """Items of one name that ask something else, such as those of two decks, get what they ask as part of their names."""
    asked: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        asked[row["item"]].add(row["about"].get("of_question", ""))
    for row in rows:
        if len(asked[row["item"]]) > 1:
            row["item"] = f"{row['item']} [{row['about'].get('of_question', '')}]"


def judge_name(model: str, cell: int, setting: str = "") -> str:
    """A judge: model, settings, and the wording from the second on. It is the same whoever is beside it."""
    return one_line(f"{model}{f' [{setting}]' if setting else ''}{f' · wording {cell + 1}' if cell else ''}", None)


def judging_runs(paths: Sequence[str | Path]) -> list[Path]:
    """The folders of runs of judgements, each once: those named, and those directly in a folder that is named."""
    found: dict[Path, None] = {}
    for path in map(Path, paths):
        if not path.is_dir():
            raise UserError(f"no folder {one_line(str(path), 200)!r}; give the folder of a run of judgements, or one that holds such")
        for run in (path, *sorted(each.parent for each in path.glob(f"*/{RECORD}"))):
            if read_record(run) is not None:
                found.setdefault(run.resolve())
    return list(found)


def read_record(run: Path) -> Mapping[str, Any] | None:
    """What a run of judgements wrote down; None for anything else."""
    try:
        data = json.loads((run / RECORD).read_bytes())
    except (OSError, ValueError):
        return None
    known = isinstance(data, dict) and data.get("format") == FORMAT and data.get("benchmark") == BENCHMARK
    return data if known and isinstance(data.get("items"), list) and isinstance(data.get("prompts"), dict) else None


Key = tuple[str, str, str, int, str]
"""Model, setting, hash of the prompts' words, wording, judgement."""


def _rows(run: Path) -> Iterator[tuple[Key, dict[str, Any]]]:
    """What was to be judged in a run, as not asked yet; then, in its place, what was."""
    record = read_record(run)
    if record is None:
        return
    setting = _setting(record)
    items, words = _items(run), record["prompts"]
    listed = record["items"]
    if lacking := [each for each in listed if not isinstance(each, dict) or each.get("id") not in items]:
        raise UserError(f"{len(lacking)} of {len(listed)} judgements are not in {one_line(str(run / DECKS), 200)} any more; restore it")
    for model in record.get("models", ()):
        for cell in record.get("cells", (0,)):
            for name, item in items.items():
                yield (model, setting, words[item["about"]["kind"]], cell, name), _row(model, cell, item) | {"state": NOT_ASKED}
    for session in find_sessions(run):
        try:
            model = str(session.record()["spec"]["model"])
        except (UserError, KeyError, TypeError):
            continue  # of no session that can be read: its judgements stay unjudged
        for shown, cell, answer in _answers(session):
            if shown.id in items:
                row = _row(model, cell, items[shown.id])
                yield (model, setting, words[row["kind"]], cell, shown.id), row | _said(answer, str(row["kind"]))


def _items(run: Path) -> dict[str, Mapping[str, Any]]:
    """The items of a run's decks by id: those that a run of judgements made."""
    found: dict[str, Mapping[str, Any]] = {}
    for path in sorted((run / DECKS).glob("*/items.jsonl")):
        try:
            found |= {str(item["id"]): item for item in map(json.loads, path.read_text(encoding="utf-8").split("\n")[:-1])}
        except (OSError, ValueError, KeyError, TypeError):
            raise UserError(f"{one_line(str(path), 200)} cannot be read as the run wrote it; restore it") from None
    return found


def _answers(session: SessionFolder) -> Iterator[tuple[StimulusEvent, int, AnswerEvent]]:
    """(what was shown, wording, final answer) a step."""
    shown: StimulusEvent | None = None
    cell = 0
    for event in read_lines(session.trace):
        if isinstance(event, BrokenLine):
            continue  # its step has no verdict
        if isinstance(event, StimulusEvent):
            shown = event
        elif isinstance(event, AskEvent):
            cell = event.cell
        elif isinstance(event, AnswerEvent) and event.final and shown is not None and event.step == shown.step:
            yield shown, cell, event


def _said(answer: AnswerEvent, kind: str) -> dict[str, Any]:
    said = answer.decision if answer.outcome is AnswerState.ANSWERED else None
    why = said.reason if said else answer.refusal or answer.fault or answer.error or ""
    return {"state": answer.outcome.value, "reason": why, "verdict": _verdict(kind, dict(said.scores or {})) if said else UNJUDGED}


def _verdict(kind: str, scores: Mapping[str, float]) -> str:
    if kind == "nearest":
        place = int(scores.get(CHOICE, -1))
        return "none" if place < 0 else str(place)
    return OUTCOMES[kind].get(scores.get(VERDICT, float("nan")), UNJUDGED)


def _row(model: str, cell: int, item: Mapping[str, Any]) -> dict[str, Any]:
    about = dict(item["about"])
    return {
        "judge": "",
        "model": model,
        "cell": cell,
        "person": False,
        "kind": about["kind"],
        "judgement": item["id"],
        "respondent": about.get("answered_by", about.get("first_by", "")),
        "item": about["of_item"],
        "cluster": item.get("cluster") or about["of_item"],
        "verdict": UNJUDGED,
        "state": "",
        "reason": "",
        "prediction": about.get("prediction", about.get("first_answer", "")),
        "reference": item.get("reference", ""),
        "about": about,
    }


def _setting(record: Mapping[str, Any]) -> str:
    """How a run's judges were asked, as it reads in a name; "" for the usual way."""
    options = record.get("model_options") or {}
    told = [f"{name}={value}" for name, value in sorted(options.items())]
    return ", ".join([*told, *(["with pictures"] if record.get("pictures") else [])])


def _listed(paths: Sequence[str | Path]) -> str:
    return one_line(", ".join(str(path) for path in paths), 200)
