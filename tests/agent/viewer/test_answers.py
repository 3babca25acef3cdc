"""Items of a deck as the viewer tells them: option and letter, right or wrong, point and ground, verdict, open answer, condition."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from agent.models.base import Reply
from agent.protocols.choice import LETTERS
from agent.session import arun_session
from agent.spec import make_spec
from environments.base import ItemFacts, StimulusText
from tests.agent.driving import stimulus
from tests.agent.viewer.staging import stage
from tests.agent.viewer.traces import mixed, run, session, shelf, step

pytestmark = pytest.mark.usefixtures("own_cache")
KEYS = {"q1": "two", "q2": "blue", "q3": "a cat"}


def deck(folder: Path) -> Path:
    """Three questions with options and a key, one of them with a picture."""
    from PIL import Image

    folder.mkdir()
    Image.new("RGB", (40, 30), (200, 30, 30)).save(folder / "red.png")
    options = {"q1": ["one", "two", "three"], "q2": ["red", "blue"], "q3": ["a dog", "a cow", "a cat", "a hen"]}
    items = [
        {"id": name, "text": f"What is it, {name}?", "options": given, "key": [given.index(KEYS[name])], "images": ["red.png"]}
        for name, given in options.items()
    ]
    (folder / "items.jsonl").write_text("".join(json.dumps(item) + "\n" for item in items))
    return folder


async def asked(tmp_path: Path, reply: dict[str, Any], protocol: str) -> dict[str, Any]:
    """The row of one item that was answered so."""
    item = stimulus(0, text=StimulusText(caption="Is it?"), item=ItemFacts(reference="yes"), duration_s=0.0)
    await run(tmp_path, "s", [Reply(json.dumps(reply))], stimuli=[item], environment="deck", feed="x", protocol=protocol)
    (row,) = session(shelf(tmp_path), "s")["steps"]
    return dict(row)


@pytest.mark.parametrize("model", ["keyed/right", "keyed/uniform"])
async def test_the_chosen_option_is_told_and_whether_it_is_right(model: str, tmp_path: Path) -> None:
    """Words and letter of the option as it stood, and right exactly where it is the item's key."""
    spec = make_spec(environment="deck", feed=str(deck(tmp_path / "items")), protocol="choice", model=model, videos=3, seed=1)
    await arun_session(spec, runs=tmp_path / "runs", session="one")
    found = shelf(tmp_path / "runs")
    rows = session(found, "one")["steps"]
    for row in rows:
        place = step(found, "one", row["step"])["stimulus"]["options"].index(row["chosen"])
        assert row["item"]["letter"] == LETTERS[place] and row["item"]["condition"] == "shown"
        assert row["item"]["right"] is (row["chosen"] == KEYS[row["id"]])
        assert row["rating"] is None and row["item"]["words"] is False
    assert {row["item"]["right"] for row in rows} == ({True} if model == "keyed/right" else {True, False})


@pytest.mark.parametrize(
    ("protocol", "reply", "told"),
    [
        ("verdict", {"reason": "so", "verdict": True}, "true"),
        ("verdict", {"reason": "so", "verdict": False}, "false"),
        ("verdict-pair", {"reason": "so", "better": "first"}, "first"),
        ("verdict-pair", {"reason": "so", "better": "second"}, "second"),
        ("verdict-pair", {"reason": "so", "better": "equal"}, "equal"),
    ],
)
async def test_a_verdict_is_a_word(protocol: str, reply: dict[str, Any], told: str, tmp_path: Path) -> None:
    """What the same number means hangs on what was asked."""
    row = await asked(tmp_path, reply, protocol)
    assert (row["chosen"], row["reason"], row["item"]["right"]) == (told, "so", None)


async def test_a_rating_has_its_scale_and_its_ground(tmp_path: Path) -> None:
    """The point of how many, which is also what lists sort by; the ground apart, so that it makes no other answer."""
    row = await asked(tmp_path, {"rating": 3, "ground": "both", "reason": "so"}, "rating")
    assert (row["chosen"], row["rating"], row["item"]["ground"], row["item"]["most"]) == ("3 of 5", 3, "both", 5)
    options = step(shelf(tmp_path), "s", 0)["stimulus"]["options"]
    assert len(options) == 5 and options[2] == "3 = neither acceptable nor unacceptable"


async def test_an_open_answer_is_its_words(tmp_path: Path) -> None:
    """There is no option; the words are marked as the answer itself."""
    row = await asked(tmp_path, {"answer": "a red square"}, "open")
    assert (row["chosen"], row["reason"], row["item"]["words"]) == (None, "a red square", True)


@pytest.mark.parametrize(("condition", "pictures"), [("shown", 1), ("none", 0)])
async def test_the_condition_is_told(condition: str, pictures: int, tmp_path: Path) -> None:
    """Of the session, in the list of sessions, and of each item, which has no picture where it was withheld."""
    spec = make_spec(
        environment="deck", feed=str(deck(tmp_path / "items")), protocol="open", model="keyed/right", videos=3, condition=condition
    )
    await arun_session(spec, runs=tmp_path / "runs", session="one")
    found = shelf(tmp_path / "runs")
    told = session(found, "one")
    assert told["condition"] == condition == json.loads(found.experiment())["sessions"][0]["condition"]
    assert {(row["item"]["condition"], len(row["frames"])) for row in told["steps"]} == {(condition, pictures)}


async def test_clips_are_no_items(tmp_path: Path) -> None:
    """A feed has no condition, and a clip nothing of an item."""
    await mixed(tmp_path)
    found = shelf(tmp_path)
    told = session(found, "mixed")
    assert told["condition"] is None is json.loads(found.experiment())["sessions"][0]["condition"]
    assert {(row["item"], row["chosen"]) for row in told["steps"]} == {(None, None)} and told["steps"][0]["rating"] == 5


async def test_sessions_that_differ_by_condition_are_called_by_it(tmp_path: Path) -> None:
    """Side by side, where persona and model are the same."""
    items = str(deck(tmp_path / "items"))
    for name in ("shown", "none"):
        spec = make_spec(environment="deck", feed=items, protocol="choice", model="keyed/right", videos=3, condition=name)
        await arun_session(spec, runs=tmp_path / "runs", session=name)
    told = json.loads(shelf(tmp_path / "runs").compare(["shown", "none"]))
    assert [each["label"] for each in told["sessions"]] == ["keyed/right, condition shown", "keyed/right, condition none"]
    assert told["agreement"][0]["same"]["count"] == 3


def test_errors_are_counted_as_the_session_lists_them(tmp_path: Path) -> None:
    """An outage, an answer that cannot be read and a like that did not register: three in the list of sessions, and three on the page."""
    found = shelf(stage(tmp_path))
    (row,) = [each for each in json.loads(found.experiment())["sessions"] if each["name"] == "hedonist"]
    listed = [each for each in session(found, "hedonist")["steps"] if each["state"] in {"failed", "unparsable"} or each["action_error"]]
    assert row["errors"] == len(listed) == 3
