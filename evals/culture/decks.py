"""Conditions as decks: a file of items for each condition and country in the run's folder, the pictures beside, and what was asked.

A question has the same id in every deck, so that its options stand in the same order in all conditions.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from environments.canonical import content_hash
from evals.culture.conditions import EVERYBODY, Condition, DontKnow, caption, needs_pictures
from evals.culture.pictures import Picture, Shown, by_country, chosen, exchanged
from evals.culture.survey import Exclusion, Survey, SurveyQuestion
from personas.errors import StorageFailed, UserError
from personas.one_line import one_line

__all__ = ["ABOUT", "FOLDER", "FORMAT", "Deck", "Design", "designed"]

ABOUT = "culture.json"
FOLDER = "decks"
PICTURES = "pictures"
FORMAT = "axiofeed-culture-run/1"


@dataclass(frozen=True)
class Deck:
    """The items of one condition and country, by file name. `pictures`: by the name under which an item calls it."""

    condition: Condition
    country: str
    file: str
    items: tuple[Mapping[str, Any], ...]
    pictures: Mapping[str, Path]


@dataclass(frozen=True)
class Design:
    """All that is asked: the survey as it is asked, the decks, what is left out, and by whose choice."""

    survey: Survey
    countries: tuple[str, ...]
    conditions: tuple[Condition, ...]
    decks: tuple[Deck, ...]
    exclusions: tuple[Exclusion, ...]
    dont_know: DontKnow
    shown: Mapping[str, Sequence[Picture]] = field(default_factory=dict)

    @property
    def hash(self) -> str:
        """Of every item."""
        return content_hash([self.survey.hash, self.dont_know, [deck.file for deck in self.decks]])

    def record(self) -> dict[str, Any]:
        """As `culture.json` keeps it: what scoring needs besides the answers."""
        questions = [
            {
                "id": each.id,
                "topic": each.topic,
                "text": each.text,
                "options": list(each.options),
                "ordinal": each.ordinal,
                "dont_know": list(each.dont_know),
                "answers": {country: list(shares) for country, shares in each.answers.items()},
                "people": dict(each.people),
            }
            for each in self.survey.questions
        ]
        return {
            "format": FORMAT,
            "survey": self.survey.name,
            "hash": self.survey.hash,
            "synthetic": self.survey.synthetic,
            "notes": list(self.survey.notes),
            "dont_know": self.dont_know,
            "countries": list(self.countries),
            "conditions": list(self.conditions),
            "questions": questions,
            "decks": {
                deck.file: {"condition": deck.condition, "country": deck.country, "items": [item["id"] for item in deck.items]}
                for deck in self.decks
            },
            "exclusions": [vars(each) for each in self.exclusions],
            "pictures": [
                {"country": country, "category": each.category, "income": each.income}
                for country, pictures in self.shown.items()
                for each in pictures
            ],
        }

    def write(self, folder: Path) -> None:
        """Decks, pictures and `culture.json` into the run's folder; what is there already stays as it is. Raises StorageFailed."""
        place = folder / FOLDER
        try:
            (place / PICTURES).mkdir(parents=True, exist_ok=True)
            for deck in self.decks:
                for name, source in deck.pictures.items():
                    _copied(source, place / name)
                lines = "".join(json.dumps(item, ensure_ascii=False) + "\n" for item in deck.items)
                _whole(place / deck.file, lines)
            _whole(folder / ABOUT, json.dumps(self.record(), ensure_ascii=False, indent=1) + "\n")
        except OSError as error:
            raise StorageFailed(f"cannot write to {one_line(str(folder))}: {error.strerror or error}; mend it or choose another") from error


def designed(
    survey: Survey,
    countries: Sequence[str],
    conditions: Sequence[Condition],
    pictures: Sequence[Picture],
    *,
    dont_know: DontKnow,
    count: int,
    seed: int,
    exclusions: Sequence[Exclusion] = (),
) -> Design:
    """The decks of every condition and country. Raises UserError where a condition has nothing to ask about.

    count  pictures with a question in `image`, `both` and `wrong`
    """
    album = _Album(by_country(pictures), count, seed)
    out = [*exclusions]
    decks: list[Deck] = []
    for condition in conditions:
        made = [_deck(survey, country, condition, album, out) for country in _asked_of(condition, countries)]
        if not any(deck.items for deck in made):
            raise UserError(f"condition {condition}: there is nothing to ask about; give pictures of {one_line(', '.join(countries), 200)}")
        decks += [deck for deck in made if deck.items]
    return Design(survey, tuple(countries), tuple(conditions), tuple(decks), tuple(out), dont_know, album.pool)


