"""Which folders hold sessions, and which of these were asked for yes or no about images."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from agent.trace.reader import SessionFolder, find_sessions
from evals.values.session_names import SessionRecord
from personas.one_line import one_line

__all__ = ["other_kind", "session_folders"]

YES_OR_NO = ("simple", "isq")
"""The strategies whose questions of a feed end in yes or no, as `run --persona` asks them."""


def other_kind(record: SessionRecord) -> str:
    """What a session is, in words, that was not asked for yes or no about images; "" for one that was."""
    protocol, strategy = str(record.spec.get("protocol", "feed")), str(record.spec.get("strategy", "narrative"))
    if record.environment == "deck":
        return f"of a deck, protocol {one_line(protocol, 40)}"
    if protocol == "spectrum" or (protocol == "feed" and strategy in YES_OR_NO):
        return ""
    return f"of protocol {one_line(protocol, 40)}, strategy {one_line(strategy, 40)}"


def session_folders(paths: Iterable[str | Path]) -> list[SessionFolder]:
    """The sessions in folders of sessions or of runs, each once, and those of runs' ablations beside them. Raises UserError."""
    given = [Path(path) for path in paths]
    beside = [path.with_name(f"{path.name}-text") for path in (each.resolve() for each in given)]
    given += [path for path in beside if (path / "experiment.json").is_file()]
    found = {folder.path.resolve(): folder for path in given for folder in (*find_sessions(path), *_below(path))}
    return list(found.values())


def _below(path: Path) -> list[SessionFolder]:
    """The sessions of the runs in a folder of runs."""
    return [SessionFolder(file.parent) for file in sorted(path.glob("*/*/session.json"))]
