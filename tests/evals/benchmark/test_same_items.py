"""Several runs scored together: different items under one name, different sets of items, who never answered, items without a key."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from PIL import Image

from agent.session import run_session
from agent.spec import make_spec
from environments.decks.questions import Question, read_questions
from evals.benchmark.analysis import analyse
from evals.benchmark.asking import FORMAT, RECORD, ItemRun, record_of, write_decks
from evals.benchmark.base import Benchmark
from evals.benchmark.reading import read_items
from evals.benchmark.report import Findings
from evals.benchmark.scoring import scores
from evals.report.folder import csv_of
from evals.running import Asked
from personas.errors import SpecError, UserError

TOY = Benchmark("toy", "Toy", list, protocol_of=lambda item: "choice")


def rows(count: int, first: int = 0, words: str = "Which is it", **more: Any) -> list[dict[str, Any]]:
    return [
        {"id": f"q{number}", "text": f"{words}, {number}?", "options": ["x", "y", "z"], "key": [0], **more}
        for number in range(first, first + count)
    ]


def a_run(
    folder: Path,
    items: Sequence[dict[str, Any]],
    models: Sequence[str],
    *,
    listed: Sequence[str] = (),
    conditions: Sequence[str] = ("shown",),
) -> Path:
    """A run of these items by sessions of the engine, with its record; `listed`: models that the record names besides."""
    place = folder / "items" / "000"
    place.mkdir(parents=True)
    (place / "items.jsonl").write_text("".join(json.dumps(row) + "\n" for row in items), encoding="utf-8")
    for model in models:
        spec = make_spec(model=model, environment="deck", feed=str(place), protocol="choice", strategy="none", cell=0, videos=len(items))
        run_session(spec, runs=folder)
    recorded = [{"key": [], "about": {}, **row, "protocol": "choice", "images": 0} for row in items]
    record = {"format": FORMAT, "benchmark": "toy", "models": [*models, *listed], "conditions": list(conditions), "items": recorded}
    (folder / RECORD).write_text(json.dumps(record), encoding="utf-8")
    return folder


def whole(found: Findings) -> dict[str, dict[str, Any]]:
    return {row["who"]: row for row in found.tables["scores.csv"].filter(level="all").iter_rows(named=True)}


def test_different_items_under_one_name_are_not_merged(tmp_path: Path) -> None:
    """Two decks that call other questions by the same ids cannot be scored together, whoever answered them."""
    one = a_run(tmp_path / "one", rows(3), ["keyed/right"])
    two = a_run(tmp_path / "two", rows(3, words="Which is not it"), ["keyed/first"])
    assert whole(analyse(TOY, [str(one)]))["keyed/right"]["samples"] == 3
    with pytest.raises(UserError, match=r"asked different items called 'q[0-2]': score these runs apart"):
        read_items([one, two], "toy")
    with pytest.raises(UserError, match="asked different items"):
        read_items([tmp_path], "toy")


def test_another_key_makes_another_item(tmp_path: Path) -> None:
    """The same words with another right option are another item; the same item in the other order of a file is not."""
    one = a_run(tmp_path / "one", rows(3), ["keyed/right"])
    two = a_run(tmp_path / "two", [{**row, "key": [1]} for row in rows(3)], ["keyed/first"])
    three = a_run(tmp_path / "three", rows(3)[::-1], ["keyed/first"])
    with pytest.raises(UserError, match="asked different items"):
        read_items([one, two], "toy")
    assert read_items([one, three], "toy").items.height == 6


def test_ranks_are_among_respondents_with_the_same_items(tmp_path: Path) -> None:
    """Who was asked other items has no rank beside those who share theirs."""
    one = a_run(tmp_path / "one", rows(22), ["keyed/right", "keyed/first"])
    two = a_run(tmp_path / "two", rows(22, first=1), ["keyed/uniform"])
    ranks = {who: row["rank"] for who, row in whole(analyse(TOY, [str(one), str(two)])).items()}
    assert ranks == {"keyed/right": 1, "keyed/first": 2, "keyed/uniform": None}
    assert whole(analyse(TOY, [str(two)]))["keyed/uniform"]["rank"] == 1


def test_of_several_sets_of_items_the_commonest_is_ranked() -> None:
    """Three respondents with one set of items are ranked among themselves; two with another, though better, are not."""
    table = pl.DataFrame(
        [
            {"who": who, "item": f"q{number}", "cluster": None, "state": "answered", "right": right, "key_place": 0}
            for who, first, right in (("a", 0, False), ("b", 0, True), ("c", 0, False), ("d", 1, True), ("e", 1, True))
            for number in range(first, first + 20)
        ],
        schema_overrides={"cluster": pl.String},
    )
    ranks = dict(scores(table, table.select("who", "item"), {}).select("who", "rank").iter_rows())
    assert ranks == {"a": 2, "b": 1, "c": 2, "d": None, "e": None}


def test_respondents_that_share_no_set_of_items_have_no_rank(tmp_path: Path) -> None:
    """Two respondents with items of their own cannot be put in an order."""
    one, two = a_run(tmp_path / "one", rows(22), ["keyed/right"]), a_run(tmp_path / "two", rows(22, first=1), ["keyed/uniform"])
    assert {row["rank"] for row in whole(analyse(TOY, [str(one), str(two)])).values()} == {None}


def test_who_never_answered_is_named(tmp_path: Path) -> None:
    """A model is missed although another's name begins with its own, and under the condition that it did not get to."""
    run = a_run(tmp_path / "one", rows(3), ["keyed/right"], listed=["keyed/rig"], conditions=["shown", "none"])
    told = " ".join(read_items([run], "toy").problems)
    for lacking in ("keyed/rig was to be asked", "keyed/rig (no pictures) was to be asked", "keyed/right (no pictures) was to be asked"):
        assert lacking in told
    assert "keyed/right was to be asked" not in told


