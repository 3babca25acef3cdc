"""Text from outside on one line: what is escaped, what stays, what is cut."""

from __future__ import annotations

import io
import sys

import pytest

from personas.command import CommandParser, complain
from personas.one_line import one_line

NASTY = "é 🌅\n\x1b[0m\u202e\udce9"


def test_what_steers_a_terminal_is_escaped() -> None:
    """Control characters, direction marks, line ends and broken UTF-8 are escaped; emoji, also joined ones, and accents stay."""
    assert one_line(NASTY) == "é 🌅\\u000a\\u001b[0m\\u202e\\udce9"
    assert one_line("a\u2028b\u2029c\x85d\u200be\x7f") == "a\\u2028b\\u2029c\\u0085d\\u200be\\u007f"
    assert one_line("👩\u200d👧 naïve 海辺 \u00a0") == "👩\u200d👧 naïve 海辺 \u00a0"


def test_two_names_stay_two() -> None:
    """Without folding no character is dropped, so ids that differ in white space or in what cannot be seen still differ."""
    names = ["a b", "a  b", " a b", "a\tb", "a\nb", "a\u00a0b", "a\u200bb", "ab"]
    assert len({one_line(name) for name in names}) == len(names)


def test_prose_is_folded() -> None:
    """With `fold` runs of white space and line ends are one space, at the ends none; the rest is escaped as ever."""
    assert one_line("  one\n\n two\t\u2028three\x1b[2J ", fold=True) == "one two three\\u001b[2J"
    assert one_line(" \n ", fold=True) == ""


@pytest.mark.parametrize(("limit", "shown"), [(5, "12345"), (4, "123…"), (2, "1…"), (1, "1…"), (None, "12345")])
def test_what_is_too_long_is_cut(limit: int | None, shown: str) -> None:
    """At most `limit` characters with a mark for the rest, always one of the text; None cuts nothing."""
    assert one_line("12345", limit) == shown


def test_names_are_cut_at_120_unless_told() -> None:
    """The default keeps a message readable."""
    assert one_line("x" * 120) == "x" * 120
    assert one_line("x" * 200) == "x" * 119 + "…"


def test_complaints_of_commands_are_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    """What a command and its parser complain of is one line on stderr that no terminal obeys, whatever was typed, however long."""
    complain(f"cannot read 'two  spaces' {NASTY}{'x' * 500}")
    with pytest.raises(SystemExit) as end:
        CommandParser(prog="p").parse_args([NASTY])
    out, err = capsys.readouterr()
    assert (end.value.code, out) == (2, "")
    first, second = err.splitlines()
    assert first == "error: cannot read 'two  spaces' é 🌅\\u000a\\u001b[0m\\u202e\\udce9" + "x" * 500
    assert second == "error: unrecognized arguments: é 🌅\\u000a\\u001b[0m\\u202e\\udce9; see `p --help`"


def test_complaints_fit_an_output_that_knows_few_letters(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where stderr is Latin-1, other letters are escaped by it and nothing fails."""
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stderr", io.TextIOWrapper(written, encoding="latin-1", errors="backslashreplace"))
    complain("海 é")
    sys.stderr.flush()
    assert written.getvalue() == b"error: \\u6d77 \xe9\n"
