"""The default order: equal shares of the values, exact numbers, and places that tell nothing."""

from __future__ import annotations

from collections import Counter, defaultdict
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from environments.base import Action, ActionKind, Outcome, PastStep, StimulusText
from environments.clips import FeedItem
from environments.feeds import load_feed
from environments.simulated.policies import build_policy
from personas.schwartz import VALUES

CATALOGUE = load_feed("catalogue").items
TWINS = {clip.cluster for clip in CATALOGUE if clip.cluster}
CARRIED = {clip.cluster: clip.stratum[:2] for clip in CATALOGUE if clip.cluster and clip.stratum != "none"}


def item(name: str, stratum: str | None = None, cluster: str | None = None) -> FeedItem:
    return FeedItem(name, Path, StimulusText(), 10.0, "test", stratum=stratum, cluster=cluster)


def order(
    items, seed: int, videos: int | None = None, *, steps: int | None = None, kind=ActionKind.SKIP, gone=frozenset()
) -> list[FeedItem]:
    """What is shown when a session of `steps` (None: `videos`, or all) is walked through."""
    policy = build_policy("balanced", items, seed, videos)
    past: list[PastStep] = []
    shown: list[FeedItem] = []
    while len(shown) < (steps or videos or len(items)) and (choice := policy.choose(past, gone)):
        shown.append(choice.item)
        past.append(PastStep(choice.item.id, Action(kind), Outcome(kind is ActionKind.LIKE, True, 0.0)))
    return shown


def value(clip: FeedItem) -> str:
    """The value whose share the clip belongs to: a plain twin belongs to that of its partner."""
    return CARRIED[clip.cluster] if clip.cluster else clip.stratum.rstrip("+-")


def role(clip: FeedItem) -> str:
    if clip.cluster:
        return "plain" if clip.stratum == "none" else "carrying"
    return {"+": "promoting", "-": "opposing"}.get(clip.stratum[-1], "control")


@pytest.mark.parametrize("videos", [40, 110, 220])
def test_exactly_the_number_in_equal_shares(videos):
    """As many clips as asked for, each once; the ten values and the controls each have their eleventh, one more or less."""
    for seed in range(20):
        shown = order(CATALOGUE, seed, videos)
        assert len({clip.id for clip in shown}) == len(shown) == videos
        shares = Counter(map(value, shown))
        assert set(shares) == {*VALUES, "none"}
        assert max(shares.values()) - min(shares.values()) <= 1


@pytest.mark.parametrize("videos", [1, 2, 3, 40, 110, 220, 500, 547])
def test_twins_come_together_but_not_in_a_row(videos):
    """Both twins of a drawn pair are among the clips (as long as an odd number leaves room), and never neighbours."""
    for seed in range(20):
        shown = order(CATALOGUE, seed, videos)
        pairs = Counter(clip.cluster for clip in shown if clip.cluster)
        assert sum(count == 1 for count in pairs.values()) <= (1 if videos > 500 else 0)
        assert not any(one.cluster and one.cluster == other.cluster for one, other in pairwise(shown))
        assert len(shown) == videos


@pytest.mark.parametrize("videos", [40, 110, None])
def test_the_place_tells_nothing(videos):
    """Over seeds, the mean place is the middle for every role, sign and value, and either twin is first in half of the pairs."""
    places: dict[str, list[float]] = defaultdict(list)
    first = []
    for seed in range(150 if videos else 40):
        shown = order(CATALOGUE, seed, videos)
        seen: dict[str, str] = {}
        for place, clip in enumerate(shown):
            relative = (place + 0.5) / len(shown)
            for group in (role(clip), value(clip), "twin" if clip.cluster else "single"):
                places[group].append(relative)
            if clip.cluster and seen.setdefault(clip.cluster, role(clip)) != role(clip):
                first.append(seen[clip.cluster] == "carrying")
    assert set(places) == {"promoting", "opposing", "control", "carrying", "plain", "twin", "single", "none", *VALUES}
    for group, found in places.items():
        assert np.mean(found) == pytest.approx(0.5, abs=4 / (12 * len(found)) ** 0.5), group
    assert np.mean(first) == pytest.approx(0.5, abs=2 / len(first) ** 0.5)


