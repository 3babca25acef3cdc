"""The sample: every task, every picture drawn, the rule of the key, and no way to be right without looking."""

from __future__ import annotations

import io
import shutil
from collections import Counter
from pathlib import Path

import pytest
from PIL import Image

from environments.decks.questions import read_questions
from evals.ch3ef.checking import checked
from evals.ch3ef.deck import faults_of
from evals.ch3ef.drawing import HEIGHT, WIDTH, draw
from evals.ch3ef.sample_items import sample_folder
from evals.ch3ef.taxonomy import H, domains, key_of, place_of, published, tasks, taxonomy


@pytest.fixture(scope="module")
def folder(cache_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what all tests draw once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(cache_folder))
        return shutil.copytree(sample_folder(), tmp_path_factory.mktemp("sample"), dirs_exist_ok=True)


def test_the_taxonomy_is_the_published_one() -> None:
    """3 h, 12 domains, 46 tasks; 153 and 355 samples as published; each task is in one place, however its name is written."""
    assert (len(H), len(domains()), len(tasks())) == (3, 12, 46)
    counts = {h: sum(sum(part.values()) for part in parts.values()) for h, parts in taxonomy()["taxonomy"].items()}
    assert counts == {"Helpful": 495, "Honest": 153, "Harmless": 355}
    assert place_of("scene_multi-VIEW") == tasks()["Scene Multi-view"]
    assert place_of("scene") is None
    assert len(published()["models"]) == 16


def test_every_task_has_two_questions_with_pictures(folder: Path) -> None:
    """92 or more, two a task at least, each with a picture that opens; tasks about several views have several."""
    deck = read_questions(folder)
    assert len(deck.items) >= 92
    assert min(Counter(item.about["task"] for item in deck.items).values()) >= 2
    assert not faults_of(deck)
    for item in deck.items:
        for image in item.images:
            with Image.open(deck.picture(image)) as picture:
                assert picture.size == (WIDTH, HEIGHT)
                assert len(picture.convert("RGB").resize((40, 30)).getcolors(1200) or range(1200)) > 1, f"{item.id} is blank"
    several = {item.about["task"] for item in deck.items if len(item.images) > 1}
    assert {"Object Multi-view", "Scene Multi-view", "Vision-only ICL", "Vision-text ICL", "Animation"} <= several


def test_the_pictures_are_drawn_once(folder: Path) -> None:
    """A second use finds them there, and draws what is missing anew."""
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*.png")}
    gone = min(before)
    gone.unlink()
    sample_folder(folder=folder)
    after = {path: path.stat().st_mtime_ns for path in folder.rglob("*.png")}
    assert after.keys() == before.keys()
    assert [path for path in after if after[path] != before[path]] == [gone]


def test_no_way_to_be_right_without_looking(folder: Path) -> None:
    """Always A gives exactly what chance gives, for every seed; always the longest option gives little more."""
    items = read_questions(folder).items
    for seed in range(5):
        found = checked(items, seed)
        assert found.turned and found.always_a == found.expected
        assert float(found.expected) == pytest.approx((88 / 4 + 4 * 2 / 4) / 92)
    assert float(found.longest) < float(found.expected) + 0.06
    assert found.two_right == 4 and not found.lacking


def test_the_rule_of_the_key() -> None:
    """The first option, and the second where one may say not to know."""
    assert key_of(["a", "b"]) == (0,)
    assert key_of(["a", "I don't know.", "b"]) == (0, 1)
    assert key_of(["a", "b", "i don’t know"]) == (0, 1)


def test_a_slip_in_a_picture_is_named() -> None:
    """Line, command and what is wrong; a good one is the same each time."""
    for commands, told in (
        ("bg #FFFFFF\npig dog 1 2 3", "line 2.*'pig"),
        ("pic unicorn 1 2 3", "no pictogram unicorn"),
        ("bg nowhere", "no background nowhere"),
        ("text 1 2", "line 1"),
        ("line 1 2 3", "two points"),
        ("rect 1 2 3 4 #12", "no colour"),
    ):
        with pytest.raises(ValueError, match=told):
            draw(commands)
    assert draw('hand 5 5 6 "abc"\nnoise 0.1') == draw('hand 5 5 6 "abc"\nnoise 0.1')
    with Image.open(io.BytesIO(draw("bg #102030"))) as picture:
        assert picture.getpixel((5, 5)) == (16, 32, 48)
