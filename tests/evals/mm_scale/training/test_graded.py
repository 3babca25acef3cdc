"""Items for training: what belongs to one image, how images are split, and what is asked."""

from __future__ import annotations

import base64
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from agent.protocols.rating import SCALE
from environments.decks.questions import ITEMS, QuestionDeck, read_questions
from evals.mm_scale.training.graded import image_sets, shown_items, split_sets
from evals.mm_scale.training.recipe import Recipe
from evals.mm_scale.training.sources import items_of
from evals.mm_scale.training.synthetic import Made, synthetic_deck
from personas.errors import FeedError, SpecError
from tests.agent.models.provider_server import ProviderServer, ok


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> QuestionDeck:
    """Ten images with three scenarios each."""
    return synthetic_deck(tmp_path_factory.mktemp("made"), Made(images=10, scenarios=3))


def rewritten(deck: QuestionDeck, folder: Path, change: Any) -> QuestionDeck:
    """A copy of the deck whose lines went through `change(line, place)`."""
    shutil.copytree(deck.folder, folder)
    lines = [json.loads(line) for line in (folder / ITEMS).read_text(encoding="utf-8").splitlines()]
    for place, line in enumerate(lines):
        change(line, place)
    (folder / ITEMS).write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    return read_questions(folder)


def test_a_split_never_parts_an_image(made: QuestionDeck) -> None:
    """Held-out images share no cluster with those trained on; the seed decides which they are, the order in the file does not."""
    sets = image_sets(made)
    training, held_out = split_sets(sets, 0.3, seed=0)
    assert (len(training), len(held_out)) == (7, 3)
    assert not {item.question.cluster for s in training for item in s.items} & {item.question.cluster for s in held_out for item in s.items}
    assert {s.name for s in split_sets(sets[::-1], 0.3, seed=0)[1]} == {s.name for s in held_out}
    assert {s.name for s in split_sets(sets, 0.3, seed=1)[1]} != {s.name for s in held_out}


def test_one_picture_under_two_names_is_one_image(made: QuestionDeck, tmp_path: Path) -> None:
    """A copy of a picture under another name and another cluster stays on the same side of the split."""

    def copied(line: dict[str, Any], place: int) -> None:
        if place == 0:
            shutil.copy(made.folder / "street-009.png", tmp_path / "items" / "copy.png")
            line.update(images=["copy.png"], cluster="elsewhere")

    sets = image_sets(rewritten(made, tmp_path / "items", copied))
    assert sorted(len(s.items) for s in sets) == [2, *[3] * 8, 4]
    (found,) = [s for s in sets if len(s.items) == 4]
    assert {item.question.images[0] for item in found.items} == {"copy.png", "street-009.png"}


def test_a_model_is_asked_as_in_a_run_and_sees_no_ratings(made: QuestionDeck) -> None:
    """The words are those of protocol `rating` about the scenario, with its picture; nothing of ratings, truth or rater is in them."""
    (first, *_) = sets = image_sets(made)
    shown = shown_items(first, 0)
    assert [each.item for each in shown] == [item.question.id for item in first.items]
    for each, item in zip(shown, first.items, strict=True):
        assert json.dumps(item.question.text) in each.words
        assert all(point in each.words for point in SCALE)
        assert "rater" not in each.words
        assert "truth" not in each.words
        assert each.picture.startswith(b"\xff\xd8")
        assert each.system == ""
    assert shown_items(sets[1], 3)[0].words != shown_items(sets[1], 0)[0].words


def test_the_question_of_training_is_the_question_of_a_run(made: QuestionDeck, tmp_path: Path) -> None:
    """What `run` sends to a server, words and picture, is byte for byte what training has the model read."""
    from evals.mm_scale.__main__ import main

    given = ["run", "--items", str(made.folder), "--limit", "3", "--name", "asked", "--runs", str(tmp_path), "--no-report", "--quiet"]
    with ProviderServer(ok({"rating": 3, "ground": "both", "reason": "so"})) as server:
        assert main([*given, "--model", f"compatible/some@{server.url('chat')}"]) == 0
        messages = [request.body["messages"] for request in server.requests]
    sent = {}
    for turns in messages:
        (user,) = turns
        picture, words = user["content"]
        sent[words["text"]] = base64.b64decode(picture["image_url"]["url"].partition("base64,")[2])
    read = {each.words: each.picture for images in image_sets(made) for each in shown_items(images, 0)}
    assert len(sent) == 3
    assert sent.items() <= read.items()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"ratings": []}, "ratings: there are none"),
        ({"ratings": [{"rater": "a", "score": 6}]}, "score: it has to be a whole number from 1 to 5"),
        ({"images": []}, "has 0 pictures"),
    ],
)
def test_items_that_cannot_be_trained_on_are_named(made: QuestionDeck, tmp_path: Path, change: dict[str, Any], message: str) -> None:
    """No ratings, a rating beyond the scale, no picture: one line with the item's name."""
    deck = rewritten(made, tmp_path / "items", lambda line, place: line.update(change) if place == 4 else None)
    with pytest.raises(FeedError, match=f"street-001-1.*{message}"):
        image_sets(deck)


def test_synthetic_judgements_have_the_order_they_were_made_with(tmp_path: Path) -> None:
    """Without noise and leanings a rating is the truth rounded; fewer steps make ties; the same seed writes the same items."""
    deck = synthetic_deck(tmp_path / "a", Made(images=4, noise=0, leaning=0))
    for images in image_sets(deck):
        assert all(item.truth is not None and abs(item.grade - item.truth) <= 0.5 for item in images.items)
    coarse = synthetic_deck(tmp_path / "b", Made(images=4, noise=0, leaning=0, steps=2))
    assert {item.grade for images in image_sets(coarse) for item in images.items} == {1.0, 5.0}
    again = synthetic_deck(tmp_path / "c", Made(images=4, noise=0, leaning=0))
    assert (again.folder / ITEMS).read_bytes() == (deck.folder / ITEMS).read_bytes()


@pytest.mark.parametrize("items", ["synthetic:noise=loud", "synthetic:colour=2", "synthetic:images=1", "synthetic:steps=9"])
def test_what_is_made_up_wrongly_is_one_line(items: str, tmp_path: Path) -> None:
    """A number that is none, a name that is not known, figures out of range."""
    with pytest.raises(SpecError, match="--items synthetic"):
        items_of(Recipe(items, "tiny", "listwise"), tmp_path)


def test_items_about_one_image_cannot_be_split(made: QuestionDeck) -> None:
    """There would be nothing to test on."""
    with pytest.raises(FeedError, match="one image"):
        split_sets(image_sets(made)[:1], 0.25, 0)
