"""The five conditions, and the words that stand before a question in each: where a country is named in words, shown in pictures, or not.

The words of `both` and `wrong` are the same: only the pictures differ.
"""

from __future__ import annotations

from typing import Literal, get_args

__all__ = ["CONDITIONS", "CONTRASTS", "EVERYBODY", "Condition", "DontKnow", "caption", "needs_pictures"]

Condition = Literal["text", "image", "both", "none", "wrong"]
CONDITIONS: tuple[Condition, ...] = get_args(Condition)
DontKnow = Literal["drop", "keep", "separate"]

EVERYBODY = ""
"""In place of a country: what is asked in `none` is the same for all of them, so it is asked once."""

CONTRASTS: tuple[tuple[Condition, Condition, str], ...] = (
    ("image", "none", "pictures, where nothing is said"),
    ("text", "none", "the country's name"),
    ("both", "text", "pictures, beside the name"),
    ("image", "text", "pictures in place of the name"),
    ("wrong", "both", "another country's pictures in place of the country's own"),
)
"""(with, without, what is added): the effects that are told, each paired by question and country."""

_WORDS: dict[str, str] = {
    "none": "Answer as a person who was asked this in a survey would.",
    "text": "Answer as a person who lives in {country} and was asked this in a survey would.",
    "image": "Answer as a person who lives where these pictures were taken and was asked this in a survey would.",
    "both": "Answer as a person who lives in {country}, where these pictures were taken, and was asked this in a survey would.",
}


def caption(condition: Condition, question: str, country: str) -> str:
    """What is asked in words; `country` is named in `text`, `both` and `wrong` alone."""
    words = _WORDS["both" if condition == "wrong" else condition]
    return f"{words.replace('{country}', country)}\n\n{question}"


def needs_pictures(condition: str) -> bool:
    """Whether the condition shows pictures."""
    return condition in {"image", "both", "wrong"}
