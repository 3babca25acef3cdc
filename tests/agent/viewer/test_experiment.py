"""The table of sessions, and sessions side by side."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from agent.experiments.plan import make_plan, write_plan
from agent.experiments.standing import read_standing
from agent.trace import reader
from agent.trace.reader import SessionFolder
from agent.viewer.agreement import kappa, rating_r, wilson
from agent.viewer.choosing import chosen_sessions
from agent.viewer.shelf import Shelf
from evals.values.intervals import wilson_interval
from personas.errors import UserError
from tests.agent.viewer.traces import BEGUN, answered, clips, done, library, mixed, reply, run, shelf, shown, write

pytestmark = pytest.mark.usefixtures("own_cache")


def table(found: Shelf) -> dict[str, Any]:
    """As the page gets it."""
    data: dict[str, Any] = json.loads(found.experiment())
    return data


def compared(found: Shelf, *names: str) -> dict[str, Any]:
    """As the page gets it."""
    data: dict[str, Any] = json.loads(found.compare(names))
    return data


async def test_what_varies_stands_in_columns(tmp_path: Path) -> None:
    """Fields that all sessions share are told once, those that differ with each session; counts and money are those of the trace."""
    await mixed(tmp_path, "a", persona="hedonist")
    await run(tmp_path, "b", (reply("like", 4),), persona="default", seed=7)
    told = table(shelf(tmp_path))
    assert told["variables"] == ["persona", "videos", "seed"]
    assert told["constants"]["model"] == "scripted/mixed" and "seed" not in told["constants"]
    first, second = told["sessions"]
    assert (first["name"], first["fields"]) == ("a", {"persona": "hedonist", "videos": 6, "seed": 0})
    assert first["answers"] == {"answered": 3, "refused": 1, "unparsable": 1, "failed": 1}
    assert first["actions"] == {"skip": 1, "watch": 1, "like": 1, "pass": 3}
    assert (first["steps"], first["expected"], first["spent_usd"], first["status"]) == (6, 6, "0.009", "complete")
    assert (second["actions"]["like"], second["kind"], second["problem"]) == (4, "model", None)
    assert told["live"] is False and told["alone"] is False


async def test_errors_are_grouped_by_message(tmp_path: Path) -> None:
    """Failures, unreadable answers, refusals and acts that did not work are counted by message, with the first step in each session."""
    for name in ("a", "b"):
        await mixed(tmp_path, name)
    await run(tmp_path, "c", (reply("like", 5),), stimuli=clips(3), likes_work=False, environment="recorded", feed="x", policy="recorded")
    told = [
        (error["kind"], error["message"], error["count"], error["sessions"], error["steps"]) for error in table(shelf(tmp_path))["errors"]
    ]
    assert told[0] == ("action", "the heart did not turn red", 3, ["c"], [0])
    assert sorted(told[1:]) == [
        ("failed", "the server answered 500: out of memory", 2, ["a", "b"], [4, 4]),
        ("refused", "it opens as a refusal and holds no JSON", 2, ["a", "b"], [2, 2]),
        ("unparsable", "no JSON object in the answer", 2, ["a", "b"], [3, 3]),
    ]


async def test_a_finished_session_is_read_from_its_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A trace that ended well is not folded, and looking again reads nothing; one that is running is carried on from where it was."""
    await run(tmp_path, "ended", (reply(),), stimuli=clips(30))
    write(tmp_path / "going", BEGUN, shown(0), answered(0), done(0), shown(1))
    found = shelf(tmp_path)
    read: list[int] = []
    real = reader.parse_event

    def counted(*arguments: Any) -> Any:
        read.append(1)
        return real(*arguments)

    monkeypatch.setattr(reader, "parse_event", counted)
    before = {each["name"]: each for each in table(found)["sessions"]}
    assert before["ended"]["steps"] == 30 and before["going"]["steps"] == 1
    assert len(read) < 12
    read.clear()
    assert table(found)["live"] is True
    assert read == []
    with (tmp_path / "going" / "trace.jsonl").open("a") as trace:
        trace.write(json.dumps(answered(1)) + "\n" + json.dumps(done(1)) + "\n")
    assert {each["name"]: each["steps"] for each in table(found)["sessions"]} == {"ended": 30, "going": 2}
    assert len(read) < 8


