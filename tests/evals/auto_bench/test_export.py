"""Export for fine-tuning: valid conversations, letters that give nothing away, no test image in training, only what people found good."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from environments.decks.questions import read_questions
from evals.auto_bench.exporting import export, test_groups
from evals.auto_bench.sample import open_items
from tests.evals.auto_bench.conftest import IMAGES, Command
from tests.evals.auto_bench.test_verify import check

pytestmark = pytest.mark.usefixtures("own_cache")

held_out = test_groups
del test_groups  # pytest would take it for a test


def rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def images(conversations: list[dict[str, Any]]) -> set[str]:
    return {part["image"] for row in conversations for part in row["messages"][0]["content"] if part["type"] == "image"}


def test_no_test_image_is_trained_on(items: Path, tmp_path: Path, command: Command) -> None:
    """A fifth of the images is held out whole; every row is a user turn with pictures and words and an answer; pictures lie beside it."""
    told = command(["export-sft", items, "--out", tmp_path / "sft.jsonl", "--value", "--test", "0.34", "--json"])
    train, test = rows(tmp_path / "sft.jsonl"), rows(tmp_path / "sft.test.jsonl")
    assert (told["train"], told["test"], told["checked"]) == (len(train), len(test), False)
    assert len(train) + len(test) == 4 * IMAGES and len(images(test)) == 2
    assert not images(train) & images(test)
    for row in train + test:
        user, assistant = row["messages"]
        assert (user["role"], assistant["role"]) == ("user", "assistant")
        assert [part["type"] for part in user["content"]] == ["image", "text"] and assistant["content"][0]["text"]
        assert (tmp_path / user["content"][0]["image"]).is_file() and not user["content"][0]["image"].startswith("/")
    command(["export-sft", items, "--out", tmp_path / "sft.jsonl", "--value", "--json"])  # its own file may be written again
    (tmp_path / "other.jsonl").write_text('{"mine": 1}\n', encoding="utf-8")
    command(["export-sft", items, "--out", tmp_path / "other.jsonl"], 2)


def test_pictures_with_the_same_bytes_stay_on_one_side(items: Path, tmp_path: Path) -> None:
    """Trap: one picture under two names. Items that share a cluster or the bytes of a picture are held out together."""
    folder = tmp_path / "items"
    shutil.copytree(items, folder)
    shutil.copyfile(folder / "images/img-0.png", folder / "images/img-1.png")
    deck = read_questions(folder)
    for seed in range(20):
        held = held_out(deck, deck.items, 0.5, seed)
        assert ("img-0.physics.0" in held) == ("img-1.physics.0" in held)
        assert 0 < len(held) < len(deck.items)


def test_letters_give_nothing_away() -> None:
    """Trap: the right option stands first in the items. In the export it stands under every letter about as often."""
    deck = open_items("sample")
    found = export(deck, None, share=0.0)
    closed = [row for row in found.train if "\nA. " in row["messages"][0]["content"][-1]["text"]]
    letters = Counter(row["messages"][1]["content"][0]["text"][0] for row in closed)
    assert set(letters) == set("ABCD") and max(letters.values()) < 0.4 * len(closed)
    for row in closed:
        answer = row["messages"][1]["content"][0]["text"]
        assert f"\n{answer}" in row["messages"][0]["content"][-1]["text"]
        assert answer.partition(". ")[2] == deck.by_id[row["id"]].options[0]
    assert not found.test and found.left == {"of Value": 80}


def test_only_what_people_found_good_is_exported(items: Path, tmp_path: Path, command: Command) -> None:
    """Where some items were checked, flawed and unchecked ones stay out without --all; the reasoning comes before the answer."""
    closed = [item.id for item in read_questions(items).items if item.options]
    check(tmp_path / "said", "anna", {closed[0]}, closed[:4])
    common = ["export-sft", items, "--answers", tmp_path / "said", "--out", tmp_path / "sft.jsonl", "--json"]
    told = command([*common, "--reasoning"])
    assert told["checked"] and told["train"] + told["test"] == 3 and told["left"] == {"not checked, or found flawed": 4 * IMAGES - 3}
    text = rows(tmp_path / "sft.jsonl")[0]["messages"][1]["content"][0]["text"]
    assert text.startswith("It can be seen in ") and text.endswith(". Gravity")
    assert command([*common, "--all"])["train"] > 3
    command(["export-sft", items, "--answers", tmp_path / "nobody", "--out", tmp_path / "x.jsonl"], 2)


@pytest.mark.parametrize("share", [0.0, 0.01, 0.99])
def test_both_sides_are_sensible_at_the_edges(items: Path, share: float) -> None:
    """No share holds out nothing; any other at least one image, and never all of them."""
    deck = read_questions(items)
    found = export(deck, None, value=True, share=share)
    held = {row["id"].partition(".")[0] for row in found.test}
    assert len(held) == {0.0: 0, 0.01: 1, 0.99: IMAGES - 1}[share]