def test_prefixes_are_a_random_sample():
    """A session that stops early has seen the same mixture: roles are as frequent in the first quarter as in all of it."""
    early: Counter[str] = Counter()
    all_of_it: Counter[str] = Counter()
    for seed in range(150):
        shown = order(CATALOGUE, seed, 80)
        early.update(map(role, shown[:20]))
        all_of_it.update(map(role, shown))
    for name, count in all_of_it.items():
        share = count / all_of_it.total()
        assert early[name] / early.total() == pytest.approx(share, abs=4 * (share * (1 - share) / early.total()) ** 0.5)


def test_units_are_drawn_in_their_natural_proportions():
    """Within a value, promoting clips, opposing clips and pairs are as frequent among the units drawn as in the catalogue."""
    units: Counter[str] = Counter()
    for seed in range(100):
        units.update(role(clip) for clip in order(CATALOGUE, seed, 220) if role(clip) != "plain" and value(clip) != "none")
    known = Counter(role(clip) for clip in CATALOGUE if role(clip) != "plain" and value(clip) != "none")
    for name, count in known.items():
        assert units[name] / units.total() == pytest.approx(count / known.total(), abs=0.025), name


def test_no_room_for_a_pair():
    """One place for each value is filled with single clips; where there are only pairs, the places go elsewhere or a pair is divided."""
    assert {role(clip) for clip in order(CATALOGUE, 1, 11)} <= {"promoting", "opposing", "control"}
    pairs = [item(f"{name}-{side}", stratum, name) for name in "abcd" for side, stratum in (("carries", "HE+"), ("plain", "none"))]
    singles = [item(f"single-{n}", "AC+") for n in range(6)]
    for seed in range(20):
        shown = order([*pairs, *singles], seed, 6)
        assert Counter(clip.stratum == "AC+" for clip in shown) == {True: 4, False: 2}
        pair_and_half = order(pairs, seed, 3)
        assert pair_and_half[0].cluster == pair_and_half[2].cluster != pair_and_half[1].cluster
    assert len({order(pairs, seed, 1)[0].id for seed in range(60)}) == 8


def test_small_values_are_shown_whole():
    """A value with fewer clips than its share gives the rest to the others."""
    items = [item(f"{stratum}-{n}", stratum) for stratum, size in (("HE+", 2), ("AC+", 20), ("none", 20)) for n in range(size)]
    assert Counter(clip.stratum for clip in order(items, 3, 22)) == {"HE+": 2, "AC+": 10, "none": 10}


def test_large_clusters_are_kept_apart_as_far_as_possible():
    """Near-duplicates enter one by one and are not neighbours; where nothing else is there, they are shown all the same."""
    items = [item(f"clip-{n}", "none", "same" if n < 3 else None) for n in range(8)]
    for seed in range(20):
        assert not any(one.cluster and one.cluster == other.cluster for one, other in pairwise(order(items, seed)))
    assert len(order(items[:3], 0)) == 3


def test_the_respondent_changes_nothing():
    """Two respondents with one seed are shown the same clips in the same order; seed and number change them."""
    assert order(CATALOGUE, 5, 60, kind=ActionKind.LIKE) == order(CATALOGUE, 5, 60, kind=ActionKind.PASS)
    assert order(CATALOGUE, 5, 60) != order(CATALOGUE, 6, 60)
    assert order(CATALOGUE, 5, 60) != order(CATALOGUE, 5, 61)[:60]
    assert {clip.id for clip in order(CATALOGUE, 5)} == {clip.id for clip in CATALOGUE}


def test_the_reserve_stands_in_for_clips_that_cannot_be_played():
    """The clips that are left keep their order; as many others follow as could not be played, in an order that was drawn before."""
    planned = order(CATALOGUE, 2, 40)
    gone = frozenset(clip.id for clip in planned[10:13])
    shown = order(CATALOGUE, 2, 40, gone=gone)
    assert shown[:37] == [clip for clip in planned if clip.id not in gone]
    assert len({clip.id for clip in shown} - {clip.id for clip in planned}) == 3
    assert shown[37:] == order(CATALOGUE, 2, 40, steps=43)[40:]


def test_a_new_policy_carries_on_where_the_session_was():
    """From any past the same choice follows, and no propensity is claimed for it."""
    shown = order(CATALOGUE, 7, 30)
    past = [PastStep(clip.id, Action(ActionKind.WATCH, 1.0), Outcome(False, True, 5.0)) for clip in shown]
    for cut in range(0, 30, 7):
        choice = build_policy("balanced", CATALOGUE, 7, 30).choose(past[:cut], frozenset())
        assert (choice.item, choice.propensity) == (shown[cut], None)