async def test_it_stands_as_the_sweep_says(tmp_path: Path) -> None:
    """The status is that of the reader, the totals are those of `read_standing`, for sessions that ended and that did not."""
    await mixed(tmp_path, "ended")
    ask = {"type": "ask", "step": 1, "stage": "feed", "attempt": 0, "cell": 0, "prompt": "h", "seed": 1}
    write(tmp_path / "going", BEGUN, shown(0), answered(0), done(0), shown(1), ask)
    write(tmp_path / "begun", BEGUN)
    for each in table(shelf(tmp_path))["sessions"]:
        standing = read_standing(tmp_path / each["name"])
        assert each["status"] == standing.status == SessionFolder(tmp_path / each["name"]).status()
        assert each["possibly_paid"] == standing.totals["possibly_paid"] and each["answers"] == standing.totals["answers"]


def test_a_plan_names_what_is_missing(tmp_path: Path) -> None:
    """Sessions of experiment.json that are not there yet are listed as missing, with their fields; an experiment further down too."""
    file = tmp_path / "quick.toml"
    file.write_text('[common]\nvideos = 5\nmodel = "scripted/mixed"\n[[cross]]\npersona = ["default", "hedonist"]\n')
    plan = make_plan(file)
    write_plan(plan, tmp_path / "runs" / "quick")
    first = plan.sessions[0]
    record = {"schema_version": 1, "spec": first.spec.model_dump(mode="json"), "persona": {"name": "default", "text": "", "target": {}}}
    write(tmp_path / "runs" / "quick" / first.name, BEGUN, record=record)
    told = table(shelf(tmp_path / "runs" / "quick"))
    assert {each["name"]: each["status"] for each in told["sessions"]} == {first.name: "prepared", plan.sessions[1].name: "missing"}
    assert told["variables"] == ["persona"] and told["constants"]["videos"] == 5
    above = shelf(tmp_path / "runs")
    assert [each["name"] for each in table(above)["sessions"]] == [f"quick:{planned.name}" for planned in plan.sessions]
    assert json.loads(above.session(f"quick:{first.name}"))["status"] == "prepared"


def test_a_broken_session_is_listed_with_its_problem(tmp_path: Path) -> None:
    """Without a record, with one of a newer version, with files that lead elsewhere: listed, told why, and the others stand."""
    write(tmp_path / "runs" / "good", BEGUN, shown(0), answered(0), done(0))
    (write(tmp_path / "runs" / "lost", BEGUN, shown(0), answered(0), done(0)) / "session.json").unlink()
    write(tmp_path / "runs" / "newer", BEGUN, record={"schema_version": 99})
    (write(tmp_path / "runs" / "torn", BEGUN) / "session.json").write_text("{")
    elsewhere = write(tmp_path / "secret", BEGUN, shown(0))
    linked = write(tmp_path / "runs" / "linked", BEGUN)
    (linked / "trace.jsonl").unlink()
    (linked / "trace.jsonl").symlink_to(elsewhere / "trace.jsonl")
    (tmp_path / "runs" / "out").symlink_to(elsewhere)
    os.mkfifo(write(tmp_path / "runs" / "pipe") / "trace.jsonl.fifo")
    found = shelf(tmp_path / "runs")
    told = {each["name"]: each["problem"] for each in table(found)["sessions"]}
    assert sorted(told) == ["good", "linked", "lost", "newer", "pipe", "torn"]
    assert told["good"] is None
    assert "newer version" in told["newer"] and "link" in told["linked"] and "session.json" in told["lost"]
    assert not any(str(tmp_path) in str(problem) for problem in told.values())
    assert len(json.loads(found.session("lost"))["steps"]) == 1
    with pytest.raises(UserError, match="link"):
        found.session("linked")
    with pytest.raises(UserError, match="no such session"):
        found.session("out")


