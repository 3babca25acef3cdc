"""The balanced draw: at least n videos a value over at least t topics, opposing ones, value-free ones; by chance alone in all else.

Units of the draw are single videos and clusters of declared twins, which enter whole; of near-duplicates one enters, chosen by chance. A
video counts for every value that it promotes, or opposes. Values with the fewest candidates are filled first; each next unit is drawn
uniformly from the topic that has fewest so far, so that no topic has more than its share where there is enough of the others. Certainty of
the labels plays no part: a pool of the clearest videos would not be one of the corpus.
"""

from __future__ import annotations

import math
import random
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from environments.canonical import rng
from environments.corpus.clusters import families
from environments.corpus.strata import LEAST, NO_VALUE, WEAK, stratum_names
from personas.errors import FeedError
from personas.schwartz import VALUES

__all__ = ["Candidate", "Drawn", "Quota", "Short", "Wanted", "draw", "quotas"]


@dataclass(frozen=True)
class Candidate:
    """A labelled video. `loadings` in [-1, 1] in the order of `personas.schwartz.VALUES`; `sd` the same, NaN where it is not known.

    `topic` "" is not known. `twins` and `near_duplicate` name clusters, None for none.
    """

    id: str
    topic: str
    loadings: tuple[float, ...]
    sd: tuple[float, ...] | None = None
    twins: str | None = None
    near_duplicate: str | None = None


@dataclass(frozen=True)
class Wanted:
    """How many videos promote each value, over how many topics; how many oppose each; how many are value-free.

    `oppose` None: 20 where they exist. `least`: from which loading on a video promotes (or opposes) a value, in (0, 1].
    """

    per_value: int = 60
    topics: int = 5
    oppose: int | None = None
    controls: int = 60
    least: float = LEAST

    def __post_init__(self) -> None:
        if self.per_value < 1 or self.topics < 1 or self.controls < 0 or (self.oppose or 0) < 0:
            raise FeedError("a pool needs at least 1 video a value over at least 1 topic; other numbers must be 0 or more")
        if self.topics > self.per_value:
            raise FeedError(f"{self.per_value} videos cannot come from {self.topics} topics: ask for fewer topics, or more videos a value")
        if not 0 < self.least <= 1:
            raise FeedError(f"a loading promotes a value from somewhere above 0 up to 1, not from {self.least}")


@dataclass(frozen=True)
class Quota:
    """What is asked of one stratum, such as "HE+": so many videos, over so many topics; `required` says that fewer will not do."""

    stratum: str
    videos: int
    topics: int
    required: bool = True


@dataclass(frozen=True)
class Short:
    """A stratum for which there are not enough: what was asked, and what the corpus has once near-duplicates are one."""

    quota: Quota
    videos: int
    topics: int

    def __str__(self) -> str:
        has = f"{self.quota.stratum} has {self.videos} of {self.quota.videos}"
        return has if self.topics >= self.quota.topics else f"{has} over {self.topics} of {self.quota.topics} topics"


@dataclass(frozen=True)
class Drawn:
    """`strata`: name → ids, sorted, the strata in circular order. `short`: what there was too little of. `repeated`: how many of the videos
    are in an earlier draw too, or their twins or near-duplicates are. `largest`: by kind ("per_value", "topics", "oppose", "controls"), the
    largest design that there is. `topics`: videos by stratum and topic. `mean_sd`: by value, over the videos that promote it.
    """

    strata: Mapping[str, tuple[str, ...]]
    short: tuple[Short, ...]
    repeated: int
    largest: Mapping[str, int]
    topics: Mapping[str, Mapping[str, int]]
    mean_sd: Mapping[str, float | None]

    @property
    def ids(self) -> tuple[str, ...]:
        """Each video once, sorted."""
        return tuple(sorted({name for members in self.strata.values() for name in members}))


