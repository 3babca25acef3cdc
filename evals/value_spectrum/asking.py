"""What is to be run, as experiments of the engine: every image once in a context of its own; the same as texts; or phases on a feed that
adapts. Names follow from what is asked, so that the same command carries on and pays for nothing twice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agent.experiments.plan import Plan
from environments.canonical import content_hash
from evals.running import Asked, planned
from evals.value_spectrum.pools import FOLDER, Batch, Source
from personas.errors import SpecError

__all__ = ["AFTER", "BEFORE", "CONTROL", "TRAIN", "Induced", "Wanted", "image_plan", "induced_plan", "run_name", "text_plan"]

CONTROL = "default"
"""Who browses in a control twin, and evaluates before anybody has browsed."""
BEFORE, TRAIN, AFTER = "before", "train", "after"
"""The phases of `--induced`."""
CELLS = 6


@dataclass(frozen=True)
class Wanted:
    """Whom to ask, and how."""

    asked: Asked
    personas: tuple[str, ...] = (CONTROL,)
    strategy: str = "none"
    frames: int = 1
    cells: str = "rotate"
    seed: int = 0
    batch: int = 50

    @property
    def protocol(self) -> str:
        """The three questions; or the questionnaire that a strategy asks, which is one of a feed."""
        return "feed" if self.strategy in {"simple", "isq"} else "spectrum"

    def told(self) -> object:
        """All of it, for a hash."""
        personas = [str(Path(name).resolve()) if name.endswith(".toml") else name for name in self.personas]
        how = [self.strategy, self.frames, self.cells, self.seed, self.batch]
        return [list(self.asked.models), personas, how, dict(self.asked.addresses), dict(self.asked.options)]


@dataclass(frozen=True)
class Induced:
    """How long a persona browses, how many held-out videos each evaluation shows, and how many pairs of sessions there are."""

    train: int = 60
    evaluate: int = 20
    pairs: int = 6


def run_name(given: str | None, wanted: Wanted, sources: Sequence[Source], induced: Induced | None = None) -> str:
    """The name of a run: as given, else from what is asked."""
    if given is not None:
        return given
    told = content_hash([wanted.told(), [source.told() for source in sources], None if induced is None else vars(induced)])
    return f"{'spectrum' if induced is None else 'induced'}-{sources[0].stem}-{told[:8]}"


def image_plan(name: str, wanted: Wanted, sources: Sequence[Source], batches: Sequence[Batch], folder: Path) -> Plan:
    """Every image of the sources, in sessions of the batches where there are any, else of the feed as it is."""
    shown = _feeds(batches, folder) if batches else [(source.feed, source.videos) for source in sources]
    return _plan(name, wanted, [_block(wanted, wanted.asked.models, wanted.personas, shown)], "do you like it, why, what does it show")


def text_plan(name: str, wanted: Wanted, batches: Mapping[tuple[str, str], Sequence[Batch]], folder: Path) -> Plan:
    """The descriptions in place of the images: each respondent, (model, persona), is asked about its own."""
    blocks = [_block(wanted, (model,), (persona,), _feeds(each, folder)) for (model, persona), each in batches.items() if each]
    if not blocks:
        raise SpecError("no answer holds a description of what was shown, so there is nothing to put in place of the images")
    return _plan(name, wanted, blocks, "the same, the image replaced by the model's own description")


def induced_plan(name: str, wanted: Wanted, source: Source, induced: Induced) -> Plan:
    """Evaluation as nobody in particular, browsing as the persona on the adaptive feed, evaluation as the persona; each with its twin.

    Raises SpecError where there is no persona, or no strategy that asks about a feed.
    """
    personas = [persona for persona in wanted.personas if persona != CONTROL]
    if not personas:
        raise SpecError(f"--induced is about browsing as a persona: give --persona with another one than {CONTROL}")
    if wanted.protocol != "feed":
        raise SpecError(f"--induced asks on a feed: give --strategy simple or isq, not {wanted.strategy}")
    phases = [
        {"name": BEFORE, "videos": induced.evaluate, "persona": CONTROL, "learn": False, "held_out": True},
        {"name": TRAIN, "videos": induced.train},
        {"name": AFTER, "videos": induced.evaluate, "learn": False, "held_out": True},
    ]
    block = {
        "model": list(wanted.asked.models),
        "persona": personas,
        "seed": [wanted.seed + number for number in range(induced.pairs)],
        "feed": source.feed if source.pool is None else str(Path(source.feed).resolve()),
        "policy": "adaptive",
        "phases": phases,
        "control": CONTROL,
    }
    return _plan(name, wanted, [block], "what browsing as a persona on the adaptive feed does to the yes-rate")


def _feeds(batches: Sequence[Batch], folder: Path) -> list[tuple[str, int]]:
    return [(str(folder.resolve() / FOLDER / batch.file), batch.videos) for batch in batches]


def _block(wanted: Wanted, models: Sequence[str], personas: Sequence[str], shown: Sequence[tuple[str, int]]) -> dict[str, Any]:
    block: dict[str, Any] = {"model": list(models), "persona": list(personas), "seed": wanted.seed}
    block |= {"feed": [feed for feed, _ in shown], "videos": [videos for _, videos in shown], "together": [["feed", "videos"]]}
    return block | ({"cell": list(range(CELLS))} if wanted.cells == "all" else {})


def _plan(name: str, wanted: Wanted, blocks: list[dict[str, Any]], summary: str) -> Plan:
    """Raises SpecError."""
    common = {"protocol": wanted.protocol, "strategy": wanted.strategy, "frames": wanted.frames}
    return planned(name, summary, common, blocks, wanted.asked.only(model for block in blocks for model in block["model"]))
