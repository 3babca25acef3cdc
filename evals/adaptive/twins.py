"""Control twins: what browsing as a persona did to a feed, against the same session in which the control persona browsed.

A twin is a session equal in all but the personas of its phases: the control persona plays each phase that the recommender learns from,
and the probes are played by whoever plays them in the other session.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import fmean

from evals.adaptive.reading import PhaseRun, SessionRun, Shown
from evals.values.intervals import Interval, t_interval, wilson_interval

__all__ = ["Change", "Group", "Pair", "find_pairs", "groups_of", "probe_changes", "two_rates"]


@dataclass(frozen=True)
class Pair:
    """A session and its control twin."""

    treated: SessionRun
    control: SessionRun

    @property
    def stained(self) -> tuple[int, ...]:
        """The numbers of the phases that another persona than the control's played and the recommender learnt from."""
        return tuple(
            number
            for number, (one, other) in enumerate(zip(self.treated.phases, self.control.phases, strict=True))
            if one.learn and one.player.name != other.player.name
        )


@dataclass(frozen=True)
class Group:
    """Pairs that are repeats of one comparison: the same in all but seed and repeat."""

    name: str
    personas: tuple[str, ...]
    pairs: tuple[Pair, ...]


@dataclass(frozen=True)
class Change:
    """By how much the outcome of a probe differs from the control twins', with both means."""

    group: str
    phase: str
    channel: str
    treated: float
    control: float
    change: Interval
    pairs: int
    held_out: bool


def find_pairs(runs: Sequence[SessionRun], control: str) -> tuple[list[Pair], list[str]]:
    """Every session with phases and its twin, and sentences about those without one."""
    by_design: dict[str, list[SessionRun]] = defaultdict(list)
    for run in runs:
        if run.phased:
            by_design[run.design].append(run)
    pairs, alone = [], []
    for members in by_design.values():
        controls = [run for run in members if _is_control(run, control)]
        used: dict[str, int] = defaultdict(int)
        for run in members:
            if _is_control(run, control):
                continue
            fitting = [other for other in controls if _same_probes(run, other)]
            key = " ".join(run.players)
            if used[key] >= len(fitting):
                alone.append(run.name)
                continue
            pairs.append(Pair(run, fitting[used[key]]))
            used[key] += 1
    told = f"{len(alone)} session{'s' * (len(alone) > 1)} without a control twin ({', '.join(alone[:4])}{' …' if len(alone) > 4 else ''})"
    advice = f"run the same session with persona {control!r} in the phases that are learnt from"
    return pairs, [f"{told}: {advice}."] if alone else []


def _is_control(run: SessionRun, control: str) -> bool:
    return all(phase.player.name == control for phase in run.phases if phase.learn)


def _same_probes(run: SessionRun, other: SessionRun) -> bool:
    pairs = zip(run.phases, other.phases, strict=True)
    return all((one.player.name, one.player.text) == (two.player.name, two.player.text) for one, two in pairs if not one.learn)


def groups_of(pairs: Sequence[Pair]) -> list[Group]:
    """Pairs by model and personas, in order, each group named so that no two share a name."""
    found: dict[tuple[str, tuple[str, ...]], list[Pair]] = defaultdict(list)
    for pair in pairs:
        found[pair.treated.study, pair.treated.players].append(pair)
    names = [f"{members[0].treated.model} · {' → '.join(players)}" for (_, players), members in found.items()]
    return [
        Group(name if names.count(name) == 1 else f"{name} ({names[: number + 1].count(name)})", players, tuple(members))
        for number, (name, ((_, players), members)) in enumerate(zip(names, found.items(), strict=True))
    ]


def probe_changes(group: Group, level: float) -> list[Change]:
    """The change in each phase that is not learnt from, in like rate (share) and mean rating (points)."""
    phases = group.pairs[0].treated.phases
    found = []
    for number, phase in enumerate(phases):
        if phase.learn or not any(place < number for place in group.pairs[0].stained):
            continue
        for channel, get in (("like", _like), ("rating", _rating)):
            change = _change(group, number, channel, get, level)
            found += [change] if change is not None else []
    return found


def _like(one: Shown) -> float | None:
    return one.like


def _rating(one: Shown) -> float | None:
    return one.rating


def _outcomes(phase: PhaseRun, get: Callable[[Shown], float | None]) -> list[float]:
    return [value for one in phase.shown if (value := get(one)) is not None]


def _change(group: Group, number: int, channel: str, get: Callable[[Shown], float | None], level: float) -> Change | None:
    """Over pairs by Student's t, since pairs (seeds) are what is independent; with one pair, given its two feeds."""
    sides = [(_outcomes(pair.treated.phases[number], get), _outcomes(pair.control.phases[number], get)) for pair in group.pairs]
    sides = [(one, other) for one, other in sides if one and other]
    if not sides:
        return None
    means = [(fmean(one), fmean(other)) for one, other in sides]
    if len(sides) > 1:
        interval = t_interval([one - other for one, other in means], level)
        method = "t over pairs"
    else:
        interval, method = _within(*sides[0], channel, level), "within one pair"
    assert interval is not None, "there is a pair"
    interval = Interval(interval.estimate, interval.low, interval.high, len(sides), method, level)
    phase = group.pairs[0].treated.phases[number]
    treated, control = fmean(one for one, _ in means), fmean(other for _, other in means)
    return Change(group.name, phase.name, channel, treated, control, interval, len(sides), phase.held_out)


def _within(first: Sequence[float], second: Sequence[float], channel: str, level: float) -> Interval | None:
    if channel == "like":
        return two_rates(sum(first), len(first), sum(second), len(second), level)
    one, other = t_interval(first, level), t_interval(second, level)
    assert one is not None and other is not None, "both have answers"
    if one.low is None or other.low is None:
        return Interval(one.estimate - other.estimate, None, None, 1, "within one pair", level)
    half = math.hypot(one.estimate - one.low, other.estimate - other.low)
    return Interval(one.estimate - other.estimate, one.estimate - other.estimate - half, one.estimate - other.estimate + half, 1, "", level)


def two_rates(yes_1: float, n_1: int, yes_2: float, n_2: int, level: float = 0.95) -> Interval | None:
    """Difference of two independent rates, first − second, with Newcombe's (1998, method 10 without pairing) score interval."""
    first, second = wilson_interval(yes_1, n_1, level), wilson_interval(yes_2, n_2, level)
    if first is None or second is None:
        return None
    assert first.low is not None and first.high is not None and second.low is not None and second.high is not None, "Wilson has bounds"
    difference = first.estimate - second.estimate
    down = math.hypot(first.estimate - first.low, second.high - second.estimate)
    up = math.hypot(first.high - first.estimate, second.estimate - second.low)
    return Interval(difference, max(-1.0, difference - down), min(1.0, difference + up), n_1 + n_2, "Newcombe", level)
