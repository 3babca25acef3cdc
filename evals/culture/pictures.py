"""Pictures of places: a manifest of `{country, category, income?, path}` as Dollar Street has them, and which of them a question shows.

Income matters: a country shown by its rich households is another stimulus than by its poor ones. Hence it is told with the results.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from environments.canonical import rng
from environments.decks.question_feed import FORMATS, MOST_BYTES, MOST_PIXELS
from evals.culture.question_rows import Row, read_rows
from evals.culture.survey import SurveyQuestion
from personas.errors import FeedError

__all__ = ["Picture", "Shown", "by_country", "chosen", "exchanged", "income_of", "read_pictures"]


@dataclass(frozen=True)
class Picture:
    """`income`: of the household, in the manifest's unit; None where it does not say."""

    country: str
    category: str
    path: Path
    income: float | None = None


@dataclass(frozen=True)
class Shown:
    """Pictures for a question: of which country."""

    country: str
    pictures: tuple[Picture, ...]


def read_pictures(path: Path) -> tuple[Picture, ...]:
    """The pictures of a manifest (.jsonl, .json, .csv), whose paths are relative to it. Raises FeedError that names row and field."""
    found: dict[Path, tuple[Picture, str]] = {}
    for row in read_rows(path):
        place = _place(row, path.parent)
        if place in found:
            raise row.fault("path", f"this picture stands in an earlier row already (see {found[place][1]})")
        income = row.data.get("income")
        known = None if income is None or income == "" else row.share("income", income)
        picture = Picture(row.text("country", needed=True), row.text("category", needed=True), place, known)
        found[place] = (picture, row.where)
    if not found:
        raise FeedError(f"{path} names no pictures; give rows with country, category, path")
    return tuple(picture for picture, _ in found.values())


def _place(row: Row, folder: Path) -> Path:
    given = row.text("path", needed=True)
    try:
        place = (folder / given).resolve()
        there = place.is_file()
    except (OSError, ValueError):
        there = False
    if not there:
        raise row.fault("path", f"there is no file {given[:100]!r}; paths are relative to the manifest")
    if not place.is_relative_to(folder.resolve()):
        raise row.fault("path", f"{given[:100]!r} lies outside the manifest's folder; put manifest and pictures in one folder")
    if not _is_picture(place):
        raise row.fault(
            "path", f"{given[:100]!r} is no picture that can be shown: leave it out, or make it a JPEG or PNG of at most 64 million pixels"
        )
    return place


def _is_picture(path: Path) -> bool:
    """Whether its beginning is that of a picture that can be shown; the rest is read when it is."""
    from PIL import Image, UnidentifiedImageError  # noqa: PLC0415 - loads when used

    try:
        with warnings.catch_warnings(action="ignore", category=Image.DecompressionBombWarning), Image.open(path, formats=FORMATS) as opened:
            return opened.width * opened.height <= MOST_PIXELS and path.stat().st_size <= MOST_BYTES
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return False


def by_country(pictures: Sequence[Picture]) -> dict[str, tuple[Picture, ...]]:
    """The pictures of each country."""
    found: dict[str, list[Picture]] = {}
    for picture in pictures:
        found.setdefault(picture.country, []).append(picture)
    return {country: tuple(each) for country, each in found.items()}


def chosen(question: SurveyQuestion, country: str, pictures: Sequence[Picture], count: int, seed: int) -> tuple[Picture, ...]:
    """`count` pictures of a country for a question, drawn by the seed: each of another category as long as there are some.

    Only of the question's categories, where it names any. Fewer where there are fewer.
    """
    fitting = [each for each in pictures if not question.categories or each.category in question.categories]
    return _spread(fitting, count, (), ("pictures", seed, question.id, country))


def exchanged(
    question: SurveyQuestion, own: Sequence[Picture], country: str, pool: Mapping[str, Sequence[Picture]], seed: int
) -> Shown | None:
    """As many pictures of another country, drawn by the seed: of those with the most of the same categories, and of these where they can.

    None where no other country has a picture.
    """
    wanted = [each.category for each in own]
    others = {name: pictures for name, pictures in pool.items() if name != country and pictures}
    if not others or not own:
        return None
    alike = {name: len(set(wanted) & {each.category for each in pictures}) for name, pictures in others.items()}
    best = sorted(name for name in others if alike[name] == max(alike.values()))
    name = rng("wrong country", seed, question.id, country).choice(best)
    return Shown(name, _spread(others[name], len(own), wanted, ("wrong pictures", seed, question.id, country)))


def _spread(pictures: Sequence[Picture], count: int, wanted: Sequence[str], seed: tuple[str | int, ...]) -> tuple[Picture, ...]:
    """`count` of the pictures: first one of each wanted category in its order, then one of each other, then whatever is left."""
    dice = rng(*seed)
    left = sorted(pictures, key=lambda each: str(each.path))
    dice.shuffle(left)
    found: list[Picture] = []
    for category in wanted:
        if (one := next((each for each in left if each.category == category), None)) is not None:
            found.append(one)
            left.remove(one)
    while left and len(found) < count:
        used = {each.category for each in found}
        one = next((each for each in left if each.category not in used), left[0])
        found.append(one)
        left.remove(one)
    return tuple(found[:count])


def income_of(pictures: Sequence[Picture]) -> float | None:
    """The median income, None where none is known."""
    known = [each.income for each in pictures if each.income is not None]
    return median(known) if known else None
