"""What is to be run: a session for each deck, model, repeat and wording. The name follows from what is asked, so that the same command
carries on and pays for nothing twice.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agent.experiments.plan import Plan
from environments.canonical import content_hash
from evals.culture.conditions import CONDITIONS, Condition
from evals.culture.decks import FOLDER, Design
from evals.culture.survey import Survey
from evals.running import Asked, planned
from personas.errors import SpecError
from personas.one_line import one_line

__all__ = ["CELLS", "Wanted", "checked_conditions", "checked_countries", "listed", "plan_of", "run_name"]

CELLS = 3
"""Wordings of the protocol `choice`."""


@dataclass(frozen=True)
class Wanted:
    """Whom to ask, and how often: `repeats` is even, since a scale is shown forwards and backwards in turn."""

    asked: Asked
    repeats: int = 2
    all_cells: bool = False
    seed: int = 0


_PROBED = ("vllm", "compatible", "llamacpp")
"""Providers whose replies can carry the log-probabilities of options."""


class WithLogprobs(Asked):
    """Models as they are asked here: for log-probabilities where there are any, unless `--model-option logprobs=false` is given."""

    @property
    def settings(self) -> dict[str, Any]:
        """As `Asked.settings`."""
        found = super().settings
        for model in self.models:
            if model.partition("/")[0] in _PROBED and "logprobs" not in self.options:
                given = found.get(model, {})
                found[model] = given | {"options": {**given.get("options", {}), "logprobs": "true"}}
        return found


def run_name(given: str | None, wanted: Wanted, design: Design) -> str:
    """The name of a run: as given, else from what is asked."""
    if given is not None:
        return given
    asked = wanted.asked
    how = [list(asked.models), dict(asked.addresses), dict(asked.options), wanted.repeats, wanted.all_cells, wanted.seed]
    return f"culture-{content_hash([design.hash, how])[:8]}"


def plan_of(name: str, wanted: Wanted, design: Design, folder: Path) -> Plan:
    """Every deck, as often as wanted. `folder`: the run's, in which the decks lie. Raises SpecError."""
    block: dict[str, Any] = {
        "model": list(wanted.asked.models),
        "feed": [str(folder / FOLDER / deck.file) for deck in design.decks],
        "videos": [len(deck.items) for deck in design.decks],
        "together": [["feed", "videos"]],
        "cell": list(range(CELLS)) if wanted.all_cells else 0,
        "repeats": wanted.repeats,
        "seed": wanted.seed,
    }
    common = {"environment": "deck", "protocol": "choice", "strategy": "none"}
    asked = WithLogprobs(wanted.asked.models, wanted.asked.addresses, wanted.asked.options)
    return planned(name, f"cultural values: {', '.join(design.conditions)}", common, [block], asked)


def listed(given: str, option: str) -> list[str]:
    """Names with commas between; one that holds a comma in quotes. Raises SpecError where there is none."""
    found = [part.strip() for row in csv.reader([given], skipinitialspace=True) for part in row if part.strip()]
    if not found:
        raise SpecError(f"{option} names nothing: give one, or several with commas between")
    return list(dict.fromkeys(found))


def checked_countries(given: str | None, survey: Survey) -> tuple[str, ...]:
    """The countries that are asked about, all where none is named. Raises SpecError for one that the survey has no answers of."""
    if given is None:
        return survey.countries
    known = {country.casefold(): country for country in survey.countries}
    found = []
    for name in listed(given, "--countries"):
        if name.casefold() not in known:
            choices = one_line(", ".join(survey.countries), 300)
            raise SpecError(f"--countries: the survey has no answers from {name[:60]!r}; it has {choices}")
        found.append(known[name.casefold()])
    return tuple(dict.fromkeys(found))


def checked_conditions(given: str) -> tuple[Condition, ...]:
    """The conditions in their usual order. Raises SpecError for an unknown one."""
    names: Sequence[str] = listed(given, "--conditions")
    for name in names:
        if name not in CONDITIONS:
            raise SpecError(f"--conditions: there is no {name[:40]!r}; choose from {', '.join(CONDITIONS)}")
    return tuple(condition for condition in CONDITIONS if condition in names)