def _asked_of(condition: Condition, countries: Sequence[str]) -> Sequence[str]:
    return (EVERYBODY,) if condition == "none" else countries


@dataclass(frozen=True)
class _Album:
    """The pictures of each country, how many a question shows, and the seed by which they are drawn."""

    pool: Mapping[str, Sequence[Picture]]
    count: int
    seed: int

    def shown(self, question: SurveyQuestion, country: str, condition: Condition) -> Shown | str:
        """The pictures of an item, or why there are none."""
        if not needs_pictures(condition):
            return Shown("", ())
        there = self.pool.get(country, ())
        own = chosen(question, country, there, self.count, self.seed)
        if not own:
            return "there is no picture of it in the question's categories" if there else "there is no picture of it"
        if condition != "wrong":
            return Shown(country, own)
        return exchanged(question, own, country, self.pool, self.seed) or "there is no picture of another country"


def _deck(survey: Survey, country: str, condition: Condition, album: _Album, out: list[Exclusion]) -> Deck:
    items: list[Mapping[str, Any]] = []
    files: dict[str, Path] = {}
    for question in survey.questions:
        if country != EVERYBODY and country not in question.answers:
            reason = "the survey has no answers from there"
            if Exclusion(question.id, country, reason=reason) not in out:
                out.append(Exclusion(question.id, country, reason=reason))
            continue
        shown = album.shown(question, country, condition)
        if isinstance(shown, str):
            out.append(Exclusion(question.id, country, condition, reason=shown))
            continue
        names = [_picture_name(each.path) for each in shown.pictures]
        files |= dict(zip(names, (each.path for each in shown.pictures), strict=True))
        items.append(_item(question, country, condition, shown.country, names))
    slug = re.sub(r"[^A-Za-z0-9]+", "-", country).strip("-")[:40] or ("everybody" if country == EVERYBODY else "country")
    return Deck(condition, country, f"{condition}-{slug}-{content_hash(items)[:8]}.jsonl", tuple(items), files)


def _item(question: SurveyQuestion, country: str, condition: Condition, seen: str, pictures: Sequence[str]) -> dict[str, Any]:
    about = {"question": question.id, "topic": question.topic, "country": country, "condition": condition, "pictures_of": seen}
    return {
        "id": question.id,
        "text": caption(condition, question.text, country),
        "images": list(pictures),
        "options": list(question.options),
        "scale": question.ordinal,
        "about": {name: value for name, value in about.items() if value},
        "distribution": list(_people(question, country)),
    }


def _people(question: SurveyQuestion, country: str) -> tuple[float, ...]:
    """How people answered: of the country; of all countries alike, where none is meant."""
    if country != EVERYBODY:
        return question.answers[country]
    every = list(question.answers.values())
    return tuple(sum(shares[place] for shares in every) / len(every) for place in range(len(question.options)))


@cache
def _picture_name(path: Path) -> str:
    """By content, so that equal pictures are kept once."""
    suffix = path.suffix.lower() if re.fullmatch(r"\.[a-z0-9]{1,5}", path.suffix.lower()) else ""
    try:
        return f"{PICTURES}/{content_hash(path.read_bytes())[:24]}{suffix}"
    except OSError as error:
        raise UserError(f"the picture {one_line(str(path), 200)} cannot be read ({error.strerror}); check its permissions") from None


def _copied(source: Path, target: Path) -> None:
    if not target.is_file():
        part = target.with_name(f".{target.name}.{os.getpid()}")
        shutil.copyfile(source, part)
        part.replace(target)


def _whole(path: Path, text: str) -> None:
    if path.is_file() and path.read_text(encoding="utf-8") == text:
        return
    part = path.with_name(f".{path.name}.{os.getpid()}")
    part.write_text(text, encoding="utf-8", errors="backslashreplace")
    part.replace(path)
