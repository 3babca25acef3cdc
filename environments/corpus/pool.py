"""A pool: chosen videos of a corpus by stratum, as a TOML file that a feed is made of and a person can read.

    corpus = "../corpus"          # relative to the file, or the URL of an object store
    labels = "corpus"             # "none": whoever is shown the pool gets no labels with it
    show = "frames"               # "text": no picture, and as the only words those under [texts]
    seed = 7
    [strata]
    "HE+" = ["a.mp4", "b.mp4"]    # an item may stand in several

A pool may come from anybody: it names no file but its corpus, and what cannot be understood is refused in one line.
"""

from __future__ import annotations

import json
import os
import tomllib
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from personas.errors import FeedError, StorageFailed
from personas.one_line import one_line

__all__ = ["LARGEST", "Pool", "check_free", "read_pool", "write_pool"]

LARGEST = 64 * 2**20
"""Bytes of a pool file: a million ids."""

_Id = Annotated[str, Field(min_length=1, max_length=1000)]
_Count = Annotated[int, Field(ge=0, le=10_000_000)]


@dataclass(frozen=True)
class Pool:
    """`strata` maps a name to ids, in the order of the file. `texts`: id → what is shown in place of the video. The rest tells how it was
    drawn; None: not said. `corpus` is as in the file; `located` is where that leads.
    """

    corpus: str
    strata: Mapping[str, tuple[str, ...]]
    labels: Literal["corpus", "none"] = "corpus"
    show: Literal["frames", "text"] = "frames"
    seed: int | None = None
    draw: int | None = None
    per_value: int | None = None
    topics: int | None = None
    oppose: int | None = None
    controls: int | None = None
    least: float | None = None
    where: str | None = None
    per_keyword: int | None = None
    about: str | None = None
    texts: Mapping[str, str] = field(default_factory=dict)
    located: str = field(default="", compare=False)

    def ids(self) -> tuple[str, ...]:
        """Each id once, in the order of the file."""
        return tuple(dict.fromkeys(name for members in self.strata.values() for name in members))

    def strata_of(self) -> dict[str, tuple[str, ...]]:
        """The strata each id stands in, in the order of the file."""
        found: dict[str, list[str]] = {}
        for stratum, members in self.strata.items():
            for name in dict.fromkeys(members):
                found.setdefault(name, []).append(stratum)
        return {name: tuple(strata) for name, strata in found.items()}


class _PoolFile(BaseModel):
    """What may stand in the file."""

    model_config = ConfigDict(extra="forbid", strict=True)

    corpus: Annotated[str, Field(min_length=1, max_length=4000)]
    strata: dict[Annotated[str, Field(min_length=1, max_length=60)], list[_Id]]
    labels: Literal["corpus", "none"] = "corpus"
    show: Literal["frames", "text"] = "frames"
    seed: int | None = None
    draw: Annotated[int, Field(ge=1, le=1000)] | None = None
    per_value: _Count | None = None
    topics: _Count | None = None
    oppose: _Count | None = None
    controls: _Count | None = None
    least: float | None = None
    where: str | None = None
    per_keyword: _Count | None = None
    about: str | None = None
    texts: dict[str, Annotated[str, Field(max_length=100_000)]] = Field(default_factory=dict)


def read_pool(path: Path) -> Pool:
    """The pool in the file. Raises FeedError that says what to change."""
    shown = one_line(str(path))
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST + 1)
    except OSError as error:
        raise FeedError(f"the pool {shown!r} cannot be read ({error.strerror}); give a pool's .toml file") from error
    if len(data) > LARGEST:
        raise FeedError(f"the pool {shown!r} is larger than {LARGEST // 2**20} MiB: draw a smaller one")
    try:
        parsed = tomllib.loads(data.decode("utf-8"))
        written = _PoolFile.model_validate(parsed)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise FeedError(f"the pool {shown!r} is not a TOML file: {one_line(str(error), 200, fold=True)}") from error
    except ValidationError as error:
        raise FeedError(f"the pool {shown!r} cannot be used: {_first(error)}") from error
    pool = Pool(
        **{key: value for key, value in written.model_dump().items() if key != "strata"},
        strata={name: tuple(members) for name, members in written.strata.items()},
        located=_located(written.corpus, path, shown),
    )
    _check(pool, shown)
    return pool


