"""What is shown next: balance, chance, learning, and the propensities that are logged."""

from __future__ import annotations

import random
from collections import Counter
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from environments.base import Action, ActionKind, Outcome, PastStep, StimulusText
from environments.clips import FeedItem
from environments.simulated.adaptive import AdaptivePolicy
from environments.simulated.policies import Policy, build_policy
from personas.schwartz import VALUES

STRATA = [f"{value}{sign}" for value in VALUES for sign in "+-"] + ["none"]
COOKING = [
    "slow soup recipe with carrots",
    "kneading bread dough at home",
    "how to roast a chicken dinner",
    "my grandmother's pasta sauce",
    "baking butter biscuits",
    "fresh salad for lunch",
]
MOTORS = [
    "engine repair on an old truck",
    "racing cars on wet asphalt",
    "motorcycle chain maintenance",
    "changing the tyres of a car",
    "diesel engine sound check",
    "a truck driver's night shift",
]


def item(name: str, stratum: str | None = None, cluster: str | None = None, caption: str = "") -> FeedItem:
    return FeedItem(name, Path, StimulusText(caption=caption), 10.0, "test", stratum=stratum, cluster=cluster)


def design(per_stratum: int = 20, twins: int = 10) -> list[FeedItem]:
    """Clips of all strata, `twins` pairs in each, in a fixed order."""
    return [
        item(f"{stratum}-{n:02}", stratum, f"{stratum}-pair-{n // 2}" if n < 2 * twins else None)
        for stratum in STRATA
        for n in range(per_stratum)
    ]


def step(shown: FeedItem, kind: ActionKind = ActionKind.SKIP, share: float = 0.0) -> PastStep:
    return PastStep(shown.id, Action(kind, share), Outcome(kind is ActionKind.LIKE, True, share * shown.duration_s))


def run(policy: Policy, steps: int, react=step) -> tuple[list[FeedItem], list[float | None]]:
    past: list[PastStep] = []
    shown, chances = [], []
    while len(shown) < steps and (choice := policy.choose(past, frozenset())):
        shown.append(choice.item)
        chances.append(choice.propensity)
        past.append(react(choice.item))
    return shown, chances


@pytest.mark.parametrize("name", ["balanced", "shuffled"])
def test_fixed_orders_ignore_the_respondent(name):
    """Two respondents with the same seed see the same clips in the same order; another seed gives another order."""
    liked, _ = run(build_policy(name, design(), 5), 60, lambda shown: step(shown, ActionKind.LIKE, 1.0))
    passed, _ = run(build_policy(name, design(), 5), 60, lambda shown: step(shown, ActionKind.PASS))
    other, _ = run(build_policy(name, design(), 6), 60)
    assert liked == passed
    assert liked != other


@pytest.mark.parametrize("name", ["balanced", "shuffled"])
def test_twins_are_never_neighbours(name):
    """Both clips of a pair can be shown, but not in a row."""
    together = 0
    for seed in range(20):
        shown, _ = run(build_policy(name, design(4, 2), seed), 84)
        assert len(shown) == 84
        together += sum(a.cluster == b.cluster for a, b in pairwise(shown[:-1]))
    assert together == 0


@pytest.mark.parametrize("name", ["shuffled", "balanced"])
def test_without_strata_the_order_is_uniform(name):
    """Over seeds, every clip comes first, second and third equally often (chi-square below its 99.9 % point), in both fixed orders."""
    items = [item(f"clip-{n}") for n in range(6)]
    for videos in (None, 3):
        orders = [run(build_policy(name, items, seed, videos), 3)[0] for seed in range(1200)]
        for position in range(3):
            counts = Counter(order[position].id for order in orders)
            assert sum((counts[clip.id] - 200) ** 2 / 200 for clip in items) < 20.5
        pairs = Counter((order[0].id, order[1].id) for order in orders)
        assert sum((count - 40) ** 2 / 40 for count in pairs.values()) < 58.3
        assert len(pairs) == 30


@pytest.mark.parametrize("gone", [frozenset(), frozenset({"clip-4", "not-of-this-feed.mp4"})])
@pytest.mark.parametrize("name", ["shuffled", "adaptive"])
def test_propensities_are_the_frequencies(name, gone):
    """Over seeds, with the past held fixed, each clip is chosen as often as its logged propensity says."""
    captions = COOKING[:3] + MOTORS[:3]
    items = [item(f"clip-{n}", STRATA[n % 3], f"pair-{n // 2}", captions[n]) for n in range(6)]
    past = [step(items[0], ActionKind.LIKE, 1.0), step(items[3], ActionKind.SKIP, 0.1)]
    logged: dict[str, float] = {}
    counts: Counter[str] = Counter()
    for seed in range(1500):
        choice = build_policy(name, items, seed).choose(past, gone)
        assert choice is not None
        assert logged.setdefault(choice.item.id, choice.propensity) == pytest.approx(choice.propensity)
        counts[choice.item.id] += 1
    assert sum(logged.values()) == pytest.approx(1.0)
    for name_, chance in logged.items():
        assert counts[name_] / 1500 == pytest.approx(chance, abs=4 * (chance * (1 - chance) / 1500) ** 0.5)


