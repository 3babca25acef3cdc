"""Old traces open: a frozen trace of each schema version, and the way from one version to the next."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from agent.protocols.base import AnswerState
from agent.trace import events, reader
from agent.trace.reader import SessionFolder
from environments.base import ActionKind

FROZEN = Path(__file__).parent / "version_1"


def test_a_trace_of_version_1_opens() -> None:
    """The frozen session (two clips, staged, stopped by a limit and resumed) reads as it was written."""
    folder = SessionFolder(FROZEN)
    assert folder.broken_lines() == []
    assert folder.status() == "complete"
    assert folder.record()["persona"]["name"] == "hedonist"
    steps = list(folder.steps())
    assert [step.answer.outcome for step in steps if step.answer] == [AnswerState.ANSWERED] * 2
    assert [step.action.done for step in steps if step.action] == [ActionKind.LIKE] * 2
    progress = folder.progress()
    assert (progress.steps, progress.asks, list(progress.problems)) == (2, 4, ["broken.mp4"])
    kinds = {json.loads(line)["type"] for line in folder.trace.read_text(encoding="utf-8").splitlines()}
    assert kinds == {"session", "resume", "prompt", "problem", "stimulus", "ask", "answer", "action", "end"}


def test_an_older_version_is_upgraded_on_reading(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Were the schema at version 2, with `caption` renamed, the frozen trace would be read through the upgrade, its status too."""
    shutil.copytree(FROZEN, tmp_path / "old")

    def rename(event: dict[str, Any]) -> dict[str, Any]:
        if event["type"] == "stimulus":
            event["text"]["words"] = event["text"].pop("caption")
        return event

    for module in (events, reader):
        monkeypatch.setattr(module, "SCHEMA_VERSION", 2)
    monkeypatch.setitem(events.UPGRADES, 1, rename)
    folder = SessionFolder(tmp_path / "old")
    assert sorted(step.stimulus.text["words"] for step in folder.steps()) == ["A first caption", "Une deuxième légende"]
    assert folder.status() == "complete"
