"""Clip specifications: what a clip of the embedded catalogue is, read from `clips/*.toml` and checked field by field.

A problem is always one line: file, clip, field, what is wrong, what to do.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator
from pydantic_core import ErrorDetails

from environments.canonical import content_hash
from environments.catalogue.vocabulary import BACKGROUNDS, MOTIONS, PICTOGRAMS
from personas.errors import FeedError
from personas.schwartz import VALUES

__all__ = ["ClipSpec", "Reading", "Scene", "load_clips", "read_clips", "scene_hash", "spec_hash"]

RENDERER_VERSION = 1
"""Part of every scene hash, so of every seed of a drawing. Raised when the drawings are meant to come out differently."""

_OVERLAY_MARKS = set("\u0300\u0301\u0302\u0303\u0308\u030a\u0327")
"""Accents that can be set on a letter: grave, acute, circumflex, tilde, diaeresis, ring, cedilla."""

_OVERLAY_PUNCTUATION = set(" 0123456789.,:;!?'\"()&+-–—/%=’‘“”…·°$#@*")
_KEBAB = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_STRICT = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)

Loading = Annotated[float, Field(ge=-1.0, le=1.0)]


def _one_of(value: str, known: tuple[str, ...], what: str) -> str:
    if value not in known:
        near = get_close_matches(value, known, n=3, cutoff=0.4)
        raise ValueError(f"there is no {what} {value!r}; use {' or '.join(near) if near else 'one of: ' + ' '.join(known)}")
    return value


def _kebab(value: str) -> str:
    if not _KEBAB.fullmatch(value):
        raise ValueError(f"{value!r} is not kebab-case; use lower-case letters, digits and single hyphens")
    return value


def _plain_text(value: str) -> str:
    """One line without emoji or control characters."""
    for char in value:
        if char != "°" and unicodedata.category(char) in {"So", "Cc", "Cf", "Cs", "Co", "Cn"}:
            raise ValueError(f"U+{ord(char):04X} is an emoji, a symbol or a control character; leave it out")
    return value


class Scene(BaseModel):
    """What is drawn: a background, a motion, and 1 to 5 pictograms, the first of them the main one."""

    model_config = _STRICT

    background: str
    motion: str
    pictograms: tuple[str, ...] = Field(min_length=1, max_length=5)

    @field_validator("background")
    @classmethod
    def _known_background(cls, value: str) -> str:
        return _one_of(value, BACKGROUNDS, "background")

    @field_validator("motion")
    @classmethod
    def _known_motion(cls, value: str) -> str:
        return _one_of(value, MOTIONS, "motion")

    @field_validator("pictograms")
    @classmethod
    def _known_pictograms(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(_one_of(name, PICTOGRAMS, "pictogram") for name in value)


class ClipSpec(BaseModel):
    """One clip. `values` are its designed loadings in [-1, 1] by value code; empty means value-free. `duration_s` is in seconds."""

    model_config = _STRICT

    id: str
    topic: str
    caption: str = Field(min_length=5, max_length=300)
    overlay: str = Field(min_length=3, max_length=44)
    author: str = Field(pattern=r"^[A-Za-z0-9._]{2,40}$")
    hashtags: tuple[str, ...] = Field(default=(), max_length=10)
    sound: str = Field(min_length=1, max_length=100)
    duration_s: float = Field(ge=4, le=30)
    values: Mapping[str, Loading] = Field(default_factory=dict)
    cluster: str | None = None
    twin: Literal["carries", "plain"] | None = None
    scene: Scene

    @property
    def stratum(self) -> str:
        """The design stratum: the value with the largest absolute loading and its sign, as "HE+" or "HE-"; "none" when value-free.

        Of equal loadings the first in circular order counts.
        """
        if not self.values:
            return "none"
        code = max(self.values, key=lambda c: (abs(self.values[c]), -VALUES.index(c)))
        return f"{code}{'+' if self.values[code] > 0 else '-'}"

    @field_validator("id", "topic", "cluster")
    @classmethod
    def _is_kebab(cls, value: str | None) -> str | None:
        return None if value is None else _kebab(value)

    @field_validator("caption", "sound")
    @classmethod
    def _is_plain(cls, value: str) -> str:
        return _plain_text(value)

    @field_validator("overlay")
    @classmethod
    def _is_drawable(cls, value: str) -> str:
        composed = unicodedata.normalize("NFC", value)
        for char in composed:
            decomposed = unicodedata.normalize("NFD", char)
            latin = decomposed[0].isascii() and decomposed[0].isalpha() and set(decomposed[1:]) <= _OVERLAY_MARKS
            if not latin and char not in _OVERLAY_PUNCTUATION:
                raise ValueError(f"the overlay's font has no {char!r} (U+{ord(char):04X}); use Latin letters, digits and plain punctuation")
        return composed

    @field_validator("hashtags")
    @classmethod
    def _are_tags(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for tag in value:
            if not re.fullmatch(r"\w+", tag):
                raise ValueError(f"{tag!r} is not a hashtag; write letters, digits and _ only, without '#'")
        return value

    @field_validator("values")
    @classmethod
    def _are_values(cls, value: Mapping[str, float]) -> Mapping[str, float]:
        for code, loading in value.items():
            _one_of(code, VALUES, "value")
            if loading == 0:
                raise ValueError(f"{code} = 0 says nothing; leave it out")
        return value

    @model_validator(mode="after")
    def _twin_has_cluster(self) -> ClipSpec:
        if (self.cluster is None) != (self.twin is None):
            raise ValueError("cluster and twin belong together; give both or neither")
        return self


@dataclass(frozen=True)
class Reading:
    """What was read from a folder of clip files: the valid clips in order of file and place, and one line a problem."""

    clips: tuple[ClipSpec, ...]
    problems: tuple[str, ...]


def read_clips(folder: Traversable) -> Reading:
    """All clips of `folder/*.toml`, files in order of name. Raises nothing: what is not valid is in `problems`."""
    clips: list[ClipSpec] = []
    problems: list[str] = []
    seen: dict[str, str] = {}
    for entry in sorted((e for e in folder.iterdir() if e.name.endswith(".toml")), key=lambda e: e.name):
        for found in _read_file(entry):
            if isinstance(found, str):
                problems.append(f"{entry.name}: {found}")
            elif found.id in seen:
                problems.append(f"{entry.name}: clip {found.id!r}, field id: {seen[found.id]} has it too; choose another id")
            else:
                seen[found.id] = entry.name
                clips.append(found)
    return Reading(tuple(clips), tuple(problems))


@lru_cache(maxsize=1)
def load_clips() -> tuple[ClipSpec, ...]:
    """The embedded catalogue, always in the same order. Raises FeedError when a clip file is not valid."""
    reading = read_clips(files("environments.catalogue").joinpath("clips"))
    if reading.problems:
        more = len(reading.problems) - 1
        rest = f" ({more} more: python -m environments.catalogue stats)" if more else ""
        raise FeedError(f"{reading.problems[0]}{rest}")
    if not reading.clips:
        raise FeedError("the embedded catalogue has no clips; install axiofeed again")
    return reading.clips


def spec_hash(clip: ClipSpec) -> str:
    """SHA-256 (hex) of everything the clip says."""
    return content_hash(clip.model_dump(mode="json"))


def scene_hash(clip: ClipSpec) -> str:
    """SHA-256 (hex) of what its video depends on: scene, overlay, duration, renderer version. Twins share it, so they share every byte."""
    return content_hash(
        {
            "scene": clip.scene.model_dump(mode="json"),
            "overlay": clip.overlay,
            "duration_s": clip.duration_s,
            "renderer": RENDERER_VERSION,
        }
    )


def _read_file(entry: Traversable) -> Iterator[ClipSpec | str]:
    """The clips of one file; for what is not valid, a line that says clip, field and fix."""
    try:
        data = tomllib.loads(entry.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        yield f"not valid TOML: {error}; correct it there"
        return
    unknown = sorted(set(data) - {"clip"})
    if unknown:
        yield f"unknown table {unknown[0]!r}; a clip file holds [[clip]] tables only"
    tables = data.get("clip")
    if not isinstance(tables, list):
        yield "no [[clip]] table; add one"
        return
    for number, table in enumerate(tables, start=1):
        name = repr(table["id"]) if isinstance(table, dict) and isinstance(table.get("id"), str) else f"number {number}"
        try:
            yield ClipSpec.model_validate(table)
        except ValidationError as error:
            for detail in error.errors(include_url=False):
                yield f"clip {name}, {_explain(detail)}"


def _explain(detail: ErrorDetails) -> str:
    """One pydantic error as "field x: what is wrong; what to do"."""
    place = ".".join(str(part) for part in detail["loc"]) or "cluster/twin"
    message = detail["msg"].removeprefix("Value error, ")
    fixes: dict[str, str] = {
        "missing": "is missing; add it",
        "extra_forbidden": f"is not a field; remove it (fields: {' '.join(ClipSpec.model_fields)})",
        "string_too_long": f"is too long ({_length(detail)} characters); at most {detail.get('ctx', {}).get('max_length')}",
        "string_too_short": f"is too short; at least {detail.get('ctx', {}).get('min_length')} characters",
    }
    kind = detail["type"]
    if kind in fixes:
        return f"field {place}: {fixes[kind]}"
    if kind == "value_error":
        return f"field {place}: {message}"
    return f"field {place}: {message} (found {str(detail['input'])[:60]!r}); correct it"


def _length(detail: ErrorDetails) -> int:
    value: Any = detail["input"]
    return len(value) if isinstance(value, str) else 0
