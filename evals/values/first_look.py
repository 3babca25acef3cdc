"""A first look at one session, or at two on the same clips: rates and means with intervals. Preliminary by design.

It does not separate values from each other or from appeal: that is the work of the estimators. Every figure is over answered
stimuli, and the other answer states are counted beside it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import fmean

from agent.protocols.base import AnswerState
from agent.trace.reader import SessionFolder
from environments.base import ActionKind
from evals.values.intervals import Interval, newcombe_paired, t_interval, wilson_interval
from personas.errors import UserError
from personas.schwartz import HIGHER_ORDER, NAMES, VALUES

__all__ = ["Comparison", "Flip", "GroupLook", "Look", "Shown", "compare", "first_look"]

MINIMUM_PER_VALUE = 10
"""Fewer clips than this say too little about one of the ten values to be printed."""


@dataclass(frozen=True)
class Shown:
    """One stimulus of a session as the first look needs it. `rating` is None where it was not asked for or not answered."""

    id: str
    caption: str
    labels: Mapping[str, float] | None
    cluster: str | None
    state: AnswerState
    action: ActionKind
    watch_fraction: float
    rating: int | None
    reason: str

    @property
    def liked(self) -> bool:
        """Whether the like was registered."""
        return self.action is ActionKind.LIKE


@dataclass(frozen=True)
class GroupLook:
    """What a session did with the clips that promote (loading > 0) one value, or one of a group; a clip may oppose another value besides.

    `mean_rating` is over those that were rated: in `staged`, those that were watched.
    """

    code: str
    name: str
    like_rate: Interval
    mean_rating: Interval | None


@dataclass(frozen=True)
class Look:
    """A first look at a session. `groups`: the four higher-order groups, then those of the ten values with enough clips."""

    session: str
    persona: str
    target: Mapping[str, float]
    shown: tuple[Shown, ...]
    like_rate: Interval | None
    groups: tuple[GroupLook, ...]

    @property
    def labelled(self) -> bool:
        """Whether any clip carries value labels, without which there is no profile."""
        return any(item.labels is not None for item in self.shown)

    def liked_most(self, n: int = 5) -> list[Shown]:
        """The liked clips, best rated and longest watched first."""
        liked = [item for item in self.shown if item.liked]
        return sorted(liked, key=lambda item: (-(item.rating or 0), -item.watch_fraction, item.id))[:n]


@dataclass(frozen=True)
class Flip:
    """A clip that two sessions treated differently."""

    id: str
    caption: str
    labels: Mapping[str, float] | None
    first: Shown
    second: Shown


@dataclass(frozen=True)
class Comparison:
    """Two sessions on the clips that both answered. `on_target`: paired difference of the like rates (first − second) on the clips that
    promote what the first persona's target holds; `overall`: on all clips. In [-1, 1]. `only_first` and `only_second` count the clips
    that only one of the two was shown."""

    paired: int
    only_first: int
    only_second: int
    agreed: int
    flips: tuple[Flip, ...]
    target: tuple[str, ...]
    on_target: Interval | None
    overall: Interval | None


def first_look(path: str | Path) -> Look:
    """The first look at a session folder. Raises UserError when it cannot be read."""
    folder = SessionFolder(Path(path))
    record = folder.record()
    try:
        persona, target = str(record["persona"]["name"]), dict(record["persona"]["target"])
    except (KeyError, TypeError, ValueError) as error:
        raise UserError(f"{folder.path}: session.json does not say which persona this was; give another session folder") from error
    shown = tuple(_shown(folder))
    answered = [item for item in shown if item.state is AnswerState.ANSWERED]
    groups = [_group(code, code.replace("_", "-").capitalize(), values, answered) for code, values in HIGHER_ORDER.items()]
    values = [_group(code, NAMES[code], (code,), answered) for code in VALUES]
    kept = [group for group in groups if group] + [group for group in values if group and group.like_rate.n >= MINIMUM_PER_VALUE]
    return Look(
        session=str(record.get("session", folder.path.name)),
        persona=persona,
        target=target,
        shown=shown,
        like_rate=wilson_interval(sum(item.liked for item in answered), len(answered)),
        groups=tuple(kept),
    )


def compare(first: Look, second: Look) -> Comparison:
    """Two sessions side by side, clip by clip."""
    other = {item.id: item for item in second.shown if item.state is AnswerState.ANSWERED}
    pairs = [(item, other[item.id]) for item in first.shown if item.state is AnswerState.ANSWERED and item.id in other]
    flips = [Flip(a.id, a.caption, a.labels, a, b) for a, b in pairs if a.action is not b.action]
    flips.sort(key=lambda flip: (-_distance(flip), flip.id))
    ids_first, ids_second = {item.id for item in first.shown}, {item.id for item in second.shown}
    target = tuple(code for code in VALUES if first.target.get(code, 0) > 0)
    on_target = [(a, b) for a, b in pairs if _promotes(a, target)]
    return Comparison(
        paired=len(pairs),
        only_first=len(ids_first - ids_second),
        only_second=len(ids_second - ids_first),
        agreed=len(pairs) - len(flips),
        flips=tuple(flips),
        target=target,
        on_target=_paired(on_target),
        overall=_paired(pairs),
    )


def _shown(folder: SessionFolder) -> Iterable[Shown]:
    for step in folder.steps():
        if step.answer is None or step.action is None:
            continue
        decision = step.answer.decision
        yield Shown(
            id=step.stimulus.id,
            caption=str(step.stimulus.text.get("caption", "")) or step.stimulus.id,
            labels=step.stimulus.labels,
            cluster=step.stimulus.cluster,
            state=step.answer.outcome,
            action=step.action.done,
            watch_fraction=step.action.watch_fraction,
            rating=decision.rating if decision else None,
            reason=decision.reason if decision else "",
        )


def _promotes(item: Shown, values: Sequence[str]) -> bool:
    return any((item.labels or {}).get(code, 0) > 0 for code in values)


def _group(code: str, name: str, values: Sequence[str], answered: Sequence[Shown]) -> GroupLook | None:
    members = [item for item in answered if _promotes(item, values)]
    like_rate = wilson_interval(sum(item.liked for item in members), len(members))
    if like_rate is None:
        return None
    return GroupLook(code, name, like_rate, t_interval([item.rating for item in members if item.rating is not None]))


def _paired(pairs: Sequence[tuple[Shown, Shown]]) -> Interval | None:
    """Difference of the like rates. Clips of one cluster (twins) are one observation: where there are any, cluster means and t."""
    clusters: dict[str, list[float]] = {}
    for a, b in pairs:
        clusters.setdefault(a.cluster or f"clip {a.id}", []).append(float(a.liked) - float(b.liked))
    if len(clusters) < len(pairs):
        by_cluster = t_interval([fmean(differences) for differences in clusters.values()])
        return None if by_cluster is None else replace(by_cluster, method="t over clusters")
    counts = Counter((a.liked, b.liked) for a, b in pairs)
    return newcombe_paired(counts[True, True], counts[True, False], counts[False, True], counts[False, False])


def _distance(flip: Flip) -> float:
    """How far apart two decisions are: a like against a skip is further than against a watch."""
    order = {ActionKind.SKIP: 0, ActionKind.WATCH: 1, ActionKind.LIKE: 2}
    ratings = abs((flip.first.rating or 0) - (flip.second.rating or 0)) / 10
    return abs(order.get(flip.first.action, 0) - order.get(flip.second.action, 0)) + ratings
