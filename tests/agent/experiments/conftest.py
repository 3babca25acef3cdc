"""Experiments small enough for tests: three clips, scripted and planted respondents; and one that takes long enough to be killed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from agent.experiments.plan import Plan, make_plan
from tests.conftest import make_video

SMALL = """
name = "small"
[common]
feed = "catalogue"
videos = 3
[[cross]]
model = ["scripted/like", "planted/persona"]
persona = ["default", "hedonist"]
together = [["cell", "seed"]]
cell = [0, 1]
seed = [7, 8]
"""


LONG = """
name = "small"
[common]
feed = "{feed}"
videos = 80
[[cross]]
model = ["scripted/like", "scripted/mixed"]
persona = ["default", "hedonist"]
together = [["cell", "seed"]]
cell = [0, 1]
seed = [7, 8]
"""


@pytest.fixture(scope="session")
def long(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The text of an experiment of eight sessions, each of 80 clips that are quickly made and looked at: those of the catalogue are not."""
    folder = tmp_path_factory.mktemp("eighty")
    for number in range(80):
        make_video(folder / f"{number}.mp4", 3 * number, 0.5)
    return LONG.format(feed=folder)


@pytest.fixture
def experiment(tmp_path: Path) -> Callable[..., Path]:
    """Writes an experiment file and gives its path."""

    def write(text: str = SMALL, name: str = "small.toml") -> Path:
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return write


@pytest.fixture
def plan(experiment: Callable[..., Path]) -> Callable[..., Plan]:
    """The plan of an experiment's text."""

    def make(text: str = SMALL, **replace: Any) -> Plan:
        for old, new in replace.items():
            text = text.replace(old, new)
        return make_plan(experiment(text))

    return make
