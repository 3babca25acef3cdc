"""A session as the viewer reads it: every state, broken lines, traces that grow, old versions, hostile words, people, decks."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from agent.protocols.likert import LIKENESS
from agent.trace import events, reader
from agent.viewer import reading
from agent.viewer.wire import BRIEF, WHOLE
from environments.base import Action, ActionKind, Outcome
from personas.errors import UserError
from tests.agent.driving import GivenFeed, Spy, drive
from tests.agent.trace.test_versions import FROZEN
from tests.agent.viewer.traces import BEGUN, HOSTILE, answered, clips, done, mixed, reply, run, session, shelf, shown, step, write

pytestmark = pytest.mark.usefixtures("own_cache")


async def test_every_state_of_a_step_is_told(tmp_path: Path) -> None:
    """Answered, refused, unparsable and failed stay four states; money, tokens and attempts are those of all answers of a step."""
    await mixed(tmp_path)
    told = session(shelf(tmp_path), "mixed")
    assert [row["state"] for row in told["steps"]] == ["answered", "answered", "refused", "unparsable", "failed", "answered"]
    assert [row["done"] for row in told["steps"]] == ["like", "skip", "pass", "pass", "pass", "watch"]
    first, unparsable, failed = told["steps"][0], told["steps"][3], told["steps"][4]
    assert (first["rating"], first["reason"], first["watch_fraction"], first["dwell_s"]) == (5, "so warm", 0.5, 2.0)
    assert (first["cost_usd"], first["tokens"]["input"], first["latency_s"]) == ("0.002", 100, 0.5)
    assert (unparsable["cost_usd"], unparsable["attempts"], unparsable["error"]) == ("0.002", 2, "no JSON object in the answer")
    assert failed["error"] == "the server answered 500: out of memory"
    assert (told["status"], told["live"], told["kind"], told["model"]) == ("complete", False, "model", "scripted/mixed")
    assert told["totals"]["spent_usd"] == "0.009"
    assert told["values"][:3] == ["SD", "ST", "HE"]


async def test_what_did_not_work_is_beside_what_was_done(tmp_path: Path) -> None:
    """A like that the page did not register is done as a watch, with the page's error."""
    await run(tmp_path, "s", (reply("like", 5),), stimuli=clips(1), likes_work=False)
    (row,) = session(shelf(tmp_path), "s")["steps"]
    assert (row["asked"], row["done"], row["action_error"]) == ("like", "watch", "the heart did not turn red")


async def test_where_like_was_pressed_goes_through_the_engine(tmp_path: Path) -> None:
    """An environment that knows the place of a press has it in the trace and on the page; without a press there is none."""

    class Pressing(GivenFeed):
        async def act(self, action: Action) -> Outcome:
            place = (0.91, 0.5) if action.kind is ActionKind.LIKE else None
            return replace(await super().act(action), click=place)

    replies = Spy((reply("like", 5), reply("watch", 3)))
    await drive(tmp_path / "s", replies, Pressing(clips(2)))
    assert [row["click"] for row in session(shelf(tmp_path), "s")["steps"]] == [{"x": 0.91, "y": 0.5}, None]
    assert (tmp_path / "s" / "trace.jsonl").read_text().count('"click"') == 1


def test_broken_lines_are_told_and_the_rest_stands(tmp_path: Path) -> None:
    """A line that is no event is listed with its number; steps before and after it are whole, and one that lost its stimulus is marked."""
    write(
        tmp_path / "s",
        *(BEGUN, shown(0), answered(0), done(0), b"\xff\xfe nonsense\n", b"{}\n", shown(1), answered(1), b'{"type":"action"}\n'),
        *(b"[" * 5000 + b"\n", answered(2), done(2), shown(3), answered(3), done(3)),
    )
    told = session(shelf(tmp_path), "s")
    assert [line["number"] for line in told["broken"]] == [5, 6, 9, 10]
    assert (told["broken_count"], told["torn"]) == (4, False)
    assert [(row["id"], row["state"], row["done"]) for row in told["steps"]] == [
        ("clip-0", "answered", "like"),
        ("clip-1", "answered", None),
        ("", "answered", "like"),
        ("clip-3", "answered", "like"),
    ]