def quotas(wanted: Wanted) -> tuple[Quota, ...]:
    """What is asked of each stratum, in circular order."""
    oppose = 20 if wanted.oppose is None else wanted.oppose
    promoting = [Quota(f"{value}+", wanted.per_value, wanted.topics) for value in VALUES]
    opposing = [Quota(f"{value}-", oppose, 0, required=wanted.oppose is not None) for value in VALUES if oppose]
    return (*promoting, *opposing, *([Quota(NO_VALUE, wanted.controls, 0)] if wanted.controls else ()))


def draw(candidates: Iterable[Candidate], wanted: Wanted, *, seed: int, number: int = 1, avoid: Collection[str] = ()) -> Drawn:
    """The draw `number` (from 1) of `seed`, a function of its arguments alone; the order of `candidates` does not matter.

    A later draw takes what earlier draws of the seed left, as far as there is enough. Videos in `avoid`, and their twins and
    near-duplicates, are not drawn. What is short is said in the result, never raised.
    """
    every = sorted(candidates, key=lambda each: each.id)
    joined = families((each.id, each.twins, each.near_duplicate) for each in every)
    banned = {joined[name] for name in avoid if name in joined}
    pool = [each for each in every if each.id not in avoid and joined[each.id] not in banned]
    used: set[str] = set()
    chosen: list[_Unit] = []
    units: list[_Unit] = []
    for current in range(1, number + 1):
        used.update(unit.family for unit in chosen)
        units = _units(pool, joined, wanted.least, rng(seed, "pool", current, "duplicates"))
        chosen = _Filling(units, used, rng(seed, "pool", current, "draw")).filled(quotas(wanted))
    return _drawn(chosen, units, wanted, used)


@dataclass(frozen=True)
class _Unit:
    """What enters whole. `counts`: stratum → topics of the members that count for it."""

    members: tuple[Candidate, ...]
    family: str
    counts: Mapping[str, tuple[str, ...]]


class _Filling:
    """One draw: units are taken until every quota is met or there are none left for it."""

    def __init__(self, units: Sequence[_Unit], used: Collection[str], dice: random.Random) -> None:
        self._dice = dice
        self._of_stratum: dict[str, list[_Unit]] = defaultdict(list)
        self._used = used
        for unit in dice.sample(units, len(units)):
            for stratum in unit.counts:
                self._of_stratum[stratum].append(unit)
        self._taken: dict[str, _Unit] = {}
        self._topics: dict[str, Counter[str]] = defaultdict(Counter)

    def filled(self, asked: Sequence[Quota]) -> list[_Unit]:
        def slack(quota: Quota) -> float:
            return sum(len(unit.counts[quota.stratum]) for unit in self._of_stratum[quota.stratum]) / max(quota.videos, 1)

        order = {quota.stratum: place for place, quota in enumerate(asked)}
        for quota in sorted(asked, key=lambda each: (not each.required, slack(each), order[each.stratum])):
            self._fill(quota)
        return list(self._taken.values())

    def _fill(self, quota: Quota) -> None:
        topics = self._topics[quota.stratum]
        fresh, again = self._left(quota.stratum, used=False), self._left(quota.stratum, used=True)
        while True:
            found = None
            if _known(topics) < quota.topics:
                found = self._next(fresh, topics, new=True) or self._next(again, topics, new=True)
            if found is None and topics.total() < quota.videos:
                found = self._next(fresh, topics) or self._next(again, topics)
            if found is None:
                return
            self._take(found)

    def _left(self, stratum: str, *, used: bool) -> dict[str, list[_Unit]]:
        """Units of the stratum that may still be taken, by the topic of their first member that counts, in random order."""
        left: dict[str, list[_Unit]] = defaultdict(list)
        for unit in self._of_stratum[stratum]:
            if (unit.family in self._used) == used and unit.family not in self._taken:
                left[unit.counts[stratum][0]].append(unit)
        return left

    def _next(self, left: dict[str, list[_Unit]], topics: Counter[str], *, new: bool = False) -> _Unit | None:
        """One of the topic that has fewest; with `new` only of a known topic that has none yet."""
        open_topics = [topic for topic, units in left.items() if units and not (new and (not topic or topics[topic]))]
        if not open_topics:
            return None
        fewest = min(topics[topic] for topic in open_topics)
        return left[self._dice.choice([topic for topic in open_topics if topics[topic] == fewest])].pop()

    def _take(self, unit: _Unit) -> None:
        self._taken[unit.family] = unit
        for stratum, topics in unit.counts.items():
            self._topics[stratum].update(topics)