async def test_flips_come_first_with_figures_of_agreement(tmp_path: Path) -> None:
    """Clips decided differently lead, those furthest apart first; agreement is over those both answered, its interval Wilson's."""
    await run(tmp_path, "a", (reply("like", 5), reply("skip", 1), reply("watch", 3), reply("like", 4)), persona="hedonist")
    await run(tmp_path, "b", (reply("like", 4), reply("like", 5), reply("watch", 2), reply("skip", 0)), persona="default")
    told = compared(shelf(tmp_path), "a", "b")
    assert [(each["label"], each["kind"]) for each in told["sessions"]] == [("hedonist", "model"), ("default", "model")]
    assert [(clip["id"], clip["flip"]) for clip in told["clips"]] == [
        ("clip-1", True),
        ("clip-3", True),
        ("clip-0", False),
        ("clip-2", False),
    ]
    assert told["clips"][0]["decisions"]["b"] | {"reason": ""} == {
        **{"state": "answered", "done": "like", "asked": "like", "rating": 5, "chosen": None, "reason": "", "step": 1, "error": None},
        "watch_fraction": 0.5,
    }
    (pair,) = told["agreement"]
    expected = wilson_interval(2, 4)
    assert expected
    assert (pair["n"], pair["same"]["count"], pair["same"]["share"]) == (4, 2, 0.5)
    assert (pair["same"]["low"], pair["same"]["high"]) == pytest.approx((expected.low, expected.high), abs=1e-9)
    assert pair["kappa"] == pytest.approx(0.2)
    assert pair["rating_r"] == pytest.approx(-4.75 / (8.75 * 14.75) ** 0.5)


async def test_clips_shown_twice_or_to_one_are_kept_apart(tmp_path: Path) -> None:
    """The second showing of a clip is compared with the second; what one session never saw has no decision there; failures are no flips."""
    write(tmp_path / "a", BEGUN, *(event for k in range(2) for event in (shown(k, id="same"), answered(k), done(k))))
    failed = answered(1, outcome="failed", decision=None, error="no")
    write(tmp_path / "b", BEGUN, shown(0, id="same"), answered(0), done(0), shown(1, id="only"), failed, done(1, asked="pass", done="pass"))
    told = compared(shelf(tmp_path), "a", "b")
    assert [(clip["id"], clip["time"], sorted(clip["decisions"])) for clip in told["clips"]] == [
        *(("same", 0, ["a", "b"]), ("same", 1, ["a"]), ("only", 0, ["b"]))
    ]
    assert not any(clip["flip"] for clip in told["clips"])
    assert (told["agreement"][0]["n"], told["agreement"][0]["kappa"], told["agreement"][0]["rating_r"]) == (1, None, None)
    with pytest.raises(UserError, match="2 to 50"):
        shelf(tmp_path).compare(["a", "a"])


def test_figures_of_agreement_are_the_textbook_ones() -> None:
    """Wilson's interval equals that of the evaluations; kappa and r are those worked out by hand."""
    for successes, n in ((0, 5), (3, 7), (40, 40), (1, 1000)):
        expected = wilson_interval(successes, n)
        assert expected and wilson(successes, n) == pytest.approx((expected.low, expected.high), abs=1e-9)
    assert wilson(0, 0) is None
    pairs = [("yes", "yes")] * 20 + [("yes", "no")] * 5 + [("no", "yes")] * 10 + [("no", "no")] * 15
    assert kappa(pairs) == pytest.approx(0.4)
    assert kappa([("a", "a")] * 3) is None
    assert rating_r([(1, 2), (2, 4), (3, 6)]) == pytest.approx(1.0)
    assert rating_r([(1, 1), (1, 2), (1, 3)]) is None


async def test_names_of_personas_and_models_mean_sessions(tmp_path: Path) -> None:
    """A persona stands for its session that has most in common with the others'; names that are nobody's are told with who is there."""
    for persona, seed in (("hedonist", 1), ("hedonist", 2), ("default", 1), ("default", 3)):
        await run(tmp_path, f"{persona}-{seed}", (reply(),), stimuli=clips(1), persona=persona, seed=seed)
    await run(tmp_path, "other", (reply(),), stimuli=clips(1), persona="hedonist", seed=1, model="scripted/like")
    runs = library(tmp_path)
    assert chosen_sessions(runs, ["default", "hedonist"]) == ["default-1", "hedonist-1"]
    assert chosen_sessions(runs, ["default-3", "scripted/like"]) == ["default-3", "other"]
    assert len(chosen_sessions(runs, ["hedonist"])) == 3
    for wrong, why in (
        (["nobody", "default"], "default, hedonist"),
        (["other"], "name another"),
        (["other", "other"], "same session twice"),
    ):
        with pytest.raises(UserError, match=why):
            chosen_sessions(runs, wrong)
