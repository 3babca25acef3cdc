"""The whole analysis of adaptive feeds: rates by phase, drift, changes against control twins, stain and scrub, off-policy estimates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from agent.protocols.base import AnswerState
from evals.adaptive.drift import Drift, drift_of
from evals.adaptive.offpolicy import LOW_ESS, OffPolicy, naive, off_policy
from evals.adaptive.pool import Pool, draws, load_pool
from evals.adaptive.reading import PhaseRun, SessionRun, read_sessions
from evals.adaptive.scrub import Scrub, scrub_of
from evals.adaptive.twins import Change, Group, find_pairs, groups_of, probe_changes
from evals.report.words import plural
from evals.values.intervals import Interval, t_interval, wilson_interval

__all__ = ["Adaptive", "Offline", "Rates", "analyse", "conclusions"]

CHANNELS = ("like", "rating")


@dataclass(frozen=True)
class Rates:
    """One phase of one session: clips shown and answered, like rate (share) and mean rating (0 to 5). Given the feed that it had."""

    session: str
    model: str
    seed: int
    phase: str
    persona: str
    policy: str
    learn: bool
    shown: int
    answered: int
    like: Interval | None
    rating: Interval | None


@dataclass(frozen=True)
class Offline:
    """One phase of one session: the mean of what was shown, beside what it would be were every clip shown with the same chance."""

    session: str
    phase: str
    persona: str
    channel: str
    naive: Interval | None
    estimate: OffPolicy


@dataclass(frozen=True)
class Adaptive:
    """All that was found. `notes` are sentences on what the figures mean and what is missing."""

    runs: tuple[SessionRun, ...]
    groups: tuple[Group, ...]
    rates: tuple[Rates, ...]
    drift: tuple[Drift, ...]
    changes: tuple[Change, ...]
    scrubs: tuple[Scrub, ...]
    offline: tuple[Offline, ...]
    pools: dict[str, Pool]
    level: float
    notes: tuple[str, ...]


def analyse(paths: Sequence[str | Path], *, control: str = "default", level: float = 0.95, seed: int = 0) -> Adaptive:
    """Everything about the sessions in these folders. `control` is the persona of the control twins. Raises UserError."""
    runs, notes = read_sessions(paths)
    pairs, alone = find_pairs(runs, control)
    groups = groups_of(pairs)
    changes = [change for group in groups for change in probe_changes(group, level)]
    scrubs = [scrub for group in groups if (scrub := scrub_of(group, level, seed)) is not None]
    pools: dict[str, Pool] = {}
    offline: list[Offline] = []
    for run in runs:
        if run.fingerprint is None or run.fingerprint not in pools:
            found = load_pool(run)
            if isinstance(found, str):
                notes += [found] if found not in notes else []
                continue
            pools[str(run.fingerprint)] = found
        offline += _offline(run, pools[str(run.fingerprint)], level, seed)
    return Adaptive(
        runs=tuple(runs),
        groups=tuple(groups),
        rates=tuple(_rates(run, phase, level) for run in runs for phase in run.phases if phase.shown),
        drift=tuple(window for run in runs for window in drift_of(run)),
        changes=tuple(changes),
        scrubs=tuple(scrubs),
        offline=tuple(offline),
        pools=pools,
        level=level,
        notes=(*_caveats(runs, groups, changes, scrubs, offline), *notes, *alone),
    )


def _rates(run: SessionRun, phase: PhaseRun, level: float) -> Rates:
    likes = [one.like for one in phase.shown if one.like is not None]
    ratings = [one.rating for one in phase.shown if one.rating is not None]
    return Rates(
        session=run.name,
        model=run.model,
        seed=run.seed,
        phase=phase.name,
        persona=phase.player.name,
        policy=phase.policy,
        learn=phase.learn,
        shown=len(phase.shown),
        answered=sum(one.state is AnswerState.ANSWERED for one in phase.shown),
        like=wilson_interval(sum(likes), len(likes), level),
        rating=t_interval(ratings, level),
    )


def _offline(run: SessionRun, pool: Pool, level: float, seed: int) -> list[Offline]:
    found = []
    for phase in run.phases:
        for channel in CHANNELS:
            drawn = draws(run, phase, pool, channel)
            if drawn is None or not len(drawn.y):
                continue
            on_policy = naive(drawn.y, level)
            found.append(Offline(run.name, phase.name, phase.player.name, channel, on_policy, off_policy(drawn, level, seed)))
    return found


def _caveats(
    runs: Sequence[SessionRun], groups: Sequence[Group], changes: Sequence[Change], scrubs: Sequence[Scrub], offline: Sequence[Offline]
) -> list[str]:
    """What the figures mean, and where they are weak."""
    told = ["These are value-consistent preferences under this elicitation, on a feed that earlier answers have shaped."]
    if any(run.synthetic for run in runs):
        told.append("planted/…: synthetic data, drawn from a formula; no model was asked.")
    told.append("Intervals of a phase of one session are given the feed it had; only those over pairs allow for another feed.")
    single = [change.group for change in changes if change.pairs == 1]
    if single:
        told.append(
            f"{', '.join(dict.fromkeys(single))}: one pair of sessions. Its interval is conditional on the two feeds that were drawn; "
            "repeat it with other seeds for one that is not."
        )
    used_up = [change.group for change in changes if not change.held_out]
    if used_up:
        told.append(
            f"{', '.join(dict.fromkeys(used_up))}: the probe shows what browsing had left of one pool, so a persona that was shown what it "
            "likes has used that up. Give probes held_out = true to measure on clips of their own."
        )
    if any(group.pairs and group.pairs[0].treated.memory != "none" for group in groups):
        told.append("Respondents remember: a change on the probe mixes what the feed shows with what was seen before.")
    if any(run.memory != "none" for run in runs) and offline:
        told.append("Off-policy estimates hold an answer to be the same wherever a clip is shown; these respondents have a memory.")
    weak = [one for one in offline if one.estimate.low_ess and one.channel == "like"]
    if weak:
        least = min(one.estimate.effective for one in weak)
        told.append(
            f"{len(weak)} of {sum(one.channel == 'like' for one in offline)} phases have an effective sample size below {LOW_ESS:.0f} "
            f"(lowest {least:.1f}): their off-policy estimates lean on few answers."
        )
    told += [f"{scrub.group}: {scrub.note}." for scrub in scrubs if scrub.note]
    return told


def conclusions(found: Adaptive) -> list[str]:
    """What was found, in a sentence for each comparison. Points are percentage points."""
    said = []
    for change in found.changes:
        if change.channel != "like":
            continue
        one = change.change
        told = "no interval" if one.low is None or one.high is None else f"[{_points(one.low)}, {_points(one.high)}]"
        moved = one.low is not None and one.high is not None and (one.low > 0 or one.high < 0)
        seen = "a change" if moved else "no change that can be told"
        said.append(
            f"{change.group}, phase {change.phase}: {seen} of the like rate against the control twin, "
            f"{_points(one.estimate)} points {told} "
            f"({change.treated:.0%} against {change.control:.0%}, {plural(change.pairs, 'pair')})."
        )
    for scrub in found.scrubs:
        if scrub.remaining is not None and scrub.half_life is not None:
            life = scrub.half_life.estimate
            length = "over 1,000" if life >= 999 else f"{life:.0f}"
            said.append(
                f"{scrub.group}: after {scrub.steps} clips of scrubbing {scrub.remaining.estimate:.0%} of the stain is left; "
                f"half-life {length} clips."
            )
    return said or ["No session has a control twin: rates, drift and off-policy estimates are told by session."]


def _points(share: float) -> str:
    return f"{100 * share:+.0f}".replace("-", "−") if round(100 * share) else "0"
