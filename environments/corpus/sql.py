"""Filters for LanceDB: words from outside are always quoted, and a user's own filter is one expression."""

from __future__ import annotations

import re
from collections.abc import Iterable

from personas.errors import CorpusError
from personas.one_line import one_line
from personas.schwartz import VALUES

__all__ = ["checked_filter", "complaint", "in_list", "quoted"]

_LITERAL = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|`[^`]*`")


def quoted(text: str) -> str:
    """`text` as an SQL string literal: quotes doubled, nothing else has a meaning there."""
    return "'" + text.replace("'", "''") + "'"


def in_list(column: str, texts: Iterable[str]) -> str:
    """A filter that is true where `column`, a name of ours, is one of `texts`."""
    return f"{column} IN ({', '.join(map(quoted, texts))})"


_UNKNOWN = re.compile(r"No field named (?P<name>\S+?)\.? Valid fields are (?P<fields>`.*`)")
_LABELS = (*VALUES, *(f"{value}_sd" for value in VALUES), "labels_source")


def complaint(error: BaseException) -> str:
    """What LanceDB has against a filter, on one line. An unknown field: all that there are, labels first."""
    said = one_line(str(error), None, fold=True)
    if (found := _UNKNOWN.search(said)) is None:
        return one_line(said, 300)
    fields = re.findall(r"`([^`]*)`", found["fields"])
    labels = [name for name in _LABELS if name in fields]
    return f"no field {found['name']}; fields are {', '.join([*labels, *(name for name in fields if name not in labels)])}"


def checked_filter(where: str) -> str:
    """A user's filter as given. Raises CorpusError for one that is empty, or of which LanceDB would read the beginning only."""
    if not where.strip():
        raise CorpusError("the filter is empty; write one such as \"platform = 'tiktok' AND duration_s < 30\"")
    if ";" in _LITERAL.sub("", where) or "--" in _LITERAL.sub("", where):
        raise CorpusError(f"the filter {one_line(where)!r} must be one expression, without ; and comments")
    return where
