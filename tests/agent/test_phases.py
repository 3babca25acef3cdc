"""Sessions with phases: one continuous feed, a persona each phase, and a resume that changes nothing."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from agent import Limits, SessionSpec, run_session
from agent.phases import Phase, phase_at
from agent.protocols.registry import make_protocol
from agent.session import run_with
from agent.spec import make_spec
from personas.errors import FeedError, PersonaError, SpecError
from personas.persona import load_persona
from tests.agent.driving import GivenFeed, Spy, check_whole, decisions, of, stimulus

pytestmark = pytest.mark.usefixtures("own_cache")
STAIN = (
    {"name": "stain", "videos": 3, "persona": "hedonist"},
    {"name": "scrub", "videos": 2, "persona": "default"},
    {"name": "probe", "videos": 1, "persona": "hedonist", "learn": False},
    {"name": "open", "videos": 1, "policy": "shuffled", "learn": False},
)


def spec(clips: Path | str = "catalogue", **fields: Any) -> SessionSpec:
    given = {"model": "scripted/mixed", "feed": str(clips), "policy": "adaptive", "frames": 1, "memory": "recent:2", "phases": STAIN}
    return make_spec(**given | fields)


def test_a_session_of_phases_is_as_long_as_they_are_and_says_who_was_played(tmp_path: Path, clips: Path) -> None:
    """`videos` follows from the phases; session.json holds each resolved phase with its persona's text and target."""
    wanted = spec(clips)
    assert wanted.videos == 7
    result = run_session(wanted, runs=tmp_path)
    assert (result.reason, result.totals["steps"]) == ("complete", 7)
    phases = json.loads((result.path / "session.json").read_text())["persona"]["phases"]
    assert [phase["persona"]["name"] for phase in phases] == ["hedonist", "default", "hedonist", "default"]
    assert [phase["policy"] for phase in phases] == ["adaptive", "adaptive", "adaptive", "shuffled"]
    assert phases[0]["persona"]["target"] == dict(load_persona("hedonist").target)
    assert phases[0]["persona"]["text"] == load_persona("hedonist").text(0)
    assert len({shown["id"] for shown in of(result.path, "stimulus")}) == 7
    last = {ask["step"]: ask["slots"].get("memory", "").count("seen)") for ask in of(result.path, "ask")}
    assert last[0] == 0
    assert last[3] > 0, "memory goes on from one phase to the next"


async def test_each_phase_is_asked_as_its_persona(tmp_path: Path) -> None:
    """Text, name and target of the question are those of the persona of the step's phase, also after a resume."""
    stimuli = [stimulus(number, labels={"HE": 1.0}) for number in range(7)]
    model = Spy(synthetic=True)
    for most in (4, None):
        feed = GivenFeed(stimuli)
        limits = Limits(max_steps=most)
        await run_with(spec(), load_persona("default"), make_protocol("feed"), model, feed, runs=tmp_path, session="s", limits=limits)
    played = ["hedonist"] * 3 + ["default"] * 2 + ["hedonist", "default"]
    assert [prompt.slots["persona_name"] for prompt in model.asked] == played
    assert [prompt.slots["persona"] for prompt in model.asked] == [load_persona(name).text(0) for name in played]
    assert [prompt.design.persona_target["HE"] > 0 for prompt in model.asked if prompt.design] == [name == "hedonist" for name in played]


@pytest.mark.parametrize("cut", [2, 3, 5, 6])
def test_a_session_cut_off_in_any_phase_carries_on_as_if_it_had_not_been(tmp_path: Path, clips: Path, cut: int) -> None:
    """A trace torn within a step of any phase leads, resumed, to the same clips, propensities and answers."""
    whole = run_session(spec(clips), runs=tmp_path / "one", session="s").path
    shutil.copytree(tmp_path / "one", tmp_path / "two")
    other = tmp_path / "two" / "s"
    lines = (whole / "trace.jsonl").read_bytes().splitlines(keepends=True)
    at = next(number for number, line in enumerate(lines) if b'"type":"ask"' in line and json.loads(line)["step"] == cut)
    (other / "trace.jsonl").write_bytes(b"".join(lines[: at + 1]) + lines[at + 1][:20])
    resumed = run_session(spec(clips), runs=tmp_path / "two", session="s")
    assert (resumed.reason, resumed.resumed) == ("complete", True)
    assert decisions(other) == decisions(whole)
    assert len({shown.get("propensity") for shown in of(whole, "stimulus")}) > 2
    check_whole(other, 7)


def test_a_session_stopped_between_phases_carries_on(tmp_path: Path, clips: Path) -> None:
    """Stopped by a limit at the end of a phase, a session continues with the next one, as one that was never stopped."""
    first = run_session(spec(clips), runs=tmp_path, limits=Limits(max_steps=3))
    assert first.reason == "limit"
    second = run_session(spec(clips), runs=tmp_path)
    assert (second.name, second.reason, second.totals["steps"]) == (first.name, "complete", 7)
    assert decisions(second.path) == decisions(run_session(spec(clips), runs=tmp_path / "again").path)


def test_other_phases_are_another_session() -> None:
    """The spec's hash depends on the phases, and a session without phases keeps the hash that it always had."""
    assert spec().hash({}) != spec(phases=STAIN[:3]).hash({})
    assert "phases" not in SessionSpec().model_dump(exclude_defaults=True)
    assert [phase_at(spec().phases, step) for step in (0, 2, 3, 4, 5, 6, 99)] == [0, 0, 1, 1, 2, 3, 3]
    assert phase_at((Phase(name="x", videos=2),), 7) == 0


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"videos": 8}, "videos is 8, but the phases have 7 together"),
        ({"environment": "recorded", "policy": "recorded"}, "phases need the environment simulated, not recorded"),
        ({"phases": [STAIN[0], STAIN[0]]}, "two phases are called 'stain'"),
        ({"phases": [{"name": "a", "videos": 0}]}, "must be 1 or more"),
        ({"phases": [{"name": "a", "videos": 3, "policy": "best"}]}, "choose one of: balanced, shuffled, adaptive"),
        ({"phases": [{"name": "a\n", "videos": 3}]}, "one line"),
        ({"phases": "train"}, "phases"),
        ({"phases": [{"name": "a"}]}, "phases"),
    ],
)
def test_wrong_phases_are_refused_in_one_line(fields: dict[str, Any], words: str) -> None:
    """A mistake in the phases is a SpecError of one line that says what to change."""
    with pytest.raises(SpecError) as caught:
        spec(**fields)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_what_cannot_be_played_or_shown_is_refused_before_anything_is_written(tmp_path: Path, clips: Path) -> None:
    """An unknown persona of a phase, and phases longer than the feed, end in one line and leave no session."""
    with pytest.raises(PersonaError, match="there is no persona"):
        run_session(spec(clips, phases=[{"name": "a", "videos": 3, "persona": "hedonistt"}]), runs=tmp_path / "runs")
    with pytest.raises(FeedError, match="the phases show 9 clips, and the feed has 7"):
        run_session(spec(clips, phases=[{"name": "a", "videos": 9}]), runs=tmp_path / "runs")
    assert not list((tmp_path / "runs").glob("*/session.json"))
