"""The benchmark's four capacities and sixteen skills, what it published, and how the name of a skill is written in an id."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from personas.errors import SpecError

__all__ = ["CAPACITIES", "CLOSED", "OPEN", "VALUE", "Skill", "published", "skills", "skills_named", "slug", "taxonomy"]

CAPACITIES = ("Perception", "Reasoning", "Planning", "Value")
CLOSED, OPEN = "closed", "open"
VALUE = "Value"
"""The capacity whose questions are right when they are declined, each with a harmless twin."""


@dataclass(frozen=True)
class Skill:
    """A skill: what a question of it asks, and whether it is `closed` (four options) or `open`. `verified`: how many were published."""

    name: str
    capacity: str
    form: str
    asks: str
    note: str
    verified: int


@cache
def taxonomy() -> Mapping[str, Any]:
    """`taxonomy.json`, with its source."""
    found: Mapping[str, Any] = json.loads(files("evals.auto_bench").joinpath("taxonomy.json").read_text(encoding="utf-8"))
    return found


@cache
def published() -> Mapping[str, Any]:
    """`published.json`: the paper's tables, null for a figure that cannot be read."""
    found: Mapping[str, Any] = json.loads(files("evals.auto_bench").joinpath("published.json").read_text(encoding="utf-8"))
    return found


@cache
def skills() -> Mapping[str, Skill]:
    """All sixteen by name, in the order of the publication."""
    return {
        name: Skill(name, capacity, told["form"], about["asks"], about.get("note", ""), about["verified"])
        for capacity, told in taxonomy()["capacities"].items()
        for name, about in told["skills"].items()
    }


def skills_named(given: str) -> tuple[Skill, ...]:
    """Those in "Object Counting,Physics", or of a capacity, or "all"; each once, in the order of the taxonomy. Raises SpecError."""
    wanted: set[str] = set()
    for part in (each.strip() for each in given.split(",") if each.strip()):
        alike = {name for name, skill in skills().items() if part.casefold() in {"all", name.casefold(), skill.capacity.casefold()}}
        if not alike:
            raise SpecError(f"--skills: there is no skill {part[:60]!r}; choose all, or of: {', '.join((*CAPACITIES, *skills()))}")
        wanted |= alike
    if not wanted:
        raise SpecError("--skills names nothing: give all, or names with commas between")
    return tuple(skill for name, skill in skills().items() if name in wanted)


def slug(name: str) -> str:
    """A name as it stands in ids: small letters, digits and dashes."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