def test_a_step_without_its_stimulus_is_marked(tmp_path: Path) -> None:
    """Answers and acts whose stimulus cannot be read stand as a step of their own that says so; its details open."""
    write(tmp_path / "s", BEGUN, shown(0), answered(0), done(0), b"broken\n", answered(1), done(1), shown(2), answered(2), done(2))
    found = shelf(tmp_path)
    rows = session(found, "s")["steps"]
    assert [(row["id"], row["state"], row["step"]) for row in rows] == [
        ("clip-0", "answered", 0),
        ("", "answered", 1),
        ("clip-2", "answered", 2),
    ]
    assert "stimulus cannot be read" in rows[1]["error"]
    told = step(found, "s", 1)
    assert [len(step(found, "s", number)["answers"]) for number in range(3)] == [1, 1, 1]
    assert told["stimulus"] is None and told["answers"][0]["decision"]["rating"] == 4 and told["action"]["done"] == "like"


def test_a_running_session_is_followed(tmp_path: Path) -> None:
    """What is appended comes with the next look, a half-written line when it is whole; nothing is read twice."""
    folder = write(tmp_path / "s", BEGUN, shown(0), answered(0), done(0), shown(1))
    found = shelf(tmp_path)
    told = session(found, "s")
    assert (told["status"], told["live"], [row["state"] for row in told["steps"]]) == ("running", True, ["answered", "pending"])
    line = json.dumps(answered(1)).encode() + b"\n"
    with (folder / "trace.jsonl").open("ab", buffering=0) as trace:
        trace.write(line[:40])
        assert json.loads(found.steps("s", 1))["steps"][0]["state"] == "pending"
        trace.write(line[40:])
        more = json.loads(found.steps("s", 1))
        assert [(row["step"], row["state"], row["done"]) for row in more["steps"]] == [(1, "answered", None)]
        trace.write(json.dumps(done(1)).encode() + b"\n")
        trace.write(json.dumps({"type": "end", "reason": "complete", "totals": {"steps": 2}}).encode() + b"\n")
    more = json.loads(found.steps("s", 1))
    assert (more["status"], more["live"], [row["done"] for row in more["steps"]]) == ("complete", False, ["like"])
    assert json.loads(found.steps("s", 2))["steps"] == []
    assert more["totals"]["steps"] == 2


@pytest.mark.parametrize("steps", [1, 5, 60])
def test_a_trace_that_was_replaced_is_read_anew(steps: int, tmp_path: Path) -> None:
    """Another file under the same name, shorter or longer, is another trace."""
    folder = write(tmp_path / "runs" / "s", BEGUN, *(event for k in range(5) for event in (shown(k), answered(k), done(k))))
    found = shelf(tmp_path / "runs")
    assert len(session(found, "s")["steps"]) == 5
    other = write(tmp_path / "other", BEGUN, *(shown(k, id=f"other-{k}") for k in range(steps)))
    (other / "trace.jsonl").replace(folder / "trace.jsonl")
    assert [row["id"] for row in session(found, "s")["steps"]] == [f"other-{k}" for k in range(steps)]


def test_a_torn_end_of_a_dead_session_is_told(tmp_path: Path) -> None:
    """A last line that its writer did not finish is no broken line while the session may live."""
    write(tmp_path / "s", BEGUN, shown(0), b'{"type":"answ')
    told = session(shelf(tmp_path), "s")
    assert (told["broken"], told["torn"], told["status"]) == ([], False, "running")


def test_the_frozen_trace_of_version_1_opens(tmp_path: Path) -> None:
    """The oldest trace there is shows its steps and its prompts, verified."""
    shutil.copytree(FROZEN, tmp_path / "old")
    found = shelf(tmp_path / "old")
    told = session(found, "old")
    assert [(row["done"], row["state"]) for row in told["steps"]] == [("like", "answered")] * 2
    assert [problem["name"] for problem in told["problems"]] == ["broken.mp4"]
    asks = step(found, "old", 0)["asks"]
    assert [ask["stage"] for ask in asks] == ["glance", "react"] and all(ask["unfilled"] == [] for ask in asks)
    assert asks[1]["turns"][0]["text"] == asks[0]["user"]


