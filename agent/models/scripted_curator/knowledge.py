"""What is known of things by name: kinds, actions, uses, and the questions of reasoning and value. From `knowledge.toml`."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

__all__ = ["Decline", "Fact", "Knowledge", "knowledge"]


@dataclass(frozen=True)
class Fact:
    """A question of reasoning about any of `things`; the first of `options` is right."""

    skill: str
    things: frozenset[str]
    question: str
    options: tuple[str, ...]
    why: str


@dataclass(frozen=True)
class Decline:
    """A request that has to be declined, about any of `things` (none: about any picture), and the words to do it."""

    skill: str
    things: frozenset[str]
    question: str
    answer: str
    why: str


@dataclass(frozen=True)
class Knowledge:
    """`kinds`: by name of a thing; `steps`: goal, right and wrong steps by setting."""

    kinds: Mapping[str, str]
    actions: Mapping[str, str]
    uses: Mapping[str, str]
    next: Mapping[str, str]
    steps: Mapping[str, tuple[str, str, str]]
    facts: tuple[Fact, ...]
    declines: tuple[Decline, ...]


@cache
def knowledge() -> Knowledge:
    """All of it."""
    data = tomllib.loads(files("agent.models.scripted_curator").joinpath("knowledge.toml").read_text(encoding="utf-8"))
    return Knowledge(
        {name: kind for kind, names in data["kinds"].items() for name in _names(names)},
        data["actions"],
        data["uses"],
        data["next"],
        {setting: (steps[0], steps[1], steps[2]) for setting, steps in data["steps"].items()},
        tuple(Fact(each["skill"], _names(each["things"]), each["question"], tuple(each["options"]), each["why"]) for each in data["fact"]),
        tuple(Decline(each["skill"], _names(each["things"]), each["question"], each["answer"], each["why"]) for each in data["decline"]),
    )


def _names(text: str) -> frozenset[str]:
    return frozenset(name.strip() for name in text.split(",") if name.strip())