@pytest.mark.parametrize("name", ["shuffled", "adaptive"])
def test_the_draw_after_an_unplayable_clip_is_a_new_one(name):
    """Where the first draw cannot be played, the others are drawn as often as the second propensity says: not the neighbour always."""
    captions = COOKING[:3] + MOTORS[:3]
    items = [item(f"clip-{n}", caption=captions[n]) for n in range(6)]
    past = [step(items[0], ActionKind.LIKE, 1.0)]
    counts: Counter[str] = Counter()
    logged: dict[str, float] = {}
    for seed in range(4000):
        policy = build_policy(name, items, seed)
        first = policy.choose(past, frozenset())
        if first.item.id == "clip-3":
            second = policy.choose(past, {"clip-3"})
            counts[second.item.id] += 1
            logged[second.item.id] = second.propensity
    total = counts.total()
    assert total > 300
    assert sum(logged.values()) == pytest.approx(1.0)
    for clip, chance in logged.items():
        assert counts[clip] / total == pytest.approx(chance, abs=4 * (chance * (1 - chance) / total) ** 0.5)


@pytest.mark.parametrize("name", ["balanced", "shuffled", "adaptive"])
def test_items_that_are_gone_are_not_chosen(name):
    """Items that cannot be shown are left out; when nothing is left the feed is over."""
    items = [item(f"clip-{n}", caption=COOKING[n]) for n in range(4)]
    policy = build_policy(name, items, 0)
    assert {policy.choose([], {"clip-0", "clip-1", "clip-3"}).item.id} == {"clip-2"}
    assert policy.choose([step(items[2])], {"clip-0", "clip-1", "clip-3"}) is None


@pytest.mark.parametrize("name", ["balanced", "shuffled", "adaptive"])
def test_what_is_not_of_the_feed_cannot_be_gone(name):
    """Broken files that were named when the feed was built are no items: a session resumed with their names continues as it was."""
    for seed in range(10):
        policy = build_policy(name, [item(f"clip-{n}", caption=COOKING[n]) for n in range(4)], seed)
        assert policy.choose([], {"broken.mp4"}) == policy.choose([], frozenset())


def fan_of_cooking(shown: FeedItem) -> PastStep:
    return step(shown, ActionKind.LIKE, 1.0) if shown.text.caption in COOKING else step(shown, ActionKind.SKIP, 0.1)


def mixed(seed: int) -> list[FeedItem]:
    captions = COOKING + MOTORS
    random.Random(seed).shuffle(captions)
    return [item(f"clip-{n}", caption=caption) for n, caption in enumerate(captions)]


def early_cooking(react) -> float:
    """Share of cooking clips among places 3 to 6, over 30 seeds; .5 by chance."""
    return float(
        np.mean([clip.text.caption in COOKING for seed in range(30) for clip in run(AdaptivePolicy(mixed(seed), seed), 6, react)[0][2:]])
    )


def test_adaptive_learns_what_is_liked():
    """Somebody who likes cooking and skips motors is shown more cooking after two clips."""
    assert early_cooking(fan_of_cooking) > 0.62


def test_adaptive_learns_nothing_from_pass():
    """`pass` gives no feedback: after any number of them every remaining clip is equally likely."""
    assert 0.4 < early_cooking(lambda shown: step(shown, ActionKind.PASS)) < 0.6
    _, chances = run(AdaptivePolicy(mixed(0), 0), 12, lambda shown: step(shown, ActionKind.PASS))
    assert chances == pytest.approx([1 / left for left in range(12, 0, -1)])


def test_a_pass_is_no_dislike():
    """After likes and skips, clips that were passed over change the chances of the others no more than clips that were never there."""
    items = mixed(3)
    heard, passed = [fan_of_cooking(clip) for clip in items[:4]], items[4:7]

    def chances(past: list[PastStep], gone: set[str]) -> dict[str, float]:
        choices = (AdaptivePolicy(items, seed).choose(past, gone) for seed in range(300))
        return {choice.item.id: choice.propensity for choice in choices if choice}

    with_passes = chances([*heard, *(step(clip, ActionKind.PASS) for clip in passed)], set())
    assert len(with_passes) == 5
    assert with_passes == pytest.approx(chances(heard, {clip.id for clip in passed}))


def test_adaptive_keeps_exploring():
    """However clear the taste, every clip that is left keeps at least 15 % of a uniform chance."""
    items = mixed(1)
    past = [fan_of_cooking(clip) for clip in items[:6]]
    chances = {
        choice.item.id: choice.propensity for seed in range(600) if (choice := AdaptivePolicy(items, seed).choose(past, frozenset()))
    }
    assert len(chances) == 6
    assert min(chances.values()) >= 0.15 / 6


def test_adaptive_is_rebuilt_from_the_past():
    """A new policy with the same past makes the same choice with the same propensity."""
    items = mixed(2)
    policy = AdaptivePolicy(items, 4)
    past: list[PastStep] = []
    for _ in range(8):
        choice = policy.choose(past, frozenset())
        assert choice == AdaptivePolicy(items, 4).choose(past, frozenset())
        past.append(fan_of_cooking(choice.item))
