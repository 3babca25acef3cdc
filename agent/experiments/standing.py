"""How an experiment stands, from its session folders alone: the last line of a finished trace says all that is needed."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agent.experiments.budget import Spent
from agent.experiments.matrix import Planned
from agent.experiments.plan import Plan
from agent.spec import SessionSpec
from agent.trace.reader import SessionFolder
from environments.line_file import LineFile
from personas.errors import SpecError, StorageFailed

__all__ = ["Standing", "SweepLog", "missing", "read_standings", "spent_by_model", "write_summary"]

STATES = ("answered", "refused", "unparsable", "failed")
ACTIONS = ("like", "watch", "skip", "pass")


@dataclass(frozen=True)
class Standing:
    """One session on disk. `status` as `SessionFolder.status`, or "missing"; `totals` as an `end` event has them, {} where nothing ran."""

    name: str
    status: str
    detail: str
    totals: Mapping[str, Any]

    @property
    def complete(self) -> bool:
        """Whether there is nothing left to do."""
        return self.status == "complete"


def read_standing(folder: Path) -> Standing:
    """The session in `folder`. Its last event tells; a trace without an end is folded whole."""
    session = SessionFolder(folder)
    if not session.trace.exists():
        return Standing(folder.name, "missing", "", {})
    end = session.last_end()
    if end is not None:
        status = {"complete": "complete", "failed": "failed"}.get(end.reason, "stopped")
        return Standing(folder.name, status, end.detail, end.totals)
    progress = session.progress()
    return Standing(folder.name, session.status(), "", progress.totals(unanswered=True))


def read_standings(plan: Plan, folder: Path) -> dict[str, Standing]:
    """All sessions of the plan, by name."""
    with ThreadPoolExecutor(8) as threads:
        found = threads.map(lambda planned: read_standing(folder / planned.name), plan.sessions)
        return {standing.name: standing for standing in found}


def spent_by_model(plan: Plan, standings: Mapping[str, Standing]) -> dict[str, Spent]:
    """What the sessions of each model have used."""
    return {model: sum((_spent(standings[each.name]) for each in sessions), Spent()) for model, sessions in plan.models.items()}


def _spent(standing: Standing) -> Spent:
    return Spent.of_totals(standing.totals) if standing.totals else Spent()


def write_summary(plan: Plan, standings: Mapping[str, Standing], path: Path) -> None:
    """`summary.csv`: one row a session, what varies first. Raises StorageFailed."""
    text = io.StringIO()
    writer = csv.writer(text)
    varied = list(dict.fromkeys([*plan.variables, "model", "persona", "seed"]))
    writer.writerow(["session", *varied, "status", "detail", *_COUNTS])
    for planned in plan.sessions:
        standing = standings[planned.name]
        writer.writerow([planned.name, *_cells(planned.spec, varied), standing.status, standing.detail, *_counts(standing.totals)])
    try:
        aside = path.with_suffix(".part")
        aside.write_text(text.getvalue(), encoding="utf-8", newline="")
        aside.replace(path)
    except OSError as error:
        raise StorageFailed(f"cannot write {path}: {error.strerror}") from error


_COUNTS = (
    "steps",
    *STATES,
    "likes",
    "watches",
    "skips",
    "passes",
    "calls",
    "possibly_paid",
    "tokens",
    "spent_usd",
    "budgeted_usd",
    "unpriced",
    "seconds",
)


def _cells(spec: SessionSpec, names: Sequence[str]) -> Iterable[Any]:
    data = spec.model_dump(mode="json", include=set(names))
    return [json.dumps(value) if isinstance(value := data[name], list | dict) else value for name in names]


def _counts(totals: Mapping[str, Any]) -> list[Any]:
    if not totals:
        return [""] * len(_COUNTS)
    answers, actions = totals["answers"], totals["actions"]
    counted = [totals["steps"], *(answers[state] for state in STATES), *(actions[action] for action in ACTIONS)]
    more = [totals["calls"], totals["possibly_paid"], sum(totals["tokens"].values())]
    return [*counted, *more, *(totals[name] for name in ("spent_usd", "budgeted_usd", "unpriced", "seconds"))]


class SweepLog:
    """`sweeps.jsonl`: when sweeps of this experiment ran. One process at a time holds it.

    Raises SpecError where another one does, StorageFailed where it cannot be written.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / "sweeps.jsonl"
        try:
            self._file = LineFile(self._path)
            self._file.cut_torn_line()
        except BlockingIOError:
            raise SpecError(f"another process runs the experiment in {folder}: wait for it") from None
        except OSError as error:
            raise StorageFailed(f"cannot write {self._path}: {error.strerror}; mend it or choose another --runs") from error

    def minutes(self) -> float:
        """Minutes that earlier sweeps ran, by their last sign of life."""
        finished, current = 0.0, 0.0
        for line in self._path.read_text(encoding="utf-8").splitlines():
            try:
                event = json.loads(line)
                minutes = float(event["minutes"])
            except (ValueError, KeyError, TypeError):
                continue
            if event.get("type") == "begin":
                finished, current = finished + current, 0.0
            current = max(current, minutes)
        return finished + current

    def note(self, kind: str, minutes: float, **more: Any) -> None:
        """`begin`, `alive` or `end`, with the minutes of this sweep so far."""
        try:
            self._file.append(json.dumps({"type": kind, "minutes": round(minutes, 4), **more}).encode() + b"\n")
        except OSError as error:
            raise StorageFailed(f"cannot write {self._path}: {error.strerror}; what was written is kept") from error

    def close(self) -> None:
        """Let others run it."""
        self._file.close()


def missing(plan: Plan, standings: Mapping[str, Standing]) -> list[Planned]:
    """The sessions that are not complete, in the order of the plan."""
    return [planned for planned in plan.sessions if not standings[planned.name].complete]
