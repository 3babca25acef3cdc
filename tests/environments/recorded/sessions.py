"""Watching an environment in the tests, and reading what was recorded without the product's own reader."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from environments.base import Action, ActionKind, Environment, PastStep, Stimulus

SKIP = Action(ActionKind.SKIP, 0.1)


async def watch(
    environment: Environment, history: Sequence[PastStep] = (), steps: int = 100, action: Action = SKIP
) -> tuple[list[Stimulus], list[PastStep]]:
    """Opens, watches up to `steps`, closes. What was shown, and the whole history."""
    await environment.open(history)
    shown: list[Stimulus] = []
    past = list(history)
    while len(shown) < steps and (stimulus := await environment.observe()):
        shown.append(stimulus)
        past.append(PastStep(stimulus.id, action, await environment.act(action)))
    await environment.close()
    return shown, past


def written(folder: Path) -> list[dict[str, Any]]:
    """The items of a recording as plain JSON."""
    return [json.loads(line) for line in (folder / "feed.jsonl").read_bytes().splitlines()[1:]]


def rewrite(folder: Path, number: int, **changes: Any) -> None:
    """Change fields of the item on line `number` (2 is the first)."""
    lines = (folder / "feed.jsonl").read_text(encoding="utf-8").splitlines()
    lines[number - 1] = json.dumps(json.loads(lines[number - 1]) | changes)
    (folder / "feed.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")


def pictures(stimuli: Sequence[Stimulus]) -> list[tuple[Any, ...]]:
    """What a respondent sees of each, and how long it is."""
    return [(each.id, each.text, each.frames, each.duration_s, each.source, each.ad) for each in stimuli]
