"""Benchmark items: questions with pictures and options, one JSON object a line of `items.jsonl`, pictures beside it.

    {"id": "art-1", "text": "Who …?", "images": ["art-1.jpg"], "options": ["…", "…"], "key": [0], "about": {"task": "Art", "domain": "…"}}

id        unique in the file
text      the question
images    paths relative to the file's folder, in order; none for a question in words
options   in the file's order; none for an open question
key       places of the right options in `options`, from 0; several where several are right, none where nothing is right or wrong
reference the answer to an open question, in words
scale     true where the options are the points of a scale, in order: they are shown forwards or backwards, and never mixed
cluster   items that are not independent, such as those about one picture
about     names by which results are grouped: task, domain, country, topic, …
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError, field_validator, model_validator

from personas.errors import FeedError
from personas.one_line import one_line

__all__ = ["ITEMS", "MOST_OPTIONS", "Question", "QuestionDeck", "read_questions"]

ITEMS = "items.jsonl"
MOST_OPTIONS = 20
_MOST_BYTES = 512 * 2**20
_LONGEST_LINE = 2**20

Name = Annotated[str, Field(min_length=1, max_length=300)]


class Question(BaseModel):
    """One item; see the module. `model_extra` holds the fields that a benchmark adds, such as a distribution of answers."""

    model_config = ConfigDict(frozen=True, extra="allow")

    id: Name
    text: Annotated[str, Field(min_length=1, max_length=20_000)]
    images: tuple[Name, ...] = ()
    options: Annotated[tuple[Annotated[str, Field(min_length=1, max_length=4000)], ...], Field(max_length=MOST_OPTIONS)] = ()
    key: tuple[Annotated[int, Field(ge=0)], ...] = ()
    reference: str = ""
    scale: bool = False
    cluster: str | None = None
    about: Mapping[str, str] = Field(default_factory=dict)
    __pydantic_extra__: dict[str, JsonValue]

    @field_validator("images")
    @classmethod
    def _stay_inside(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for image in value:
            windows = PureWindowsPath(image)  # knows both kinds of slash, and drives
            if windows.drive or windows.root or ".." in windows.parts or "\0" in image:
                raise ValueError(f"{one_line(image, 80)!r} points outside the folder of the items; put the picture inside it")
        return value

    @model_validator(mode="after")
    def _check_options(self) -> Question:
        if len(self.options) == 1:
            raise ValueError("one option is no choice; give two, or none for an open question")
        shown = [" ".join(option.split()) for option in self.options]  # as protocols show them
        if not all(shown):
            raise ValueError("an option has no words; give it some, or leave it out")
        if len(set(shown)) < len(shown):
            raise ValueError("an option stands there twice; give each once")
        if any(place >= len(self.options) for place in self.key):
            raise ValueError(f"key {list(self.key)} names an option that is not there; places count from 0")
        return self


@dataclass(frozen=True)
class QuestionDeck:
    """The items of a file, and the folder of their pictures. `name`: the folder's."""

    name: str
    folder: Path
    items: tuple[Question, ...]
    by_id: Mapping[str, Question] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_id", {item.id: item for item in self.items})

    def picture(self, image: str) -> Path:
        """Where a picture of an item lies."""
        return self.folder / PurePosixPath(image.replace("\\", "/"))

    def lacking_pictures(self) -> list[tuple[str, str]]:
        """(item, image) of every picture that is not there."""
        return [(item.id, image) for item in self.items for image in item.images if not self.picture(image).is_file()]


def read_questions(source: Path, *, pictures: bool = True) -> QuestionDeck:
    """The deck in a folder with `items.jsonl`, or in a .jsonl file. `pictures`: they have to be there.

    Raises FeedError that names the line and the field.
    """
    path = source / ITEMS if source.is_dir() else source
    shown = one_line(str(path), 200)
    if not path.is_file():
        raise FeedError(f"there are no items at {shown}: give a folder with {ITEMS}, or a .jsonl file of items")
    items: list[Question] = []
    place: dict[str, int] = {}
    for number, data in _lines(path, shown):
        item = _question(number, data, shown)
        if (first := place.setdefault(item.id, number)) != number:
            raise FeedError(f"{shown}, line {number}, id: {one_line(item.id, 80)!r} stands in line {first} already; give each item its own")
        items.append(item)
    if not items:
        raise FeedError(f"{shown} holds no items; write one JSON object a line")
    deck = QuestionDeck(path.parent.resolve().name, path.parent, tuple(items))
    if pictures:
        _check_pictures(deck, place, shown)
    return deck


def _lines(path: Path, shown: str) -> Iterator[tuple[int, Any]]:
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise FeedError(f"{shown} is larger than {_MOST_BYTES // 2**20} MB; split it")
        with path.open("rb") as file:
            for number, line in enumerate(file, 1):
                if len(line) > _LONGEST_LINE:
                    raise FeedError(f"{shown}, line {number} is longer than {_LONGEST_LINE // 2**20} MB; keep pictures apart")
                if line.strip():
                    yield number, _parsed(line, number, shown)
    except OSError as error:
        raise FeedError(f"{shown} cannot be read ({error.strerror}); check its permissions") from None


def _parsed(line: bytes, number: int, shown: str) -> Any:
    try:
        return json.loads(line.decode("utf-8-sig" if number == 1 else "utf-8"))
    except UnicodeDecodeError:
        raise FeedError(f"{shown}, line {number} is not UTF-8; save the file as UTF-8") from None
    except (ValueError, RecursionError):
        raise FeedError(f"{shown}, line {number} is not a JSON object; write one item a line") from None


def _question(number: int, data: Any, shown: str) -> Question:
    try:
        return Question.model_validate(data)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        what = str(first["msg"]).removeprefix("Value error, ")
        raise FeedError(one_line(f"{shown}, line {number}{f', {where}' if where else ''}: {what}", 500)) from None


def _check_pictures(deck: QuestionDeck, place: Mapping[str, int], shown: str) -> None:
    if lacking := deck.lacking_pictures():
        item, image = lacking[0]
        more = f" (and {len(lacking) - 1} more)" if len(lacking) > 1 else ""
        raise FeedError(f"{shown}, line {place[item]}, images: there is no file {one_line(image, 100)!r} beside the items{more}")
