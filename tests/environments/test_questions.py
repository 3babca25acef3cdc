"""A benchmark's questions: the file, the contract, how options are turned, what is done with pictures, and what is refused in one line."""

from __future__ import annotations

import json
import zlib
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from environments.base import Action, ActionKind, Stimulus, check_environment
from environments.decks.question_feed import QuestionFeed, shown_order
from environments.decks.questions import Question, read_questions
from environments.request import FeedRequest, open_environment
from personas.errors import FeedError


def item(number: int, **more: Any) -> dict[str, Any]:
    return {"id": f"q{number}", "text": f"question {number}", "options": ["one", "two", "three", "four"], "key": [0]} | more


def deck(folder: Path, rows: list[dict[str, Any]]) -> Path:
    for row in rows:
        for image in row.get("images", ()):
            (folder / image).parent.mkdir(parents=True, exist_ok=True)
            Image.new("RGB", (32, 24), (zlib.crc32(image.encode()) % 255, zlib.crc32(image[::-1].encode()) % 255, 90)).save(folder / image)
    (folder / "items.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return folder


async def shown(feed: QuestionFeed) -> list[Stimulus]:
    found = []
    await feed.open()
    while (stimulus := await feed.observe()) is not None:
        found.append(stimulus)
        await feed.act(Action(ActionKind.PASS))
    return found


async def test_questions_keep_the_contract(tmp_path: Path) -> None:
    """A deck of questions passes the conformance test to its end, with and without pictures."""
    folder = deck(tmp_path, [item(n, images=[f"p/{n}-{k}.png" for k in range(n % 3)]) for n in range(7)])
    report = await check_environment(lambda: open_environment("deck", FeedRequest(feed=str(folder), seed=3, options_required=True)))
    assert report.ok, report
    assert (report.shown, report.ended) == (7, True)


async def test_facts_follow_the_options_as_they_are_shown(tmp_path: Path) -> None:
    """The key names the places at which the right options stand, and the order leads back to the file's."""
    folder = deck(tmp_path, [item(n, key=[0, 2]) for n in range(12)])
    for stimulus in await shown(QuestionFeed(read_questions(folder), seed=5)):
        assert stimulus.item is not None
        assert {stimulus.text.options[place] for place in stimulus.item.key} == {"one", "three"}
        assert [("one", "two", "three", "four")[place] for place in stimulus.item.order] == list(stimulus.text.options)


def test_over_the_repeats_every_option_stands_everywhere_once() -> None:
    """As many repeats as options put each option into each place once, so that one who always says A is right once in k."""
    question = Question.model_validate(item(1))
    orders = [shown_order(question, 7, repeat) for repeat in range(4)]
    assert all({order[place] for order in orders} == {0, 1, 2, 3} for place in range(4))


def test_the_key_is_first_as_often_as_anywhere_else() -> None:
    """Over many items with the key first in the file, each place shows it about equally often (chi-square, 3 df, p > .001)."""
    places = Counter(shown_order(Question.model_validate(item(n)), 1, 0).index(0) for n in range(800))
    assert sum((places[place] - 200) ** 2 / 200 for place in range(4)) < 16.3


def test_a_scale_is_only_turned_round() -> None:
    """Points of a scale stay in order: forwards in one repeat, backwards in the next."""
    question = Question.model_validate(item(1, scale=True))
    assert {shown_order(question, 2, repeat) for repeat in range(5)} == {(0, 1, 2, 3), (3, 2, 1, 0)}


async def test_pictures_are_taken_away_or_exchanged(tmp_path: Path) -> None:
    """`none` shows none; `wrong` shows those of another cluster, never the item's own, and names items that have none to exchange."""
    rows = [item(n, images=[f"{n // 2}.png"] if n < 8 else [], cluster=f"c{n // 2}") for n in range(9)]
    questions = read_questions(deck(tmp_path, rows))
    right = {each.id: each.frames for each in await shown(QuestionFeed(questions))}
    assert all(not each.frames for each in await shown(QuestionFeed(questions, condition="none")))
    feed = QuestionFeed(questions, condition="wrong")
    wrong = await shown(feed)
    assert len(wrong) == 8
    assert all(each.frames and each.frames != right[each.id] for each in wrong)
    assert [problem.name for problem in feed.problems] == ["q8"]
    assert all(each.item is not None and each.item.condition == "wrong" for each in wrong)


async def test_a_broken_picture_leaves_its_item_out_and_names_it(tmp_path: Path) -> None:
    """A file that is no picture costs its item, not the session."""
    folder = deck(tmp_path, [item(n, images=[f"{n}.png"]) for n in range(3)])
    (folder / "1.png").write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\nshowpage\n")  # what would start another program
    feed = QuestionFeed(read_questions(folder))
    assert len(await shown(feed)) == 2
    assert [str(problem) for problem in feed.problems] == ["q1: its picture '1.png' is no picture"]


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ([item(1), item(1)], "line 2, id: 'q1' stands in line 1 already"),
        ([item(1, key=[4])], "line 1: key [4] names an option that is not there"),
        ([item(1, options=["one"], key=[])], "one option is no choice"),
        ([item(1, options=["one", " \t"])], "an option has no words"),
        ([item(1, options=["one more", "one  more"])], "an option stands there twice"),
        ([item(1, options=["one", "one"])], "an option stands there twice"),
        ([item(1, images=["../x.png"])], "points outside the folder"),
        ([item(1, images=["nowhere.png"])], "line 1, images: there is no file 'nowhere.png'"),
        ([{"id": "q1"}], "line 1, text: Field required"),
        ([], "holds no items"),
    ],
)
def test_what_is_wrong_with_a_file_is_named(tmp_path: Path, rows: list[dict[str, Any]], told: str) -> None:
    """Line and field, in one line; no row is dropped silently."""
    (tmp_path / "items.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    with pytest.raises(FeedError) as caught:
        read_questions(tmp_path)
    assert told in str(caught.value)
    assert "\n" not in str(caught.value)


def test_what_does_not_fit_is_refused(tmp_path: Path) -> None:
    """An open question has nothing to choose from; respondents that answer from value labels cannot answer a benchmark."""
    deck(tmp_path, [item(1), item(2, options=[], key=[], reference="seven")])
    with pytest.raises(FeedError, match="'q2' has no options"):
        open_environment("deck", FeedRequest(feed=str(tmp_path), options_required=True))
    with pytest.raises(FeedError, match="no value labels"):
        open_environment("deck", FeedRequest(feed=str(tmp_path), labels_required=True))
