"""An option of another environment is refused with one line that says what it is for, on the command line and in Python."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from agent.browse import SPEC_FIELDS, main
from agent.option_scopes import SCOPES
from agent.session import LiveOptions, run_session
from agent.spec import SessionSpec, make_spec
from personas.errors import SpecError

SIMULATED, RECORDED = {"environment": "simulated"}, {"environment": "recorded"}
PAGE = {"environment": "browser", "site": "local"}
TIKTOK, SHORTS = {"environment": "browser", "site": "tiktok"}, {"environment": "browser", "site": "youtube_shorts"}

OFF_DEFAULT: dict[str, Any] = {
    "site": "tiktok",
    "counts": "random",
    "time_scale": 10.0,
    "feed": "clips",
    "policy": "shuffled",
    "condition": "wrong",
    "examples": "random:1",
}
LIVE: dict[str, Any] = {"headed": True, "profile": Path("kept")}

MISPLACED: list[tuple[dict[str, str], str, str]] = [
    *((SIMULATED, name, "--environment browser, not for --environment simulated") for name in ("site", "headed")),
    *((RECORDED, name, "--environment browser, not for --environment recorded") for name in ("site", "headed")),
    *((SIMULATED, name, "--site local), not for --environment simulated") for name in ("counts", "time_scale")),
    *((RECORDED, name, "--site local), not for --environment recorded") for name in ("counts", "time_scale")),
    *((TIKTOK, name, "--site local), not for --site tiktok") for name in ("counts", "time_scale")),
    *((SHORTS, name, "feeds of your own, not for --site youtube_shorts, which shows a feed of its own") for name in ("feed", "policy")),
    *((place, name, "--environment deck, not for --") for place in (SIMULATED, RECORDED, PAGE) for name in ("condition", "examples")),
    *((place, "profile", "a platform's site (--environment browser --site NAME), not for --") for place in (SIMULATED, RECORDED, PAGE)),
]
IDS = [f"{name} {' '.join(place.values())}" for place, name, _ in MISPLACED]


def typed(fields: dict[str, Any]) -> list[str]:
    """Fields as options of the command line."""
    return [word for name, value in fields.items() for word in (f"--{name.replace('_', '-')}", *([] if value is True else [str(value)]))]


@pytest.mark.parametrize(("place", "name", "says"), MISPLACED, ids=IDS)
def test_the_command_refuses_it(place: dict[str, str], name: str, says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 2, one line with the option, what it is and where it belongs; nothing is written."""
    value = (OFF_DEFAULT | LIVE)[name]
    assert main([*typed(place | {name: value}), "--runs", str(tmp_path / "runs"), "--model", "scripted/skip"]) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.count("\n") == 1
    assert err.startswith(f"error: {name} ({SCOPES[name].what}) is for ") and says in err
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize(("name", "value"), [("site", "local"), ("counts", "shown"), ("time_scale", "1"), ("profile", "kept")])
def test_typed_at_its_default_it_is_refused_too(name: str, value: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Whoever types an option means something by it, also where the value is the default."""
    assert main([*typed({name: value}), "--model", "scripted/skip", "--videos", "1", "--runs", str(tmp_path / "runs")]) == 2
    assert f"error: {name} (" in capsys.readouterr().err
    assert main([*typed(TIKTOK), "--feed", "catalogue", "--runs", str(tmp_path / "runs")]) == 2
    assert "error: feed (the videos to show) is for feeds of your own" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("place", "name", "says"),
    [each for each in MISPLACED if each[1] in OFF_DEFAULT],
    ids=[each for each in IDS if each.split()[0] in OFF_DEFAULT],
)
def test_a_spec_refuses_it(place: dict[str, str], name: str, says: str) -> None:
    """`make_spec` raises SpecError, the model itself a ValidationError, both with the same words."""
    fields = {name: OFF_DEFAULT[name]} | {"environment": place["environment"]} | ({} if name == "site" else place)
    with pytest.raises(SpecError, match=f"^{name} \\(.*{re.escape(says)}") as caught:
        make_spec(**fields)
    assert "\n" not in str(caught.value)
    with pytest.raises(ValidationError, match=re.escape(says)):
        SessionSpec(**fields)


@pytest.mark.parametrize(
    ("place", "name", "says"), [each for each in MISPLACED if each[1] in LIVE], ids=[each for each in IDS if each.split()[0] in LIVE]
)
def test_live_options_are_refused(place: dict[str, str], name: str, says: str, tmp_path: Path) -> None:
    """`run_session` raises SpecError before anything is written."""
    with pytest.raises(SpecError, match=f"^{name} \\(.*{re.escape(says)}"):
        run_session(make_spec(**place, model="scripted/skip", videos=1), runs=tmp_path / "runs", live=LiveOptions(**{name: LIVE[name]}))
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize("place", [SIMULATED, RECORDED, PAGE, TIKTOK], ids=lambda place: " ".join(place.values()))
def test_defaults_stay(place: dict[str, str]) -> None:
    """A spec is taken again from all of its own fields, and its hash does not change by it."""
    spec = make_spec(**place)
    again = make_spec(**spec.model_dump())
    assert again == spec and again.hash("x") == spec.hash("x")


def test_what_belongs_is_taken() -> None:
    """Each option is taken where it does something; a recorded feed is shown in any order."""
    make_spec(**PAGE, counts="random", time_scale=10, feed="clips", policy="adaptive")
    for policy in ("recorded", "balanced", "shuffled", "adaptive"):
        assert make_spec(**RECORDED, feed="kept", policy=policy).policy == policy
    assert make_spec(**SIMULATED, feed="clips", policy="adaptive").feed == "clips"
    assert make_spec(**TIKTOK, seed=4, frames=2).site == "tiktok"


def test_every_option_has_its_place() -> None:
    """The options with a scope are fields of the spec or of the live options: one that is renamed is found here."""
    assert set(SCOPES) == set(OFF_DEFAULT) | set(LIVE)
    assert set(OFF_DEFAULT) <= set(SPEC_FIELDS) <= set(SessionSpec.model_fields)
    assert set(LIVE) <= set(LiveOptions.__dataclass_fields__)


def test_recording_is_for_every_environment(clips: Path, own_cache: Path, tmp_path: Path) -> None:
    """`record` keeps a simulated feed as well: it is not among the options that a browser alone heeds."""
    spec = make_spec(feed=str(clips), model="scripted/skip", videos=2, frames=1)
    result = run_session(spec, runs=tmp_path / "runs", live=LiveOptions(record=tmp_path / "kept"))
    assert result.exit_code == 0
    assert len((tmp_path / "kept" / "feed.jsonl").read_bytes().splitlines()) == 3


def test_a_deck_is_not_recorded(tmp_path: Path) -> None:
    """A recording has no options, keys and examples: it is refused before anything is asked, and not kept without them."""
    (tmp_path / "items.jsonl").write_text('{"id": "q", "text": "?", "options": ["a", "b"], "key": [0]}\n')
    spec = make_spec(environment="deck", feed=str(tmp_path), protocol="choice", model="keyed/right", videos=1)
    with pytest.raises(SpecError, match="leave out --record"):
        run_session(spec, runs=tmp_path / "runs", live=LiveOptions(record=tmp_path / "kept"))
    assert not (tmp_path / "runs").exists() and not (tmp_path / "kept").exists()
