"""Keyword → value retrieval as Value-Spectrum did it, with what it does not report: what the images that were found are worth.

For each value some keywords, for each keyword the nearest images: their union is what the value's score is asked on. Here that set is
looked at first: how many of it promote the value by the labels (with Wilson's interval) and how much more often than the corpus does, how
far the sets of two values overlap, how near the images are, how many of them are near-duplicates of each other, which keywords find
nothing. Without an image space keywords are compared with the words of the videos, which is another method: the result says so.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, TypeAdapter, ValidationError

from environments.corpus.pool import Pool
from evals.values.intervals import Interval, wilson_interval
from personas.errors import UserError
from personas.one_line import one_line
from personas.schwartz import VALUES

if TYPE_CHECKING:
    from environments.corpus.store import Corpus
    from environments.embed import Embedder

__all__ = ["Hit", "KeywordFacts", "Retrieved", "ValueFacts", "load_keywords", "retrieve"]

_LARGEST = 2**20  # bytes of a file of keywords
_KEYWORDS = TypeAdapter(
    dict[str, Annotated[list[Annotated[str, Field(min_length=1, max_length=300)]], Field(min_length=1, max_length=1000)]]
)


@dataclass(frozen=True)
class Hit:
    """One image that a keyword found: its `rank` from 1, and its cosine distance in [0, 2]."""

    value: str
    keyword: str
    rank: int
    id: str
    distance: float


@dataclass(frozen=True)
class KeywordFacts:
    """Distances of the images that a keyword found, None where it found none; `alone`: how many no other keyword of its value found."""

    value: str
    keyword: str
    found: int
    alone: int
    nearest: float | None
    median: float | None
    farthest: float | None


@dataclass(frozen=True)
class ValueFacts:
    """A value's set: `images` distinct ones in `clusters` (twins and near-duplicates count as one), `hits` before repeats are one.

    `labelled` of them have a known loading, `promoting` a loading above 0: `precision` is their share, None where none is labelled.
    `base` is that share over all labelled videos of the corpus; `lift` is precision / base, None where either is missing or base is 0.
    `mean_loading` in [-1, 1]. `nearest`, `median`, `farthest`: distances of the images, each at its best keyword.
    """

    value: str
    keywords: int
    hits: int
    images: int
    clusters: int
    labelled: int
    promoting: int
    precision: Interval | None
    base: float | None
    lift: float | None
    mean_loading: float | None
    nearest: float | None
    median: float | None
    farthest: float | None


@dataclass(frozen=True)
class Retrieved:
    """What was found. `space` is "image" or "text", `embedder` its name. `jaccard`: (value, value) → overlap of the two sets in [0, 1].

    `shared` is the number of images that stand for more than one value, `images` that of all distinct ones.
    """

    space: str
    embedder: str
    per_keyword: int
    hits: tuple[Hit, ...]
    keywords: tuple[KeywordFacts, ...]
    values: tuple[ValueFacts, ...]
    jaccard: Mapping[tuple[str, str], float]
    images: int
    shared: int

    @property
    def empty_keywords(self) -> tuple[KeywordFacts, ...]:
        """The keywords that found nothing."""
        return tuple(each for each in self.keywords if not each.found)

    def pool(self, corpus: str, where: str | None = None) -> Pool:
        """A pool whose strata are the values, "HE+" for Hedonism; an image stands in every stratum that it was found for."""
        found = _by_value(self.hits)
        about = f"nearest images of keywords in the {self.space} space of {self.embedder}"
        strata = {f"{value}+": tuple(sorted(images)) for value, images in found.items()}
        return Pool(corpus=corpus, strata=strata, per_keyword=self.per_keyword, where=where, about=about)


def load_keywords(path: Path | None = None) -> dict[str, tuple[str, ...]]:
    """Keywords by value code, in circular order; those of this project unless a file is given. Raises UserError."""
    shown = "the keywords" if path is None else f"the keywords {one_line(str(path))!r}"
    try:
        data = files("evals.value_spectrum").joinpath("keywords.toml").read_bytes() if path is None else _bytes(path, shown)
        found = _KEYWORDS.validate_python(tomllib.loads(data.decode("utf-8")))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise UserError(f"{shown} are not a TOML file: {one_line(str(error), 200, fold=True)}") from error
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(one_line(str(part), 60) for part in first["loc"])
        raise UserError(f"{shown} cannot be used: {where}: {one_line(first['msg'], 200)}; write lines like HE = ['dancing', …]") from error
    strangers = [name for name in found if name not in VALUES]
    if strangers or not found:
        said = f"{one_line(strangers[0], 60)!r} is no value code" if strangers else "there are none"
        raise UserError(f"{shown} cannot be used: {said}; the codes are {' '.join(VALUES)}")
    return {value: tuple(dict.fromkeys(word.strip() for word in found[value])) for value in VALUES if value in found}


def retrieve(
    corpus: Corpus,
    keywords: Mapping[str, Sequence[str]],
    embedder: Embedder,
    *,
    per_keyword: int = 5,
    where: str | None = None,
    within: float | None = None,
) -> Retrieved:
    """The `per_keyword` nearest images of each keyword among the videos for which `where` is true, none farther than `within`.

    `embedder` is the one of the corpus's image space where it has one, else of its text space. Search is exact.
    Raises UserError, CorpusError.
    """
    if per_keyword < 1:
        raise UserError(f"at least 1 image a keyword is needed, not {per_keyword}")
    if within is not None and not 0 < within <= 2:
        raise UserError(f"a cosine distance lies between 0 and 2; the farthest to take cannot be {within}")
    space: Literal["text", "image"] = "text" if corpus.image_space is None else "image"
    hits = _hits(corpus, keywords, embedder, space=space, per_keyword=per_keyword, where=where, within=within)
    by_value = {value: _by_value(hits).get(value, {}) for value in keywords}
    images = {name for found in by_value.values() for name in found}
    shared = sum(1 for name in images if sum(name in found for found in by_value.values()) > 1)
    return Retrieved(
        space=space,
        embedder=embedder.name,
        per_keyword=per_keyword,
        hits=tuple(hits),
        keywords=tuple(_of_keyword(hits, value, word) for value, words in keywords.items() for word in words),
        values=_of_values(corpus, keywords, hits, by_value, where),
        jaccard={(one, other): _overlap(by_value[one], by_value[other]) for one, other in combinations(keywords, 2)},
        images=len(images),
        shared=shared,
    )


def _bytes(path: Path, shown: str) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(_LARGEST + 1)
    except OSError as error:
        raise UserError(f"{shown} cannot be read ({error.strerror}); give a TOML file") from error
    if len(data) > _LARGEST:
        raise UserError(f"{shown} are larger than 1 MiB; give fewer")
    return data


def _hits(
    corpus: Corpus,
    keywords: Mapping[str, Sequence[str]],
    embedder: Embedder,
    *,
    space: Literal["text", "image"],
    per_keyword: int,
    where: str | None,
    within: float | None,
) -> list[Hit]:
    from environments.corpus.search import search  # noqa: PLC0415 - LanceDB loads when used

    asked = [(value, word) for value, words in keywords.items() for word in words]
    vectors = embedder.embed_texts([word for _, word in asked])
    hits: list[Hit] = []
    for (value, word), vector in zip(asked, vectors, strict=True):
        if not vector.any():  # no word of it is known to the embedder
            continue
        found = search(corpus, vector=vector, space=space, where=where, k=per_keyword, exact=True).select("id", "distance").rows()
        near = [(name, distance) for name, distance in found if within is None or distance <= within]
        hits += [Hit(value, word, rank, name, distance) for rank, (name, distance) in enumerate(near, 1)]
    return hits


def _by_value(hits: Sequence[Hit]) -> dict[str, dict[str, float]]:
    """Value → image → its distance at the keyword that is nearest to it."""
    found: dict[str, dict[str, float]] = {}
    for hit in hits:
        images = found.setdefault(hit.value, {})
        images[hit.id] = min(hit.distance, images.get(hit.id, hit.distance))
    return found


def _of_keyword(hits: Sequence[Hit], value: str, word: str) -> KeywordFacts:
    mine = [hit for hit in hits if hit.value == value and hit.keyword == word]
    others = {hit.id for hit in hits if hit.value == value and hit.keyword != word}
    return KeywordFacts(value, word, len(mine), sum(hit.id not in others for hit in mine), *_spread([hit.distance for hit in mine]))


def _of_values(
    corpus: Corpus,
    keywords: Mapping[str, Sequence[str]],
    hits: Sequence[Hit],
    by_value: Mapping[str, Mapping[str, float]],
    where: str | None,
) -> tuple[ValueFacts, ...]:
    from environments.corpus.feed import clusters_of  # noqa: PLC0415 - LanceDB loads when used

    clusters = clusters_of(corpus)
    table = corpus.table(["id", *VALUES], where=where)
    found: list[ValueFacts] = []
    for value, images in by_value.items():
        known = {name: loading for name, loading in table.select("id", value).iter_rows() if loading is not None}
        mine = [known[name] for name in images if name in known]
        promoting = sum(loading > 0 for loading in mine)
        precision = wilson_interval(promoting, len(mine))
        base = sum(loading > 0 for loading in known.values()) / len(known) if known else None
        found.append(
            ValueFacts(
                value,
                len(keywords[value]),
                sum(hit.value == value for hit in hits),
                len(images),
                len({clusters.get(name, name) for name in images}),
                len(mine),
                promoting,
                precision,
                base,
                precision.estimate / base if precision and base else None,
                sum(mine) / len(mine) if mine else None,
                *_spread(list(images.values())),
            )
        )
    return tuple(found)


def _overlap(one: Mapping[str, float], other: Mapping[str, float]) -> float:
    """Jaccard's index: images in both, over images in either; 0 where there are none."""
    either = len(one.keys() | other.keys())
    return len(one.keys() & other.keys()) / either if either else 0.0


def _spread(distances: Sequence[float]) -> tuple[float | None, float | None, float | None]:
    if not distances:
        return None, None, None
    in_order = sorted(distances)
    middle = (in_order[(len(in_order) - 1) // 2] + in_order[len(in_order) // 2]) / 2
    return in_order[0], middle, in_order[-1]
