"""A viewing's order and what a viewer's events add up to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from environments.base import ActionKind, PastStep
from environments.clips import FeedItem
from environments.feedapp.events import EventKind, FeedEvent
from environments.feedapp.ledger import Ledger
from environments.feedapp.viewing import PolicyViewing
from environments.simulated.policies import build_policy
from personas.errors import EnvironmentFailed, FeedError

PAGE = "page-0000"


def happened(number: int, kind: str, at_ms: float, item: str | None = None, **more: Any) -> FeedEvent:
    """An event as the app makes it."""
    return FeedEvent(EventKind(kind), PAGE, number, at_ms, item=item, position=0, **more)


def take(ledger: Ledger, event: FeedEvent, current: str | None) -> str:
    """As the app does it."""
    verdict = ledger.admit(event, current)
    if verdict == "new":
        ledger.commit(event)
    return verdict


async def leave(viewing: PolicyViewing, item: FeedItem, *events: FeedEvent) -> None:
    """What the app does when a viewer leaves `item`."""
    for event in events:
        viewing.ledger.commit(event)
    await viewing.record(happened(10_000, "leave", 9_000, item.id))


async def walk(viewing: PolicyViewing) -> list[str]:
    """All ids, each left at once."""
    shown: list[str] = []
    while (item := await viewing.next()) is not None:
        assert await viewing.next() is item
        shown.append(item.id)
        await leave(viewing, item)
    return shown


@pytest.mark.parametrize("policy", ["balanced", "shuffled"])
async def test_the_order_is_the_policys_and_resumes(items: Sequence[FeedItem], policy: str) -> None:
    """Same seed, same clips as the simulated feed shows; after a past it continues there; `peek` tells what comes."""
    past: list[PastStep] = []
    chooser, expected = build_policy(policy, items, 7), []
    viewing = PolicyViewing(items, policy=policy, seed=7)
    while (item := await viewing.next()) is not None:
        choice = chooser.choose(viewing.past, set())
        assert choice is not None and choice.item is item
        expected.append(item.id)
        coming = await viewing.peek()
        await leave(viewing, item)
        assert coming is await viewing.next()
        past = list(viewing.past)
    assert sorted(expected) == sorted(item.id for item in items)
    assert await walk(PolicyViewing(items, policy=policy, seed=7, past=past[:3])) == expected[3:]
    five = PolicyViewing(items, policy=policy, seed=7, videos=5)
    assert len(shown := await walk(five)) == 5
    resumed = PolicyViewing(items, policy=policy, seed=7, past=five.past[:3], videos=5)
    assert await walk(resumed) == shown[3:], "an order for five clips is resumed as such"


async def test_a_learning_policy_is_asked_only_after_the_clip_was_left(items: Sequence[FeedItem]) -> None:
    """Nothing is known ahead; what was liked and watched is what it is given, unless feedback is withheld."""
    viewing = PolicyViewing(items, policy="adaptive", seed=1)
    first = await viewing.next()
    assert first is not None and await viewing.peek() is None
    await leave(viewing, first, happened(0, "dwell", 900, first.id, from_ms=100.0), happened(1, "like", 500, first.id))
    (step,) = viewing.past
    assert step.action.kind is ActionKind.LIKE and step.outcome.like_registered and step.outcome.dwell_s == pytest.approx(0.8)
    assert step.action.watch_fraction == pytest.approx(0.8 / first.duration_s)
    second = await viewing.next()
    assert second is not None and viewing.current is not None and viewing.current.propensity < 1
    viewing.withhold_feedback()
    await leave(viewing, second)
    third = await viewing.next()
    assert third is not None
    await leave(viewing, third, happened(2, "complete", 2_000, third.id))
    assert [step.action.kind for step in viewing.past[1:]] == [ActionKind.PASS, ActionKind.WATCH]


async def test_a_past_of_another_feed_and_doubled_ids_are_refused(items: Sequence[FeedItem]) -> None:
    """One line that says which."""
    viewing = PolicyViewing(items)
    item = await viewing.next()
    assert item is not None
    await leave(viewing, item)
    with pytest.raises(EnvironmentFailed, match="not in the feed any more"):
        PolicyViewing([each for each in items if each.id != item.id], past=viewing.past)
    with pytest.raises(FeedError, match="same id"):
        PolicyViewing([items[0], items[0]])


async def test_dropped_items_are_not_shown_and_lower_the_total(items: Sequence[FeedItem]) -> None:
    """The next choice comes in the place of the one that was dropped."""
    viewing = PolicyViewing(items, videos=3)
    bad = await viewing.next()
    assert bad is not None
    await viewing.drop(bad, "it is\nbroken")
    assert viewing.problems[bad.id].reason == "it is\\u000abroken"
    assert bad.id not in await walk(viewing)
    assert viewing.position == 3


def test_stretches_of_dwell_are_merged_and_never_counted_twice() -> None:
    """Contiguous stretches become one; an overlap, as two tabs make it, counts once; an empty one not at all."""
    ledger = Ledger()
    for number, (start, end) in enumerate([(0, 1000), (1000, 2000), (3000, 4000), (3500, 4500), (4200, 4300), (6000, 5000)]):
        take(ledger, happened(number, "dwell", end, "a", from_ms=float(start)), "a")
    assert ledger.items["a"].dwell == [(0, 2000), (3000, 4500)]
    assert ledger.items["a"].dwell_ms == 3500


def test_a_number_counts_once_and_likes_alternate() -> None:
    """Repeated numbers, likes of what is liked, and events about other items add nothing."""
    ledger = Ledger()
    verdicts = [
        take(ledger, happened(0, "like", 1, "a"), "a"),
        take(ledger, happened(0, "unlike", 2, "a"), "a"),
        take(ledger, happened(1, "like", 3, "a"), "a"),
        take(ledger, happened(2, "unlike", 4, "a"), "a"),
        take(ledger, happened(3, "unlike", 5, "a"), "a"),
        take(ledger, happened(4, "like", 6, "a"), "b"),
        take(ledger, happened(5, "like", 7, "a"), None),
        take(ledger, happened(6, "consent", 8), None),
        take(ledger, happened(7, "consent", 9), None),
    ]
    assert verdicts == ["new", "seen", "seen", "new", "seen", "stale", "stale", "new", "seen"]
    assert (ledger.items["a"].likes, ledger.items["a"].unlikes, ledger.items["a"].liked) == ([1], [4], False)
    assert ledger.consented and ledger.clock_ms == 8
