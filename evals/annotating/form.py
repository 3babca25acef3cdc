"""What is put to the people who annotate: the fields of a form, and the cards it is filled in for. Nothing here knows what is asked."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

__all__ = ["FIXED_COLUMNS", "Answer", "Answers", "Card", "Field", "Form", "Option", "shown_text"]

Option: TypeAlias = tuple[int | str, str, str]
"""What is stored, what the button says, and a longer explanation ("" for none)."""

Answer: TypeAlias = int | str | None
Answers: TypeAlias = Mapping[str, Answer]
"""By field name; None where a field that may stay empty did."""

FIXED_COLUMNS = ("rater", "item", "seconds", "at")
"""Columns of every table of annotations, which no field can be called."""

LONGEST_ANSWER = 4_000
LONGEST_TEXT = 20_000
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,39}")
_KEYS = 9


@dataclass(frozen=True)
class Field:
    """One question. `name` is its column; `label` and `help` are shown.

    `scale`: one of 2 to 9 ordered options, a row of buttons with the keys 1 to 9; `choice`: one of 2 to 100 options in a list, of which the
    first nine have keys; `text`: up to 4,000 characters. Raises ValueError.
    """

    name: str
    label: str
    kind: Literal["scale", "choice", "text"]
    options: tuple[Option, ...] = ()
    required: bool = True
    help: str = ""

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name) or self.name in FIXED_COLUMNS:
            raise ValueError(f"{self.name!r} cannot be a field's name: letters, digits and _, and none of {', '.join(FIXED_COLUMNS)}")
        values = self.values
        if self.kind == "text":
            if values:
                raise ValueError(f"{self.name}: a field of text has no options")
        elif not 2 <= len(values) <= (_KEYS if self.kind == "scale" else 100) or len(set(values)) < len(values):
            raise ValueError(f"{self.name}: a scale has 2 to {_KEYS} different options, a choice 2 to 100")
        elif len({type(value) for value in values}) > 1 or isinstance(values[0], bool):
            raise ValueError(f"{self.name}: the options' values are whole numbers, or they are texts")

    @property
    def values(self) -> tuple[int | str, ...]:
        """What can be stored of a scale or a choice."""
        return tuple(value for value, _, _ in self.options)

    def fault(self, answer: Any) -> str:
        """What is wrong with an answer; "" for nothing."""
        if answer is None or (self.kind == "text" and isinstance(answer, str) and not answer.strip()):
            return f"{self.name} is empty" if self.required else ""
        if self.kind == "text":
            good = isinstance(answer, str) and len(answer) <= LONGEST_ANSWER and answer == shown_text(answer, LONGEST_ANSWER)
        else:
            good = any(type(answer) is type(value) and answer == value for value in self.values)  # JSON's true is no 1
        return "" if good else f"{self.name} holds what the page does not offer"


@dataclass(frozen=True)
class Form:
    """What is asked of every card. `consent`: a text to agree to before anything is shown ("" for none).

    `rest`: a value and the words of a button that gives this value to all fields which offer it and are still empty; without it only a
    choice made field by field is an answer. Raises ValueError.
    """

    title: str
    instructions: str
    fields: tuple[Field, ...]
    consent: str = ""
    rest: tuple[int | str, str] | None = None

    def __post_init__(self) -> None:
        names = [each.name for each in self.fields]
        if not names or len(set(names)) < len(names):
            raise ValueError("a form has at least one field, and no two of one name")
        if self.rest is not None and not any(self.rest[0] in each.values for each in self.fields):
            raise ValueError(f"no field offers the value {self.rest[0]!r} of the button {self.rest[1]!r}")

    def faults(self, answers: Mapping[str, Any]) -> list[str]:
        """What is wrong with the answers to one card; empty for nothing."""
        names = {each.name for each in self.fields}
        found = [f"{name} is no field of this form" for name in answers if name not in names]
        return found + [fault for each in self.fields if (fault := each.fault(answers.get(each.name)))]


@dataclass(frozen=True)
class Card:
    """What is annotated. `texts`: (label, text), from wherever; the page shows them as text. `pictures`: JPEG files."""

    id: str
    heading: str = ""
    texts: tuple[tuple[str, str], ...] = ()
    pictures: tuple[bytes, ...] = field(default=(), repr=False)


def shown_text(text: str, limit: int = LONGEST_TEXT) -> str:
    """At most `limit` characters, without the control characters and broken halves that JSON or a page could stumble over."""
    clean = "".join(char for char in text[: limit + 1] if char in "\n\t" or (ord(char) >= 32 and not 0xD800 <= ord(char) <= 0xDFFF))
    return clean if len(text) <= limit else clean[: limit - 1] + "…"
