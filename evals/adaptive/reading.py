"""Sessions of adaptive feeds as they ran: who was played in each phase, what was shown with which propensity, what was answered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agent.protocols.base import AnswerState
from agent.trace.events import ActionEvent, AnswerEvent, ProblemEvent, StimulusEvent
from agent.trace.reader import SessionFolder, find_sessions
from environments.base import ActionKind
from environments.canonical import canonical_json
from personas.errors import UserError
from personas.one_line import one_line

__all__ = ["PhaseRun", "Player", "SessionRun", "Shown", "read_sessions"]


@dataclass(frozen=True)
class Player:
    """A persona as it was played."""

    name: str
    text: str
    target: Mapping[str, float]


@dataclass(frozen=True)
class Shown:
    """One clip at its place. `like` and `rating` (0 to 5) are None where there was no answer; `gone` is what could not be shown by then."""

    step: int
    item: str
    cluster: str | None
    propensity: float | None
    labels: Mapping[str, float] | None
    state: AnswerState
    like: float | None
    rating: float | None
    gone: frozenset[str]


@dataclass(frozen=True)
class PhaseRun:
    """A phase as far as it ran. A session without phases is one phase without a name, from which the recommender learns."""

    name: str
    start: int
    videos: int
    learn: bool
    held_out: bool
    policy: str
    player: Player
    shown: tuple[Shown, ...]


@dataclass(frozen=True)
class SessionRun:
    """A session. `design` is everything that a control twin has in common with it; `study` the same without seed and repeat."""

    name: str
    model: str
    seed: int
    feed: str
    fingerprint: str | None
    memory: str
    synthetic: bool
    complete: bool
    phased: bool
    phases: tuple[PhaseRun, ...]
    design: str
    study: str
    created_at: float

    @property
    def shown(self) -> tuple[Shown, ...]:
        """Everything that was shown, in order."""
        return tuple(one for phase in self.phases for one in phase.shown)

    @property
    def players(self) -> tuple[str, ...]:
        """The personas of the phases, in order."""
        return tuple(phase.player.name for phase in self.phases)


def read_sessions(paths: Sequence[str | Path]) -> tuple[list[SessionRun], list[str]]:
    """Sessions with phases and other sessions of an adaptive feed in these run or session folders, with sentences about the others.

    Raises UserError when there is none with a decision.
    """
    folders = {folder.path.resolve(): folder for path in paths for folder in find_sessions(Path(path))}
    runs: list[SessionRun] = []
    problems: list[str] = []
    plain = 0
    for folder in folders.values():
        try:
            record = folder.record()
            if not _adaptive(record):
                plain += 1
                continue
            run = _session(folder, record)
        except (KeyError, TypeError, ValueError, AttributeError):
            problems.append(f"Session {one_line(folder.path.name)} is left out: its session.json does not say what was run.")
            continue
        except UserError as error:
            problems.append(f"A session is left out: {error}.")
            continue
        if run.shown:
            runs.append(run)
        else:
            problems.append(f"Session {run.name} is left out: it has no decision yet.")
        if run.shown and not run.complete:
            problems.append(f"Session {run.name} is not complete: it is used as far as it got.")
    if plain:
        problems.append(f"{plain} session{'s' * (plain > 1)} without phases and with a fixed order left out.")
    if not runs:
        raise UserError(
            f"there is no session of an adaptive feed with decisions in {', '.join(one_line(str(path), 80) for path in paths)}; "
            "run sessions with phases, or with --policy adaptive (docs/adaptive.md)"
        )
    return sorted(runs, key=lambda run: (run.study, run.seed, run.created_at, run.name)), problems


def _adaptive(record: Mapping[str, Any]) -> bool:
    spec = record["spec"]
    return bool(spec.get("phases")) or (spec.get("policy") == "adaptive" and spec.get("environment", "simulated") == "simulated")


def _session(folder: SessionFolder, record: Mapping[str, Any]) -> SessionRun:
    spec, played = record["spec"], record["persona"]
    phases = [*played.get("phases", ())]
    whole = {"name": "", "videos": spec["videos"], "learn": True, "policy": spec.get("policy", "balanced"), "persona": played}
    shown = _shown(folder)
    runs, start = [], 0
    for phase in phases or [whole]:
        end = start + int(phase["videos"])
        runs.append(
            PhaseRun(
                name=one_line(str(phase["name"])),
                start=start,
                videos=end - start,
                learn=bool(phase["learn"]),
                held_out=bool(phase.get("held_out", False)),
                policy=str(phase["policy"]),
                player=_player(phase["persona"]),
                shown=tuple(one for one in shown if start <= one.step < end),
            )
        )
        start = end
    same = _common(spec) | {"feed_fingerprint": record.get("feed_fingerprint")}
    return SessionRun(
        name=one_line(str(record.get("session", folder.path.name))),
        model=one_line(str(spec["model"]), None),
        seed=int(spec.get("seed", 0)),
        feed=str(spec.get("feed", "catalogue")),
        fingerprint=record.get("feed_fingerprint"),
        memory=str(spec.get("memory", "none")),
        synthetic=str(spec["model"]).startswith("planted/"),
        complete=folder.status() == "complete",
        phased=bool(phases),
        phases=tuple(runs),
        design=canonical_json(same),
        study=canonical_json({name: value for name, value in same.items() if name not in {"seed", "repeat"}}),
        created_at=float(record.get("created_at", 0.0)),
    )


def _common(spec: Mapping[str, Any]) -> dict[str, Any]:
    """The spec without its personas."""
    kept = {name: value for name, value in spec.items() if name not in {"persona", "phases"}}
    return kept | {"phases": [{name: value for name, value in phase.items() if name != "persona"} for phase in spec.get("phases") or ()]}


def _player(played: Mapping[str, Any]) -> Player:
    target = {str(code): float(weight) for code, weight in played["target"].items()}
    return Player(one_line(str(played["name"]), None), str(played.get("text", "")), target)


def _shown(folder: SessionFolder) -> list[Shown]:
    """The steps that were answered or given up, with what could not be shown by then."""
    found: list[Shown] = []
    gone: set[str] = set()
    stimulus: StimulusEvent | None = None
    answer: AnswerEvent | None = None
    for event in folder.events():
        if isinstance(event, ProblemEvent):
            gone.add(event.name)
        elif isinstance(event, StimulusEvent):
            stimulus, answer = event, None
        elif isinstance(event, AnswerEvent) and event.final:
            answer = event
        elif isinstance(event, ActionEvent) and stimulus is not None:
            if answer is not None:
                found.append(_one(stimulus, answer, frozenset(gone)))
            stimulus = None
    return found


def _one(stimulus: StimulusEvent, answer: AnswerEvent, gone: frozenset[str]) -> Shown:
    decision = answer.decision if answer.outcome is AnswerState.ANSWERED else None
    return Shown(
        step=stimulus.step,
        item=stimulus.id,
        cluster=stimulus.cluster,
        propensity=stimulus.propensity,
        labels=stimulus.labels,
        state=answer.outcome,
        like=None if decision is None else float(decision.action is ActionKind.LIKE),
        rating=None if decision is None or decision.rating is None else float(decision.rating),
        gone=gone,
    )