def _known(topics: Mapping[str, int]) -> int:
    """How many topics there are; one that is not known is none."""
    return sum(1 for topic, count in topics.items() if topic and count)


def _units(candidates: Sequence[Candidate], joined: Mapping[str, str], least: float, dice: random.Random) -> list[_Unit]:
    """One unit a family: a single video, or one cluster of twins, whole; which of several, by chance."""
    by_family: dict[str, dict[str, list[Candidate]]] = defaultdict(lambda: defaultdict(list))
    for each in candidates:
        by_family[joined[each.id]][f"twins {each.twins}" if each.twins else f"video {each.id}"].append(each)
    units = []
    for family, choices in by_family.items():
        members = choices[dice.choice(sorted(choices))] if len(choices) > 1 else next(iter(choices.values()))
        counts: dict[str, tuple[str, ...]] = {}
        for member in members:
            for stratum in stratum_names(member.loadings, least):
                counts[stratum] = (*counts.get(stratum, ()), member.topic)
        units.append(_Unit(tuple(members), family, counts))
    return units


def _drawn(chosen: Sequence[_Unit], units: Sequence[_Unit], wanted: Wanted, used: Collection[str]) -> Drawn:
    asked = quotas(wanted)
    have = {quota.stratum: Counter(topic for unit in units for topic in unit.counts.get(quota.stratum, ())) for quota in asked}
    short = [
        Short(quota, have[quota.stratum].total(), _known(have[quota.stratum]))
        for quota in asked
        if have[quota.stratum].total() < quota.videos or _known(have[quota.stratum]) < quota.topics
    ]
    members = [member for unit in chosen for member in unit.members]
    names = [*(f"{value}{sign}" for value in VALUES for sign in "+-"), NO_VALUE, WEAK]
    strata: dict[str, list[str]] = {name: [] for name in names}
    topics: dict[str, Counter[str]] = defaultdict(Counter)
    for member in members:
        for stratum in stratum_names(member.loadings, wanted.least):
            strata[stratum].append(member.id)
            topics[stratum][member.topic] += 1
    return Drawn(
        strata={name: tuple(sorted(ids)) for name, ids in strata.items() if ids},
        short=tuple(short),
        repeated=sum(len(unit.members) for unit in chosen if unit.family in used),
        largest=_largest(have),
        topics={name: dict(sorted(counted.items())) for name, counted in topics.items()},
        mean_sd={value: _mean_sd(members, index, wanted.least) for index, value in enumerate(VALUES)},
    )


def _largest(have: Mapping[str, Counter[str]]) -> dict[str, int]:
    promoting = [have[f"{value}+"] for value in VALUES]
    opposing = [have[f"{value}-"].total() for value in VALUES if f"{value}-" in have]
    return {
        "per_value": min(counted.total() for counted in promoting),
        "topics": min(_known(counted) for counted in promoting),
        "oppose": min(opposing, default=0),
        "controls": have[NO_VALUE].total() if NO_VALUE in have else 0,
    }


def _mean_sd(members: Sequence[Candidate], index: int, least: float) -> float | None:
    """Mean SD of a value's loading over the videos that promote it; None where none is known."""
    promoting = [each.sd[index] for each in members if each.sd is not None and each.loadings[index] >= least - 1e-6]
    known = [sd for sd in promoting if not math.isnan(sd)]
    return fmean(known) if known else None