def test_items_without_a_key_are_no_outage(tmp_path: Path) -> None:
    """What no answer can be right about is no sample, and told; nothing but such items is no score."""
    keyless = [{**row, "key": []} for row in rows(2, first=20)]
    found = analyse(TOY, [str(a_run(tmp_path / "one", [*rows(20), *keyless], ["keyed/right"]))])
    row = whole(found)["keyed/right"]
    assert (row["samples"], row["open"], row["rank"]) == (20, 0, 1)
    assert "2 items without a right option: asked, and in no score." in found.notes
    with pytest.raises(UserError, match="give each a key"):
        analyse(TOY, [str(a_run(tmp_path / "two", keyless, ["keyed/first"]))])


def test_names_of_items_may_be_called_as_columns_are(tmp_path: Path) -> None:
    """An item's own names never take the place of the run's, and none is a formula in the head of a table."""
    about = {"run": "r", "how": "h", "who": "w", "group": "g", "level": "l", "samples": "s", "=1+1": "=2"}
    found = analyse(TOY, [str(a_run(tmp_path / "one", rows(3, about=about), ["keyed/right"]))])
    assert whole(found)["keyed/right"]["samples"] == 3
    assert not [cell for cell in csv_of(found.tables["answers.csv"]).replace("\n", ",").split(",") if cell.startswith("=")]


def an_item_run(folder: Path, **change: Any) -> ItemRun:
    deck = read_questions(folder)
    items = tuple(Question.model_validate({**item.model_dump(), **change}) for item in deck.items)
    return ItemRun("toy", deck, items, Asked(("keyed/right",)), lambda item: "choice")


def test_a_run_is_not_gone_on_with_over_other_words(tmp_path: Path) -> None:
    """A folder that was begun with the same ids and other words, or another picture of the same name, is refused."""
    deck, runs = tmp_path / "deck", tmp_path / "run"
    deck.mkdir()
    Image.new("RGB", (8, 8), "red").save(deck / "a.png")
    (deck / "items.jsonl").write_text(json.dumps(rows(1, images=["a.png"])[0]) + "\n")
    write_decks(an_item_run(deck), runs)
    write_decks(an_item_run(deck), runs)
    with pytest.raises(SpecError, match="was begun with other items"):
        write_decks(an_item_run(deck, text="Which is it not?"), runs)
    Image.new("RGB", (80, 90), "red").save(deck / "a.png")
    with pytest.raises(SpecError, match="was begun with other items"):
        write_decks(an_item_run(deck), runs)
    assert record_of(an_item_run(deck))["items"][0]["content"]


def test_a_picture_behind_a_link_is_taken_along(tmp_path: Path) -> None:
    """An items folder whose pictures are relative links is asked like any other."""
    deck = tmp_path / "deck"
    deck.mkdir()
    Image.new("RGB", (8, 8), "red").save(tmp_path / "far.png")
    (deck / "a.png").symlink_to("../far.png")
    (deck / "items.jsonl").write_text(json.dumps(rows(1, images=["a.png"])[0]) + "\n")
    write_decks(an_item_run(deck), tmp_path / "run")
    taken = read_questions(tmp_path / "run" / "items" / "000").picture("a.png")
    assert not taken.is_symlink()
    assert taken.read_bytes() == (tmp_path / "far.png").read_bytes()
