"""The plan of an experiment: written into its folder before anything runs, and what a later run is held against."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from agent.experiments.matrix import Planned, expanded, varied_fields
from agent.experiments.spec import PER_MODEL, ExperimentLimits, ExperimentSpec, read_experiment
from agent.preparing import versions
from agent.redaction import known_secrets, redact_all
from agent.spec import SessionSpec
from environments.canonical import content_hash
from personas.errors import SpecError, StorageFailed

__all__ = ["PLAN", "NotThisPlan", "Plan", "hold_to_plan", "make_plan", "new_name", "write_plan"]

PLAN = "experiment.json"
SCHEMA_VERSION = 1
_SHOWN = 12


class NotThisPlan(SpecError):
    """The folder of an experiment holds something else. `what` is there, for commands whose plans stand in no file: they say what to do."""

    def __init__(self, what: str, advice: str) -> None:
        super().__init__(f"{what}{advice}")
        self.what = what


@dataclass(frozen=True)
class Plan:
    """An experiment with all of its sessions."""

    experiment: ExperimentSpec
    sessions: tuple[Planned, ...]

    @property
    def name(self) -> str:
        """The experiment's name: its folder's."""
        return self.experiment.name

    @property
    def limits(self) -> ExperimentLimits:
        """Of the whole."""
        return self.experiment.limits

    @cached_property
    def variables(self) -> dict[str, list[Any]]:
        """Session fields that vary, with their values in order of appearance."""
        specs = [planned.spec for planned in self.sessions]
        return {name: _distinct([spec.model_dump(mode="json", include={name})[name] for spec in specs]) for name in varied_fields(specs)}

    @cached_property
    def constants(self) -> dict[str, Any]:
        """Session fields that are the same everywhere."""
        first = self.sessions[0].spec.model_dump(mode="json")
        return {name: value for name, value in first.items() if name not in self.variables and name not in PER_MODEL}

    @cached_property
    def models(self) -> dict[str, list[Planned]]:
        """The sessions of each model."""
        found: dict[str, list[Planned]] = {}
        for planned in self.sessions:
            found.setdefault(planned.spec.model, []).append(planned)
        return found

    @cached_property
    def hash(self) -> str:
        """Of the sessions' names and specs, personas' texts included: what the experiment is. Limits do not count."""
        return content_hash([[planned.name, planned.spec_hash] for planned in self.sessions])

    @property
    def decisions(self) -> int:
        """Stimuli at most."""
        return sum(planned.spec.videos for planned in self.sessions)

    def unpaired(self) -> int:
        """Sessions of other personas that no session of the contrast persona meets on the same clips, in the same way of asking."""
        reference = {_partner(planned.spec) for planned in self.sessions if planned.persona == self.experiment.contrast}
        others = [planned.spec for planned in self.sessions if planned.persona != self.experiment.contrast]
        return sum(_partner(spec) not in reference for spec in others)

    def record(self) -> dict[str, Any]:
        """As `experiment.json` keeps it, with what reproduces it."""
        return {
            "schema_version": SCHEMA_VERSION,
            "name": self.name,
            "hash": self.hash,
            "experiment": self.experiment.model_dump(mode="json", exclude={"limits"}),
            "constants": self.constants,
            "variables": self.variables,
            "sessions": [
                {"name": planned.name, "spec_hash": planned.spec_hash}
                | planned.spec.model_dump(mode="json", include=set(self.variables) | {"model", "persona", "seed"})
                for planned in self.sessions
            ],
            "reproducibility": {"versions": versions(), "git": _git_state(), "created_at": round(time.time(), 3)},
        }


def make_plan(path: Path) -> Plan:
    """The plan of the experiment in a TOML file. Raises SpecError."""
    experiment = read_experiment(path)
    return Plan(experiment, expanded(experiment, path.parent))


def _distinct(values: Sequence[Any]) -> list[Any]:
    return list({repr(value): value for value in values}.values())


def _partner(spec: SessionSpec) -> str:
    """What two sessions of one contrast have in common: all but who is played and in which wording."""
    return spec.model_dump_json(exclude={"persona", "paraphrase", "phases"})


def write_plan(plan: Plan, folder: Path) -> None:
    """Write the plan before anything runs; one that is there stays. Raises StorageFailed."""
    target = folder / PLAN
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if target.exists():
            return
        aside = folder / f".{PLAN}.{os.getpid()}.part"
        text = json.dumps(redact_all(plan.record(), known_secrets()), indent=1, ensure_ascii=False)
        aside.write_text(text + "\n", encoding="utf-8")
        aside.replace(target)
    except OSError as error:
        raise StorageFailed(f"cannot write {folder}: {error.strerror}; mend it or choose another --runs") from error


def hold_to_plan(plan: Plan, folder: Path) -> bool:
    """Whether the experiment of this folder is this plan; False where the folder holds none yet.

    Raises NotThisPlan, where it holds another one with the differences, and what the user of a file can do.
    """
    target = folder / PLAN
    if not target.exists():
        if folder.is_dir() and any(not path.name.startswith(f".{PLAN}.") for path in folder.iterdir()):  # those: a plan that was cut off
            raise NotThisPlan(f"{folder} holds something else than an experiment", ": choose another --runs, or another name in the file")
        return False
    try:
        old = json.loads(target.read_text(encoding="utf-8"))
        before = str(old["hash"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise NotThisPlan(f"{target} cannot be read ({error})", "; restore it, or start a new experiment with --new") from None
    if before == plan.hash:
        return True
    raise NotThisPlan(
        f"{folder} is another experiment than is asked for now: {differences(old, plan)}",
        ". Change the file back, or run it beside the old one with --new",
    )


def differences(old: Mapping[str, Any], plan: Plan) -> str:
    """What a plan changes, in words: fields first, then how many sessions are the same, new and gone."""
    before = dict(old.get("constants", {})) | dict(old.get("variables", {}))
    after = plan.constants | plan.variables
    told = [f"{name} {_brief(before.get(name))} → {_brief(after[name])}" for name in after if before.get(name) != after[name]]
    reached = old.get("experiment", {}).get("models", {})
    now_reached = plan.experiment.model_dump(mode="json")["models"]
    changed = [model for model in now_reached if _address(reached.get(model)) != _address(now_reached[model])]
    told += [f"{model} is reached another way (base_url, serve or options)" for model in changed]
    then = {each.get("spec_hash") for each in old.get("sessions", [])}
    now = {planned.spec_hash for planned in plan.sessions}
    if not told:
        told.append("a persona's text has changed, or the sessions have")
    return f"{'; '.join(told[:_SHOWN])} ({len(now & then)} sessions stay, {len(now - then)} are new, {len(then - now)} gone)"


def _address(settings: Mapping[str, Any] | None) -> list[Any]:
    """What of a model's settings is part of the sessions."""
    return [(settings or {}).get(name) or None for name in ("base_url", "serve", "options")]


def _brief(value: Any) -> str:
    """A value or a list of them in a few words."""
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 100 else f"{text[:97]}…"


def new_name(name: str, runs: Path) -> str:
    """The next free name for another experiment of that name: name-002, …"""
    number = 2
    while (runs / f"{name}-{number:03d}").exists():
        number += 1
    return f"{name}-{number:03d}"


def _git_state() -> dict[str, Any] | None:
    """Commit of the working folder and whether it has changes; None outside a repository."""
    try:
        commit = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True, timeout=10, check=False)  # noqa: S607
        if commit.returncode:
            return None
        changed = subprocess.run(["git", "status", "--porcelain"], capture_output=True, text=True, timeout=30, check=False)  # noqa: S607
    except (OSError, subprocess.TimeoutExpired):
        return None
    return {"commit": commit.stdout.strip(), "changed": bool(changed.stdout.strip())}