def test_older_versions_are_read_through_their_upgrades(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Were the schema at version 2, the old trace's steps would come upgraded, one read alone too."""
    shutil.copytree(FROZEN, tmp_path / "old")

    def upgrade(event: dict[str, Any]) -> dict[str, Any]:
        if event["type"] == "stimulus":
            event["text"]["caption"] = event["text"]["caption"].upper()
        return event

    for module in (events, reader):
        monkeypatch.setattr(module, "SCHEMA_VERSION", 2)
    monkeypatch.setitem(events.UPGRADES, 1, upgrade)
    found = shelf(tmp_path / "old")
    assert {row["caption"] for row in session(found, "old")["steps"]} == {"A FIRST CAPTION", "UNE DEUXIÈME LÉGENDE"}
    assert step(found, "old", 1)["stimulus"]["caption"].isupper()


@pytest.mark.parametrize("words", HOSTILE, ids=lambda words: repr(words[:12]))
def test_hostile_words_stay_words(words: str, tmp_path: Path) -> None:
    """Whatever stands in a trace comes as JSON text: cut in lists, whole in the step, and never in the way of anything else."""
    text = {"caption": words, "author": words, "hashtags": [words], "sound": words, "counts": {words: 1}, "screen": words, words: words}
    decision = {"action": "like", "watch_fraction": 1.0, "rating": 4, "reason": words}
    events_ = (
        shown(0, id=words, text=text, topic=words, request_id=words),
        answered(0, decision=decision, raw=words, finish_reason=words, model_version=words),
        done(0, error=words),
        {"type": "problem", "name": words, "reason": words},
        {"type": "consent", "text": words},
        shown(1),
        answered(1, outcome="failed", decision=None, error=words),
        done(1, asked="pass", done="pass"),
    )
    spec = {"persona": words, "model": words, "videos": words, words: words}
    record = {"schema_version": 1, "spec": spec, "persona": {"name": words, "text": words, "target": words, words: words}}
    write(tmp_path / "s", BEGUN, *events_, record=record)
    found = shelf(tmp_path)
    told, whole = session(found, "s"), step(found, "s", 0)
    row = told["steps"][0]
    assert row["reason"] == (words if len(words) <= BRIEF else words[: BRIEF - 1] + "…")
    assert row["cut"] is (len(words) > BRIEF)
    assert whole["stimulus"]["caption"] == words[:WHOLE] == whole["answers"][0]["decision"]["reason"]
    assert told["steps"][1]["id"] == "clip-1"
    assert len(found.session("s")) < 80 * BRIEF + len(words) * 12
    assert json.loads(found.experiment())["sessions"][0]["steps"] == 2
    errors = json.loads(found.experiment())["errors"]
    assert {error["message"] for error in errors} == {words if len(words) <= 500 else words[:499] + "…"}


@pytest.mark.parametrize(
    "record", [[], 3, {"spec": [], "persona": 4}, {"spec": {"phases": [3, {"videos": "x"}]}, "persona": {"phases": {"a": 1}}}]
)
def test_a_record_of_any_shape_opens(record: Any, tmp_path: Path) -> None:
    """A session.json that is not what it should be is a problem that is told, and the steps are there."""
    write(tmp_path / "s", BEGUN, shown(0), answered(0), done(0), record=record)
    found = shelf(tmp_path)
    told = session(found, "s")
    assert len(told["steps"]) == 1
    assert step(found, "s", 0)["answers"]
    assert json.loads(found.experiment())["sessions"][0]["name"] == "s"
    assert (told["problem"] is None) is isinstance(record, dict)


def test_numbers_that_json_does_not_have_become_nothing(tmp_path: Path) -> None:
    """NaN and infinity, which a trace holds as words, come as null."""
    write(
        tmp_path / "s",
        BEGUN,
        shown(0, propensity="NaN", duration_s="Infinity", labels={"HE": "NaN"}),
        answered(0),
        done(0, dwell_s="-Infinity"),
    )
    (row,) = session(shelf(tmp_path), "s")["steps"]
    assert (row["propensity"], row["duration_s"], row["labels"], row["dwell_s"]) == (None, None, {"HE": None}, None)


def test_a_line_without_an_end_costs_no_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A line longer than any event of ours is told as broken, and what follows is read."""
    monkeypatch.setattr(reader, "MOST_LINE_BYTES", 100_000)
    write(tmp_path / "s", BEGUN, shown(0), b'{"type":"answer","raw":"' + b"x" * 350_000 + b'"}\n', answered(0), done(0))
    told = session(shelf(tmp_path), "s")
    assert [line["number"] for line in told["broken"]] == [3]
    assert [row["done"] for row in told["steps"]] == ["like"]


async def test_people_look_the_same(tmp_path: Path) -> None:
    """A person's session has the same steps without questions, and what was read and agreed to beside them."""
    record = {
        "schema_version": 1,
        "spec": {"model": "human/ann", "persona": "empty", "videos": 2},
        "persona": {"name": "empty", "text": "", "target": {}},
    }
    prompt = {"type": "prompt", "hash": "h", "stage": "feed", "cell": 0, "system": "", "user": "Watch as you like; it costs $$5."}
    ask = {"type": "ask", "step": 0, "stage": "feed", "attempt": 0, "cell": 0, "prompt": "h", "seed": 1}
    items = [{"number": 0, "text": "I like fun", "answer": 5}, {"number": 1, "text": "I like order"}]
    asked = {"type": "questionnaire", "items": items, "scale": ["no", "yes"], "complete": False}
    again = {**asked, "items": [{"number": 1, "text": "I like order", "answer": 2}], "complete": True}
    consent = {"type": "consent", "text": "I agree"}
    write(tmp_path / "ann", BEGUN, consent, shown(0), prompt, ask, answered(0), done(0), asked, again, record=record)
    found = shelf(tmp_path)
    told = session(found, "ann")
    assert (told["kind"], told["consent"], told["instructions"]) == ("human", "I agree", "Watch as you like; it costs $5.")
    assert [item["answer"] for item in told["questionnaire"]["items"]] == [5, 2] and told["questionnaire"]["complete"]
    assert step(found, "ann", 0)["asks"] == [] and told["steps"][0]["done"] == "like"


async def test_items_of_a_deck_have_their_options(tmp_path: Path) -> None:
    """An item of a questionnaire comes with the points of its scale, and its answer as the rating."""
    items = [clips(1)[0]]
    model = await run(tmp_path, "deck", (reply(),), stimuli=items, environment="deck", feed="portraits", protocol="likert")
    assert model.asked
    trace = tmp_path / "deck" / "trace.jsonl"
    assert '"outcome":"unparsable"' in trace.read_text()
    found = shelf(tmp_path)
    told = step(found, "deck", 0)
    assert session(found, "deck")["kind"] == "deck"
    assert told["stimulus"]["options"] == list(LIKENESS.points) and told["asks"][0]["unfilled"] == []
    assert told["asks"][0]["turns"][0]["text"] == model.asked[0].turns[0].text


def test_few_sessions_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond the bound of bytes the session that was read longest ago is let go, and read again when it is wanted."""
    from agent.viewer import shelf as shelves

    monkeypatch.setattr(shelves, "KEPT_BYTES", 60_000)
    for number in range(6):
        write(tmp_path / f"s{number}", BEGUN, shown(0), answered(0), done(0))
    found = shelf(tmp_path)
    for number in (0, 1, 2, 3, 4, 5, 0):
        assert session(found, f"s{number}")["steps"][0]["state"] == "answered"
    assert set(found._readings) == {"s5", "s0"}


def test_what_is_not_there_is_said(tmp_path: Path) -> None:
    """An unknown session or step is not there; a folder without sessions is refused in a line that says what to give."""
    write(tmp_path / "runs" / "s", BEGUN, shown(0))
    found = shelf(tmp_path / "runs")
    for wrong in (lambda: found.session("t"), lambda: found.session("../s"), lambda: found.step("s", 1), lambda: found.step("s", -1)):
        with pytest.raises(UserError):
            wrong()
    with pytest.raises(UserError, match="no folder"):
        shelf(tmp_path / "nowhere")
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match="holds no session"):
        shelf(tmp_path / "empty")
    assert reading.STATES["limit"] == "stopped"
