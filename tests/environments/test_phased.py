"""A feed in phases: what is learnt from, what is kept aside, and the propensities that are logged."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from environments.base import Action, ActionKind, Outcome, PastStep, StimulusText
from environments.clips import FeedItem
from environments.request import FeedPhase
from environments.simulated.phased import PhasedPolicy, held_out_ids
from environments.simulated.policies import build_policy
from personas.errors import FeedError

WORDS = [
    "soup with carrots",
    "bread dough",
    "roast chicken",
    "pasta sauce",
    "engine repair",
    "racing cars",
    "diesel engine",
    "truck driver",
]


def items(count: int = 40) -> list[FeedItem]:
    return [
        FeedItem(
            f"clip-{n:02}", Path, StimulusText(caption=f"{WORDS[n % 8]} {n}"), 10.0, "test", cluster=f"pair-{n // 2}" if n < 10 else None
        )
        for n in range(count)
    ]


def liked(name: str) -> PastStep:
    return PastStep(name, Action(ActionKind.LIKE, 1.0), Outcome(like_registered=True, advanced=True, dwell_s=10.0))


def skipped(name: str) -> PastStep:
    return PastStep(name, Action(ActionKind.SKIP, 0.0), Outcome(like_registered=False, advanced=True, dwell_s=0.0))


def taste(item: FeedItem) -> PastStep:
    return liked(item.id) if "engine" in item.text.caption else skipped(item.id)


def run(policy: PhasedPolicy, steps: int, react=taste, past: tuple[PastStep, ...] = ()) -> tuple[list[str], list[float | None]]:
    seen, shown, chances = list(past), [], []
    while len(shown) < steps and (choice := policy.choose(seen, frozenset())):
        shown.append(choice.item.id)
        chances.append(choice.propensity)
        seen.append(react(choice.item))
    return shown, chances


TRAIN_PROBE = (FeedPhase(8, "adaptive"), FeedPhase(6, "adaptive", learn=False), FeedPhase(6, "adaptive"))


def test_a_probe_changes_nothing_of_what_the_feed_knows() -> None:
    """Whatever is done in a phase that is not learnt from, the draws there and after it are the same, with the same propensities."""
    feed = items()
    train = tuple(taste(feed[n]) for n in (4, 12, 5, 14, 16, 21, 22, 25))
    policy = PhasedPolicy(feed, 3, TRAIN_PROBE)
    assert run(policy, 12, lambda item: liked(item.id), train)[0][:7] == run(policy, 12, lambda item: skipped(item.id), train)[0][:7]
    first, second = run(policy, 6, lambda item: liked(item.id), train), run(policy, 6, lambda item: skipped(item.id), train)
    assert first == second
    assert len(set(first[1])) > 1, "the probe is personalised by the train phase"
    after = [train + tuple(react(name) for name in first[0]) for react in (liked, skipped)]
    assert policy.choose(after[0], frozenset()) == policy.choose(after[1], frozenset())


def test_learning_goes_through_phases() -> None:
    """What was learnt in one phase orders a later one: with another past there, the same draw has another propensity."""
    feed, policy = items(), PhasedPolicy(items(), 3, (FeedPhase(4, "shuffled"), FeedPhase(4, "adaptive")))
    names = [feed[n].id for n in (4, 12, 15, 17)]
    one = policy.choose([liked(name) for name in names[:2]] + [skipped(name) for name in names[2:]], frozenset())
    other = policy.choose([skipped(name) for name in names], frozenset())
    assert one is not None and other is not None
    assert other.propensity == pytest.approx(1 / 36)
    assert one.propensity != pytest.approx(1 / 36)


def test_a_shuffled_phase_draws_uniformly_from_what_is_left() -> None:
    """After a train phase, a shuffled phase gives each clip that is left the same chance and logs it."""
    policy = PhasedPolicy(items(), 1, (FeedPhase(8, "adaptive"), FeedPhase(8, "shuffled", learn=False)))
    shown, chances = run(policy, 16)
    assert len(set(shown)) == 16
    assert chances[9:] == pytest.approx([1 / (40 - place) for place in range(9, 16)], rel=0.03)


def test_propensities_in_phases_are_the_frequencies() -> None:
    """Over seeds, with the past held fixed, each clip of a frozen held-out phase is drawn as often as its propensity says."""
    feed = items(12)
    phases = (FeedPhase(2, "adaptive"), FeedPhase(2, "adaptive", learn=False))
    past = [liked("clip-04"), skipped("clip-08")]
    counts: Counter[str] = Counter()
    logged: dict[str, float] = {}
    for seed in range(1500):
        choice = PhasedPolicy(feed, seed, phases).choose(past, frozenset())
        assert choice is not None and choice.propensity is not None
        counts[choice.item.id] += 1
        assert logged.setdefault(choice.item.id, choice.propensity) == pytest.approx(choice.propensity)
    assert sum(logged.values()) == pytest.approx(1.0)
    for name, chance in logged.items():
        assert counts[name] / 1500 == pytest.approx(chance, abs=4 * (chance * (1 - chance) / 1500) ** 0.5)


def test_held_out_phases_have_clips_of_their_own() -> None:
    """Held-out phases show only clips kept aside, the others none of them; twins stay together; the seed alone decides."""
    feed = items(80)
    aside = held_out_ids(feed, 5)
    assert 20 < len(aside) < 60
    assert aside == held_out_ids(feed, 5) != held_out_ids(feed, 6)
    assert all((f"clip-{2 * n:02}" in aside) == (f"clip-{2 * n + 1:02}" in aside) for n in range(5))
    policy = PhasedPolicy(
        feed, 5, (FeedPhase(10, "adaptive"), FeedPhase(10, "adaptive", learn=False, held_out=True), FeedPhase(5, "balanced"))
    )
    shown, chances = run(policy, 25)
    assert not aside & {*shown[:10], *shown[20:]}
    assert aside >= set(shown[10:20])
    assert chances[20:] == [None] * 5


def test_without_phases_that_change_anything_the_feed_is_the_plain_one() -> None:
    """Two adaptive phases that are learnt from are one adaptive feed."""
    policy = PhasedPolicy(items(), 2, (FeedPhase(7, "adaptive"), FeedPhase(9, "adaptive")))
    assert run(policy, 16) == run(build_policy("adaptive", items(), 2), 16)


@pytest.mark.parametrize("held_out", [False, True])
def test_phases_longer_than_the_feed_are_refused(held_out: bool) -> None:
    """A probe that could not be shown in full is refused before anything is shown, in one line."""
    with pytest.raises(FeedError, match="use shorter phases or a larger feed"):
        PhasedPolicy(items(), 0, (FeedPhase(10, "adaptive"), FeedPhase(31, "adaptive", held_out=held_out)))
