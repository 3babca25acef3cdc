"""The form, and the answers on disk."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest

from evals.annotating.answers import AnswerBook, check_raters, read_annotations
from evals.annotating.desk import order_of
from evals.annotating.form import Field, Form
from personas.errors import SessionBusy, SpecError, StorageFailed, UserError
from tests.evals.annotating.annotators import FORM, IDS, OPTIONS


def test_a_later_answer_replaces_the_earlier(tmp_path: Path) -> None:
    """The file keeps every line; the table has one row a rater and item, with the last answers; a repeated request adds no line."""
    book = AnswerBook(tmp_path, "anna")
    for values, seconds in (({"calm": 1, "note": None}, 2.0), ({"calm": 0, "note": "é"}, 3.25), ({"calm": 0, "note": "é"}, 3.25)):
        book.add("item-1", values, seconds)
    book.add("item-2", {"calm": -1, "note": None}, 1.0)
    book.agree("I take part")
    book.close()
    other = AnswerBook(tmp_path, "ben")
    other.add("item-1", {"calm": 1, "note": None}, 9.0)
    other.close()
    assert len((tmp_path / "anna.jsonl").read_text().splitlines()) == 4
    table = read_annotations(tmp_path)
    assert table.columns == ["rater", "item", "calm", "note", "seconds", "at"]
    assert table.drop("at").rows() == [
        ("anna", "item-1", 0, "é", 3.25),
        ("anna", "item-2", -1, None, 1.0),
        ("ben", "item-1", 1, None, 9.0),
    ]
    assert table.schema["calm"] == pl.Int64 and table.schema["at"] == pl.Datetime("us", "UTC")
    again = AnswerBook(tmp_path, "anna")
    assert again.given["item-1"].values == {"calm": 0, "note": "é"} and again.consent == "I take part"
    again.close()


def test_a_torn_last_line_is_cut(tmp_path: Path) -> None:
    """What a killed process did not finish is no answer, and the next one stands on a line of its own; damage elsewhere is named."""
    book = AnswerBook(tmp_path, "anna")
    book.add("item-1", {"calm": 1}, 2.0)
    book.close()
    path = tmp_path / "anna.jsonl"
    whole = path.read_bytes()
    path.write_bytes(whole + b'{"item":"item-2","values":{"calm"')
    assert read_annotations(tmp_path)["item"].to_list() == ["item-1"]
    book = AnswerBook(tmp_path, "anna")
    book.add("item-3", {"calm": 1}, 2.0)
    book.close()
    assert [json.loads(line)["item"] for line in path.read_text().splitlines()] == ["item-1", "item-3"]
    path.write_bytes(b'{"item": 3}\n' + whole)
    with pytest.raises(UserError, match="line 1 is no answer"):
        read_annotations(tmp_path)


def test_nothing_there_is_an_empty_table(tmp_path: Path) -> None:
    """A folder without answers gives no rows."""
    assert read_annotations(tmp_path / "none").columns == ["rater", "item", "seconds", "at"]


def test_a_raters_file_has_one_writer(tmp_path: Path) -> None:
    """A second process is refused in one line, and so is a folder that is none."""
    book = AnswerBook(tmp_path, "anna")
    with pytest.raises(SessionBusy, match="anna"):
        AnswerBook(tmp_path, "anna")
    book.close()
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageFailed, match="cannot be kept"):
        AnswerBook(tmp_path / "file", "anna")


@pytest.mark.parametrize("raters", [[], ["../anna"], ["anna", "Anna"], ["-x"], ["a" * 41]])
def test_names_that_cannot_be(raters: list[str]) -> None:
    """A name becomes a file's."""
    with pytest.raises(SpecError):
        check_raters(raters)


def test_orders_are_the_raters_own() -> None:
    """Two raters see the items in different orders, the same at every start; items added later leave the order of the others."""
    ids = [f"v{number}" for number in range(300)]
    anna, ben = order_of(ids, 0, "anna"), order_of(ids, 0, "ben")
    assert sorted(anna) == sorted(ben) == sorted(ids)
    assert anna != ben != ids != anna
    assert anna == order_of(list(reversed(ids)), 0, "anna") != order_of(ids, 1, "anna")
    assert [name for name in order_of([*ids, "late"], 0, "anna") if name != "late"] == anna
    assert len(IDS) > 3


@pytest.mark.parametrize(
    ("values", "fault"),
    [
        ({"calm": 1, "noise": 0}, None),
        ({"calm": 1, "noise": 0, "kind": "a", "note": "two\nlines"}, None),
        ({"calm": 1}, "noise is empty"),
        ({"calm": None, "noise": 0}, "calm is empty"),
        ({"calm": True, "noise": 0}, "calm holds"),
        ({"calm": 2, "noise": 0}, "calm holds"),
        ({"calm": "1", "noise": 0}, "calm holds"),
        ({"calm": 1, "noise": 0, "kind": "c"}, "kind holds"),
        ({"calm": 1, "noise": 0, "note": "x" * 4001}, "note holds"),
        ({"calm": 1, "noise": 0, "note": "a\x00b"}, "note holds"),
        ({"calm": 1, "noise": 0, "other": 1}, "no field"),
    ],
)
def test_what_is_an_answer(values: dict, fault: str | None) -> None:
    """Every required field holds one of its options; nothing else goes in."""
    found = FORM.faults(values)
    assert (fault in " ".join(found)) if fault else found == []


def test_forms_that_cannot_be() -> None:
    """Names of columns, options and the button for the rest are checked when a form is made."""
    for make in (
        lambda: Field("seconds", "", "scale", OPTIONS),
        lambda: Field("a b", "", "text"),
        lambda: Field("a", "", "text", OPTIONS),
        lambda: Field("a", "", "scale", OPTIONS[:1]),
        lambda: Field("a", "", "scale", tuple((number, "x", "") for number in range(10))),
        lambda: Field("a", "", "choice", ((1, "x", ""), ("1", "y", ""))),
        lambda: Form("t", "", ()),
        lambda: Form("t", "", (Field("a", "", "text"),), rest=(0, "none")),
    ):
        with pytest.raises(ValueError):
            make()
