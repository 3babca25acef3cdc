"""The conformance test catches environments that break the contract."""

from __future__ import annotations

import io
import re
from collections.abc import Collection, Sequence
from dataclasses import replace

import pytest
from PIL import Image

from environments.base import Action, ActionKind, Environment, Frame, Outcome, PastStep, Stimulus, StimulusText, check_environment
from environments.clips import Problem
from personas.errors import EnvironmentFailed


def jpeg() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (8, 8), "red").save(out, "JPEG")
    return out.getvalue()


JPEG = jpeg()


class Toy:
    """A correct environment of five stimuli in memory; the broken ones below change one thing each."""

    problems: Sequence[Problem] = ()
    fingerprint: str | None = "toys"
    total: int | None = 5

    async def open(self, history: Sequence[PastStep] = (), gone: Collection[str] = ()) -> None:
        self.place, self.looked = len(history), False

    def stimulus(self, place: int) -> Stimulus:
        return Stimulus(
            f"toy-{place}", place, (Frame.of(JPEG, 1.0),), StimulusText("words"), 5.0, "toy", labels={"HE": 0.5}, labels_source="design"
        )

    async def observe(self) -> Stimulus | None:
        self.looked = self.place < 5
        return self.stimulus(self.place) if self.looked else None

    def outcome(self, action: Action) -> Outcome:
        return Outcome(action.kind is ActionKind.LIKE, True, 5.0 * action.watch_fraction)

    async def act(self, action: Action) -> Outcome:
        if not self.looked:
            raise EnvironmentFailed("look first")
        self.place, self.looked = self.place + 1, False
        return self.outcome(action)

    async def close(self) -> None:
        pass


def broken(**changes: object) -> type[Toy]:
    """Toy whose stimuli differ in `changes`."""
    return type("Broken", (Toy,), {"stimulus": lambda self, place: replace(Toy.stimulus(self, place), **changes)})


def broken_outcome(outcome: Outcome) -> type[Toy]:
    return type("Broken", (Toy,), {"outcome": lambda self, action: outcome})


class MovesOnBeingLookedAt(Toy):
    async def observe(self) -> Stimulus | None:
        seen = await super().observe()
        self.place += 1
        return seen


class ActsBlindly(Toy):
    async def act(self, action: Action) -> Outcome:
        self.looked = True
        return await super().act(action)


class ForgetsHistory(Toy):
    async def open(self, history: Sequence[PastStep] = (), gone: Collection[str] = ()) -> None:
        await super().open(())


class ComesBack(Toy):
    async def observe(self) -> Stimulus | None:
        seen = await super().observe()
        self.place = 0 if seen is None else self.place
        return seen


class NamesTwice(Toy):
    problems = (Problem("a.mp4", "it is empty"), Problem("a.mp4", "it is empty"))


class ClosesOnce(Toy):
    closed = False

    async def close(self) -> None:
        if self.closed:
            raise EnvironmentFailed("closed already")
        self.closed = True


class LiveSite(Toy):
    """Knows neither what it is made of nor how long it is."""

    fingerprint = None
    total = None


class Nameless(Toy):
    fingerprint = ""


class Overlong(Toy):
    total = 3


class HalfLong(Toy):
    total = 2.5


class Changing(Toy):
    def __init__(self) -> None:
        self.fingerprint = str(id(self))


class Forgetful:
    """Lacks what the contract asks for."""

    def __getattr__(self, name: str) -> object:
        if name in {"fingerprint", "total"}:
            raise AttributeError(name)
        return getattr(self.__dict__.setdefault("toy", Toy()), name)


class Empty(Toy):
    async def observe(self) -> Stimulus | None:
        return None


@pytest.mark.parametrize("make_env", [Toy, LiveSite])
async def test_a_correct_environment_passes(make_env):
    """No violation, every stimulus seen, the end reached; fingerprint and total may be unknown."""
    report = await check_environment(make_env)
    assert report.ok, report
    assert (report.shown, report.ended) == (5, True)


@pytest.mark.parametrize(
    "make_env,said",
    [
        (MovesOnBeingLookedAt, "observe twice"),
        (ActsBlindly, "act before observe"),
        (ForgetsHistory, "resumed after 1 steps"),
        (ComesBack, "keep returning None"),
        (NamesTwice, "named once"),
        (ClosesOnce, "closed already"),
        (Empty, "showed nothing"),
        (Nameless, "fingerprint must be"),
        (Changing, "same fingerprint"),
        (Forgetful, "no 'fingerprint'"),
        (Overlong, "more than its total"),
        (HalfLong, "total must be"),
        (broken(position=3), "position"),
        (broken(id=""), "id must be"),
        (broken(duration_s=float("nan")), "duration"),
        (broken(propensity=0.0), "propensity"),
        (broken(labels={"HE": 1.5}), r"\[-1, 1\]"),
        (broken(labels={"JOY": 0.5}), "not a value code"),
        (broken(labels_source=None), "labels_source"),
        (broken(frames=(Frame.of(b"no jpeg", 1.0),)), "not a JPEG"),
        (broken(frames=(Frame(JPEG, "0" * 64, 1.0),)), "sha256"),
        (broken(frames=(Frame.of(JPEG, 9.0),)), "outside the clip"),
        (broken(frames=(Frame.of(JPEG, 2.0), Frame.of(JPEG, 1.0))), "order of time"),
        (broken(frames=[JPEG]), "tuple of Frame"),
        (broken(text=StimulusText(hashtags="#a #b")), "hashtags"),
        (broken(text=StimulusText(caption=None)), "must be texts"),
        (broken(text=StimulusText(screen=None)), "must be texts"),
        (broken(text=StimulusText(screen="a" * 4001)), "4001 characters, more than 4000"),
        (broken(text=StimulusText(counts={"likes": "many"})), "counts"),
        (broken_outcome(Outcome(True, True, 0.0)), "a like was registered"),
        (broken_outcome(Outcome(False, True, 99.0)), "dwell"),
        (broken_outcome(Outcome(False, False, 0.0)), "did not advance"),
    ],
)
async def test_each_broken_promise_is_named(make_env, said):
    """One thing wrong, one violation that says which."""
    report = await check_environment(make_env)
    assert not report.ok
    assert any(re.search(said, violation) for violation in report.violations), report


async def test_the_same_seed_must_give_the_same_feed():
    """Environments that differ from one another are caught."""
    made: list[Environment] = []

    class Random(Toy):
        def stimulus(self, place: int) -> Stimulus:
            return replace(super().stimulus(place), id=f"{made.index(self)}-{place}")

    def make_env() -> Environment:
        made.append(Random())
        return made[-1]

    report = await check_environment(make_env)
    assert any("the same seed again" in violation for violation in report.violations)
