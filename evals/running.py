"""What commands that ask models share: names of models as they are typed, settings, one experiment run or estimated."""

from __future__ import annotations

import argparse
import contextlib
import json
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from personas.errors import SpecError
from personas.one_line import one_line

if TYPE_CHECKING:
    from agent.experiments.plan import Plan
    from agent.experiments.running import Result

__all__ = ["Asked", "dry_run", "listed_models", "option_pairs", "own_name", "planned", "run_plan"]


@dataclass(frozen=True)
class Asked:
    """Models in order, base URLs by model, and what all providers take besides."""

    models: tuple[str, ...]
    addresses: Mapping[str, str] = field(default_factory=dict)
    options: Mapping[str, str] = field(default_factory=dict)

    @property
    def settings(self) -> dict[str, Any]:
        """How the models are reached, as `ExperimentSpec.models` takes it."""
        found: dict[str, Any] = {}
        for model in self.models:
            given: dict[str, Any] = {"base_url": self.addresses[model]} if model in self.addresses else {}
            if self.options:
                given["options"] = dict(self.options)
            if given:
                found[model] = given
        return found

    def only(self, models: Iterable[str]) -> Asked:
        """These of the models, each once, reached as before."""
        return replace(self, models=tuple(dict.fromkeys(models)))


def listed_models(given: str, options: Sequence[str] | None = None) -> Asked:
    """The models of "PROVIDER/NAME,PROVIDER/NAME@URL", each once, and KEY=VALUE options. Raises SpecError."""
    models, addresses = [], {}
    for part in given.split(","):
        if not part.strip():
            continue
        name, at, rest = part.strip().partition("@http")
        models.append(name)
        if at:
            addresses[name] = f"http{rest}"
        elif "://" in name:
            raise SpecError(f"--model {one_line(name, 80)!r}: a URL begins with http:// or https://")
    if not models:
        raise SpecError("--model names nothing: give one, or several with commas between")
    if len(set(models)) < len(models):
        raise SpecError("--model names a model twice: name each once")
    return Asked(tuple(models), addresses, option_pairs(options or ()))


def option_pairs(given: Sequence[str]) -> dict[str, str]:
    """KEY=VALUE options. Raises SpecError."""
    found = {}
    for pair in given:
        key, equals, value = pair.partition("=")
        if not equals or not key:
            raise SpecError(f"--model-option takes KEY=VALUE, such as temperature=0, not {pair[:60]!r}")
        if key in found:
            raise SpecError(f"--model-option {key[:60]} is given twice: give it once")
        found[key] = value
    return found


def planned(name: str, summary: str, common: Mapping[str, Any], cross: Sequence[Mapping[str, Any]], asked: Asked) -> Plan:
    """An experiment in memory, with all its sessions. Raises SpecError."""
    from pydantic import ValidationError  # noqa: PLC0415 - what runs loads when used

    from agent.experiments.matrix import expanded  # noqa: PLC0415
    from agent.experiments.plan import Plan  # noqa: PLC0415
    from agent.experiments.spec import ExperimentSpec  # noqa: PLC0415
    from agent.spec import complaint  # noqa: PLC0415

    try:
        experiment = ExperimentSpec.model_validate(
            {"name": name, "summary": summary, "common": dict(common), "cross": [dict(each) for each in cross], "models": asked.settings}
        )
    except ValidationError as error:
        raise SpecError(complaint(error)) from error
    try:
        return Plan(experiment, expanded(experiment, Path.cwd()))
    except SpecError as error:  # which block it is says nothing to who wrote none
        raise SpecError(re.sub(r"^block \d+ of \[\[cross\]\]: ", "", str(error))) from error


def run_plan(plan: Plan, options: argparse.Namespace, command: str, before: Callable[[Path], None] | None = None) -> Result:
    """Run what is left of an experiment in `options.runs`, under the limits of `add_run_options`.

    `before` may write into the experiment's folder, once it is ours. `command`: what to do next, told at the end with the folder behind it.
    """
    from rich.console import Console  # noqa: PLC0415

    from agent.experiments.command import limited, run_with_view  # noqa: PLC0415
    from agent.experiments.printing import print_result  # noqa: PLC0415
    from agent.experiments.running import Sweep  # noqa: PLC0415

    runs = Path(options.runs).resolve()
    with own_name():
        sweep = Sweep(limited(plan, options), runs, workers=options.workers, concurrency=options.concurrency, verbose=options.verbose)
    if before is not None:
        before(sweep.folder)
    result = run_with_view(sweep, quiet=options.quiet)
    print_result(result, Console(stderr=True, soft_wrap=True), f"{command} {result.folder}")
    return result


@contextlib.contextmanager
def own_name(advice: str = "give another --name, or ask what was asked there") -> Iterator[None]:
    """Where the folder of a run holds something else: what to do, since no file says what is asked. Raises SpecError."""
    from agent.experiments.plan import NotThisPlan  # noqa: PLC0415

    try:
        yield
    except NotThisPlan as error:
        raise SpecError(f"{error.what}; {advice}") from error


def dry_run(plan: Plan, options: argparse.Namespace, sessions: int | None = None) -> int:
    """Print the plan; nothing is written. `sessions`: how many it is asked in, where that is not the plan's number. Returns 0."""
    from rich.console import Console  # noqa: PLC0415

    from agent.experiments.estimate import estimates  # noqa: PLC0415
    from agent.experiments.printing import print_plan  # noqa: PLC0415

    found = estimates(plan)
    if options.json:
        models = [asdict(each) | {"usd": None if each.usd is None else str(each.usd)} for each in found]
        about = {
            "name": plan.name,
            "sessions": len(plan.sessions) if sessions is None else sessions,
            "decisions": plan.decisions,
            "models": models,
        }
        sys.stdout.write(json.dumps(about, ensure_ascii=False) + "\n")
        return 0
    print_plan(plan, found, [], Console(width=None if sys.stdout.isatty() else 140, highlight=False))
    return 0