def write_pool(pool: Pool, path: Path, *, corpus: str | None = None) -> None:
    """Write the file, whole or not at all; its folder is made. `corpus`, where given, is a corpus as typed: it is written relative to the
    file. Raises StorageFailed.
    """
    text = _as_toml(pool, pool.corpus if corpus is None else _relative(corpus, path))
    aside = path.with_name(f".{path.name[:100]}.{uuid.uuid4().hex}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        aside.write_text(text, encoding="utf-8")
        aside.replace(path)
    except OSError as error:
        aside.unlink(missing_ok=True)
        raise StorageFailed(f"the pool {one_line(str(path))!r} cannot be written ({error.strerror}); choose another --out") from error


def check_free(pool: Pool, path: Path, *, corpus: str | None = None, replace: bool = False) -> None:
    """Raises FeedError where `path` holds something else than this very pool, unless `replace`: sessions may have been run on it, and
    their feed would be gone.
    """
    try:
        there = path.read_bytes()
    except FileNotFoundError:
        return
    except OSError as error:
        raise FeedError(f"{one_line(str(path))!r} cannot be read ({error.strerror}); choose another --out") from error
    if not replace and there != _as_toml(pool, pool.corpus if corpus is None else _relative(corpus, path)).encode():
        raise FeedError(f"{one_line(str(path))!r} holds another pool, which may have been browsed: choose another --out, or give --replace")


def _located(corpus: str, path: Path, shown: str) -> str:
    if "\0" in corpus:
        raise FeedError(f"the pool {shown!r} names a corpus that cannot be a path")
    if "://" in corpus:
        return corpus
    return str(path.parent / Path(corpus).expanduser())


def _relative(corpus: str, path: Path) -> str:
    if "://" in corpus:
        return corpus
    place = Path(corpus).expanduser().resolve()
    try:
        return Path(os.path.relpath(place, path.parent.resolve())).as_posix()
    except ValueError:  # another drive
        return str(place)


def _check(pool: Pool, shown: str) -> None:
    names = set(pool.ids())
    if not names:
        raise FeedError(f"the pool {shown!r} names no video: give at least one stratum with ids")
    strangers = [name for name in pool.texts if name not in names]
    if strangers:
        raise FeedError(f"the pool {shown!r} has a text for {one_line(strangers[0])!r}, which is in none of its strata")
    if pool.show == "text":
        bare = [name for name in names if not pool.texts.get(name, "").strip()]
        if bare:
            count = f"{len(bare)} of its {len(names)} videos have" if len(bare) > 1 else "one of its videos has"
            raise FeedError(f"the pool {shown!r} shows texts, and {count} none, such as {one_line(min(bare))!r}: write them under [texts]")
    elif pool.texts:
        raise FeedError(f'the pool {shown!r} has texts and shows frames: write show = "text", or leave the texts out')


def _first(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False)[0]
    where = ".".join(one_line(str(part), 60) for part in first["loc"])
    if first["type"] == "extra_forbidden":
        known = ", ".join(name for name in _PoolFile.model_fields)
        return f"{where} is not a field of a pool; there are {known}"
    return f"{where}: {one_line(first['msg'], 200, fold=True)}"


def _as_toml(pool: Pool, corpus: str) -> str:
    plain: dict[str, Any] = {
        each.name: getattr(pool, each.name) for each in fields(pool) if each.name not in {"strata", "texts", "located"}
    }
    plain["corpus"] = corpus
    lines = [f"{name} = {_value(value)}" for name, value in plain.items() if value is not None]
    lines += ["", "[strata]"]
    for name, members in pool.strata.items():
        lines += [f"{_quoted(name)} = [", *(f"    {_quoted(member)}," for member in members), "]"]
    if pool.texts:
        lines += ["", "[texts]", *(f"{_quoted(name)} = {_quoted(text)}" for name, text in pool.texts.items())]
    return "\n".join(lines) + "\n"


def _value(value: object) -> str:
    return _quoted(value) if isinstance(value, str) else repr(value)


def _quoted(text: str) -> str:
    """A TOML basic string: JSON's escapes, and DEL, which JSON leaves as it is."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
