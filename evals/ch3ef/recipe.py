"""A recipe: scenario × instruction × inferencer × metrics, as a TOML file. An empty one asks every item directly, in one wording."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from agent.protocols.registry import takes_examples
from environments.decks.examples import NO_EXAMPLES, asked_examples
from environments.decks.questions import Question
from environments.request import Condition
from evals.ch3ef.taxonomy import H, domains, place_of, tasks
from personas.errors import SpecError
from personas.one_line import one_line

__all__ = ["INFERENCERS", "METRICS", "QUERIES", "TEXT_METRICS", "Instruction", "Recipe", "Scenario", "chosen", "read_recipe"]

INFERENCERS = {
    "direct": "choice",
    "chain-of-thought": "choice-steps",
    "chain": "choice-chain",
    "likelihood": "likelihood",
    "open": "open",
}
"""By name, the protocol that asks."""
QUERIES = ("standard", "pool")
METRICS = ("accuracy", "positions", "ece", "paired", "correlations")
"""Of questions with options."""
TEXT_METRICS = ("bleu", "cider", "exact", "f1", "judge")
"""Of answers in words, with a reference."""
_MOST_BYTES = 1 << 20


def _among(value: str, choices: Sequence[str], what: str) -> str:
    if value not in choices:
        raise ValueError(f"there is no {what} {one_line(value, 60)!r}; the choices are {', '.join(choices)}")
    return value


class Scenario(BaseModel):
    """Which items: those that every list given here names; at most `limit`, in the order of the file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    h: tuple[str, ...] = ()
    domains: tuple[str, ...] = ()
    tasks: tuple[str, ...] = ()
    items: tuple[str, ...] = ()
    limit: Annotated[int, Field(ge=1)] | None = None

    @field_validator("h")
    @classmethod
    def _check_h(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(_among(each, H, "h") for each in value)

    @field_validator("domains")
    @classmethod
    def _check_domains(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(_among(each, domains(), "domain") for each in value)

    @field_validator("tasks")
    @classmethod
    def _check_tasks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(place.task if (place := place_of(each)) else _among(each, tuple(tasks()), "task") for each in value)


class Instruction(BaseModel):
    """How it is put: in one wording or in every one, after answered examples or none, with which pictures."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    query: str = "standard"
    examples: str = NO_EXAMPLES
    condition: Condition = "shown"

    @field_validator("query")
    @classmethod
    def _check_query(cls, value: str) -> str:
        return _among(value, QUERIES, "query")

    @field_validator("examples")
    @classmethod
    def _check_examples(cls, value: str) -> str:
        asked_examples(value)
        return value


class Recipe(BaseModel):
    """See the module. `metrics` are what the score shows besides the four answer states, which it always shows (none given: all that the
    inferencer has). `normalise` is the rule by which `likelihood` chooses in the tables (`agent.protocols.likelihood`)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    scenario: Scenario = Scenario()
    instruction: Instruction = Instruction()
    inferencer: str = "direct"
    normalise: Literal["mean", "sum", "pmi"] = "mean"
    metrics: tuple[str, ...] = ()
    repeats: Annotated[int, Field(ge=1, le=1000)] = 1

    @field_validator("inferencer")
    @classmethod
    def _check_inferencer(cls, value: str) -> str:
        return _among(value, tuple(INFERENCERS), "inferencer")

    @field_validator("metrics")
    @classmethod
    def _check_metrics(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(_among(each, (*METRICS, *TEXT_METRICS), "metric") for each in value)

    @model_validator(mode="after")
    def _check_together(self) -> Recipe:
        fitting = TEXT_METRICS if self.inferencer == "open" else METRICS
        if wrong := [each for each in self.metrics if each not in fitting]:
            raise ValueError(
                f"metrics: metric {wrong[0]!r} does not go with inferencer {self.inferencer!r}, which has {', '.join(fitting)}"
            )
        if "normalise" in self.model_fields_set and self.inferencer != "likelihood":
            raise ValueError("normalise goes with inferencer 'likelihood' only: leave it out")
        if self.instruction.examples != NO_EXAMPLES and not takes_examples(self.protocol):
            raise ValueError(f"instruction.examples: examples do not go with inferencer {self.inferencer!r}; leave them out")
        return self

    @property
    def protocol(self) -> str:
        """What asks."""
        return INFERENCERS[self.inferencer]


def read_recipe(path: Path) -> Recipe:
    """The recipe in a TOML file. Raises SpecError in one line that names the file, the key and the choices."""
    shown = one_line(str(path), 200)
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise SpecError(f"the recipe {shown} is larger than 1 MB: a recipe is a few lines")
        data: Any = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SpecError(f"the recipe {shown} cannot be read ({error.strerror}); give a .toml file") from None
    except (ValueError, RecursionError) as error:
        raise SpecError(f"the recipe {shown} is not valid TOML: {one_line(str(error), 200)}") from None
    try:
        return Recipe.model_validate(data)
    except ValidationError as error:
        raise SpecError(f"the recipe {shown}: {_complaint(error)}") from None


def _complaint(error: ValidationError) -> str:
    faults = []
    for item in error.errors(include_url=False)[:3]:
        place = ".".join(str(part) for part in item["loc"])
        message = str(item["msg"]).removeprefix("Value error, ")
        if item["type"] == "extra_forbidden":
            message = f"there is no such key; the choices are {', '.join(_keys(item['loc']))}"
        faults.append(f"{place}: {message}" if place else message)  # what is of several fields names them itself
    return one_line("; ".join(faults), 500)


def _keys(place: Sequence[int | str]) -> list[str]:
    known: dict[str, type[BaseModel]] = {"scenario": Scenario, "instruction": Instruction}
    inside = known.get(str(place[0]), Recipe) if len(place) > 1 else Recipe
    return list(inside.model_fields)


def chosen(items: Sequence[Question], scenario: Scenario) -> list[Question]:
    """The items of the scenario, in order. Raises SpecError where none is left, or an item is named that is not there."""
    known = {item.id for item in items}
    if lacking := [name for name in scenario.items if name not in known]:
        raise SpecError(f"scenario.items: there is no item {one_line(lacking[0], 80)!r}; `python -m evals.ch3ef check` lists what there is")
    wanted = (("h", scenario.h), ("domain", scenario.domains), ("task", scenario.tasks))
    found = [
        item
        for item in items
        if all(not names or item.about.get(field) in names for field, names in wanted) and (not scenario.items or item.id in scenario.items)
    ]
    if not found:
        raise SpecError("the scenario leaves no item: widen it")
    return found[: scenario.limit]
