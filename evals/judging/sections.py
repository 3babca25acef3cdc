"""The tables as text, for a page and a terminal."""

from __future__ import annotations

from collections.abc import Callable

from evals.report.sections import Column, Recipe, Row, counted, estimate, text_of
from evals.report.words import number

__all__ = ["RECIPES"]


def _if_there(name: str, write: Callable[[Row], str]) -> Callable[[Row], str]:
    """A dash where a table came without the column."""
    return lambda row: "–" if row.get(name) is None else write(row)


def _bounds(row: Row) -> str:
    return "–" if not row["unjudged"] else f"{number(100 * row['least'], 1)} to {number(100 * row['most'], 1)}"


def _yes(name: str) -> Callable[[Row], str]:
    return lambda row: "–" if row[name] is None else "yes" if row[name] else "no"


_SHARES: tuple[Column, ...] = (
    ("respondent", text_of("respondent")),
    ("judge", text_of("judge")),
    ("answers", counted("answers")),
    ("judged", counted("judged")),
    ("unjudged", counted("unjudged")),
    ("true, % of judged", estimate("share", 1, scale=100)),
    ("if the unjudged were judged, %", _bounds),
    ("in gold", _if_there("in_gold", counted("in_gold"))),
    ("corrected to people, %", _if_there("corrected", estimate("corrected", 1, scale=100))),
    ("Rogan–Gladen, %", _if_there("rogan_gladen", estimate("rogan_gladen", 1, scale=100))),
)
_STRENGTHS: tuple[Column, ...] = (
    ("respondent", text_of("respondent")),
    ("judge", text_of("judge")),
    ("rank", estimate("rank", 0)),
    ("strength", estimate("strength", sign=True)),
    ("won", counted("won")),
    ("tied", counted("tied")),
    ("lost", counted("lost")),
    ("unjudged", counted("unjudged")),
    ("group", counted("group")),
    ("bounded by data", _yes("bounded")),
    ("effect of standing first", estimate("first_effect", sign=True)),
)
_AGREEMENT: tuple[Column, ...] = (
    ("first", text_of("first")),
    ("second", text_of("second")),
    ("between", text_of("between")),
    ("answers", counted("both")),
    ("agree, %", estimate("agree", 1, scale=100)),
    ("α", estimate("alpha")),
    ("AC1", estimate("ac1")),
    ("sensitivity, %", estimate("sensitivity", 1, scale=100)),
    ("specificity, %", estimate("specificity", 1, scale=100)),
)
_AUDITS: tuple[Column, ...] = (
    ("audit", text_of("audit")),
    ("judge", text_of("judge")),
    ("of", text_of("of")),
    ("measure", text_of("measure")),
    ("estimate", estimate("estimate", 3, sign=True)),
    ("n", counted("n")),
    ("interval leaves out 0", _yes("beyond")),
)
_MAPPED: tuple[Column, ...] = (
    ("respondent", text_of("respondent")),
    ("judge", text_of("judge")),
    ("replies", counted("replies")),
    ("mapped", counted("mapped")),
    ("none of the options", counted("none")),
    ("unjudged", counted("unjudged")),
    ("mapped, with a key", counted("with_key")),
    ("of these right", counted("right")),
)
_SHARES_LEAD = (
    "Wilson's interval, n reduced where items come in clusters. Corrected: the judge's share less its mean error in the sample that people "
    "judged; it assumes nothing of the judge's errors. Rogan–Gladen takes sensitivity and specificity to be the same for all respondents."
)
_STRENGTHS_LEAD = "Bradley–Terry over pairs in both orders, by judge; intervals of strengths and ranks by a bootstrap over items."
_AGREEMENT_LEAD = (
    "On answers that both judged. Wilson's interval for shares, bootstrap over items for Krippendorff's α and Gwet's AC1; sensitivity and "
    "specificity are of the judge against the majority of people."
)
_AUDITS_LEAD = (
    "0 for a judge that is not swayed, but for the shares of same outcomes, which are best at 1. Lengths and slopes are in log units."
)
_MAPPED_LEAD = "Replies to questions with options that no rule could map, and what a judge took them to mean: beside the answers by rule."
RECIPES = (
    Recipe("shares.csv", "Answers judged true", _SHARES_LEAD, _SHARES),
    Recipe("strengths.csv", "Which answers are better", _STRENGTHS_LEAD, _STRENGTHS),
    Recipe("agreement.csv", "Agreement of judges and people", _AGREEMENT_LEAD, _AGREEMENT),
    Recipe("audits.csv", "What sways the judges", _AUDITS_LEAD, _AUDITS),
    Recipe("mapped.csv", "Replies mapped by a judge", _MAPPED_LEAD, _MAPPED),
)
"""In the order of the page."""
