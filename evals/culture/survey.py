"""What people answered: questions with options, and for each country the share of every option. And what is done with "don't know".

The order of an ordinal question's options is the order of its scale. Options that mean "don't know" or "refused" stand behind it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import get_args

from environments.canonical import content_hash
from environments.decks.questions import MOST_OPTIONS
from evals.culture.conditions import DontKnow

__all__ = ["DONT_KNOW", "Exclusion", "Survey", "SurveyQuestion", "as_asked", "means_dont_know"]

DONT_KNOW = ("do not know", "don't know", "dk", "cannot say", "can't say", "no answer", "refused", "refuse", "no opinion", "not sure")
"""Options that count as "don't know", alone or with others of them, where a question does not declare its own; so do "Missing" and
"Not asked", which no person says."""
_NO_ANSWER = re.compile(
    r"(?:(?:do not|don't|dont) know|dk|(?:can't|cannot) say|no answer|na|n/a|refused?(?: to answer)?|no opinion|not sure|unsure"
    r"|missing|unknown|not asked(?: in survey)?|not applicable|other missing|decline(?:d)?(?: to answer)?|prefer not to (?:say|answer))"
)


def means_dont_know(option: str) -> bool:
    """Whether each part of an option, such as "DK/Refused", is one of `DONT_KNOW` or says that an answer is missing."""
    words = option.casefold().replace("’", "'").strip(" .()[]")
    parts = [part.strip(" .()[]") for part in re.split(r"\s*(?:[/;,]|\bor\b|\band\b)\s*", words) if part.strip(" .()[]")]
    return bool(parts) and (_NO_ANSWER.fullmatch(words) is not None or all(_NO_ANSWER.fullmatch(part) for part in parts))


@dataclass(frozen=True)
class SurveyQuestion:
    """One question.

    options    a scale's in its order; those at the places in `dont_know` behind
    ordinal    whether the options, but for those, are points of a scale
    answers    by country: shares by option, which sum to 1
    people     by country: how many were asked, where the file says so
    where      the row of the file, for messages
    categories of pictures that fit it; none: all do
    """

    id: str
    topic: str
    text: str
    options: tuple[str, ...]
    ordinal: bool
    answers: Mapping[str, tuple[float, ...]]
    dont_know: tuple[int, ...] = ()
    people: Mapping[str, float] = field(default_factory=dict)
    where: str = ""
    categories: tuple[str, ...] = ()

    @property
    def substantive(self) -> tuple[int, ...]:
        """The places of options that are an answer."""
        return tuple(place for place in range(len(self.options)) if place not in self.dont_know)


@dataclass(frozen=True)
class Exclusion:
    """What is not asked or not scored, and why. Empty: it holds for all."""

    question: str = ""
    country: str = ""
    condition: str = ""
    respondent: str = ""
    reason: str = ""


@dataclass(frozen=True)
class Survey:
    """The questions of a file. `synthetic`: made up; `notes`: what the file has that a reader should know."""

    name: str
    questions: tuple[SurveyQuestion, ...]
    synthetic: bool = False
    notes: tuple[str, ...] = ()

    @property
    def countries(self) -> tuple[str, ...]:
        """Every country of which there are answers, in order of appearance."""
        return tuple(dict.fromkeys(country for question in self.questions for country in question.answers))

    @property
    def hash(self) -> str:
        """Of all that is asked and answered."""
        told = [
            [
                each.id,
                each.topic,
                each.text,
                list(each.options),
                each.ordinal,
                list(each.dont_know),
                {k: list(v) for k, v in each.answers.items()},
            ]
            for each in self.questions
        ]
        return content_hash([told, self.synthetic])


def as_asked(survey: Survey, choice: DontKnow) -> tuple[Survey, list[Exclusion]]:
    """The survey as it is asked under the declared choice, and what cannot be asked.

    drop      such options are not shown; the people's shares are those of the people who gave an answer
    keep      they are shown, and count as options
    separate  they are shown, but distances are among the answers alone; how often each side says so is told beside
    """
    assert choice in get_args(DontKnow)
    kept: list[SurveyQuestion] = []
    out: list[Exclusion] = []
    for question in survey.questions:
        asked = _dropped(question, out) if choice == "drop" else question
        if len(asked.substantive) < 2:
            out.append(Exclusion(question.id, reason=f"{question.where}: fewer than two options are an answer"))
        elif len(asked.options) > MOST_OPTIONS:
            out.append(Exclusion(question.id, reason=f"{question.where}: {len(asked.options)} options, and {MOST_OPTIONS} is the most"))
        elif asked.answers:
            kept.append(asked if choice == "drop" else _answered(asked, out))
    return replace(survey, questions=tuple(each for each in kept if each.answers)), out


def _dropped(question: SurveyQuestion, out: list[Exclusion]) -> SurveyQuestion:
    places = question.substantive
    whole = _answered(question, out)
    answers = {country: _shares([shares[place] for place in places]) for country, shares in whole.answers.items()}
    return replace(question, options=tuple(question.options[place] for place in places), answers=answers, dont_know=())


def _answered(question: SurveyQuestion, out: list[Exclusion]) -> SurveyQuestion:
    """Without the countries where nobody gave an answer."""
    silent = [country for country, shares in question.answers.items() if not sum(shares[place] for place in question.substantive) > 0]
    out += [
        Exclusion(question.id, country, reason=f"{question.where}: nobody there gave an answer other than don't know") for country in silent
    ]
    return replace(question, answers={country: shares for country, shares in question.answers.items() if country not in silent})


def _shares(values: Sequence[float]) -> tuple[float, ...]:
    total = sum(values)
    return tuple(value / total for value in values)
