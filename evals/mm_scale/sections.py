"""The tables as text, for a page and a terminal."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl

from evals.report.sections import Column, Recipe, Row, counted, estimate, p_of, text_of
from evals.report.words import number

__all__ = ["BINS", "LEFT_OUT", "RATERS", "RECIPES"]

LEFT_OUT, BINS, RATERS = "Pictures that are left out of a ranking", "Bins of the calibration", "Raters one by one"
_NAMES = {"ndcg": "NDCG", "tau_b": "τ-b", "rho": "ρ", "mae": "MAE, points", "grounding": "ground right", "moved": "rating moved, points"}


def _measure(row: Row) -> str:
    return _NAMES[row["measure"]]


def _bounds(name: str) -> Callable[[Row], str]:
    return lambda row: "–" if row[f"{name}_least"] is None else f"{number(row[f'{name}_least'])} to {number(row[f'{name}_most'])}"


def _open(table: pl.DataFrame) -> pl.DataFrame:
    return table.filter(pl.col("open") > 0)


_SCORES: tuple[Column, ...] = (
    ("respondent", text_of("who")),
    ("pictures", counted("ordered")),
    ("NDCG", estimate("ndcg")),
    ("τ-b", estimate("tau_b")),
    ("ρ", estimate("rho")),
    ("rated alike throughout", counted("tied")),
)
_DISTANCE: tuple[Column, ...] = (
    ("respondent", text_of("who")),
    ("scenarios", counted("rated")),
    ("MAE, points", estimate("mae")),
    ("bias, points", estimate("bias", sign=True)),
    ("ECE", estimate("ece")),
    ("ECE by chance", estimate("ece_by_chance")),
    ("ground right", estimate("grounding")),
    ("from", text_of("by")),
)
_STATES: tuple[Column, ...] = (
    ("respondent", text_of("who")),
    ("scenarios", counted("items")),
    ("rated", counted("rated")),
    ("asked", counted("shown")),
    *((state, counted(state)) for state in ("answered", "refused", "unparsable", "failed")),
)
_EXTREMES: tuple[Column, ...] = (
    ("respondent", text_of("who")),
    ("without a rating", counted("open")),
    *((_NAMES[name], _bounds(name)) for name in ("ndcg", "tau_b", "rho", "mae", "grounding")),
)
_PEOPLE: tuple[Column, ...] = (
    ("raters", counted("raters")),
    ("ratings", counted("ratings")),
    ("scenarios rated twice", counted("shared")),
    ("ordinal α", estimate("alpha")),
    *((_NAMES[name], estimate(name)) for name in ("ndcg", "tau_b", "rho", "mae", "grounding")),
)
_NOTHING: tuple[Column, ...] = (
    ("NDCG, all rated alike", estimate("ndcg_alike")),
    ("MAE, always the mean, points", estimate("mae_mean")),
    ("ground right, always the commonest", estimate("grounding_common")),
)
_RATERS: tuple[Column, ...] = (
    ("rater", text_of("rater")),
    ("rated", counted("rated")),
    ("mean", estimate("mean")),
    ("at 1 or 2", estimate("unacceptable")),
    ("pictures", counted("images")),
    ("tied", counted("tied")),
    *((_NAMES[name], estimate(name)) for name in ("ndcg", "tau_b", "rho", "mae", "grounding")),
)
_DIFFERENCE: tuple[Column, ...] = (
    ("measure", _measure),
    ("n", counted("n")),
    ("pictures", counted("images")),
    ("difference", estimate("difference", sign=True, bounds="difference")),
    ("p", p_of("p")),
    ("p (Holm)", p_of("p_holm")),
)
_CONDITIONS: tuple[Column, ...] = (("respondent", text_of("respondent")), ("shown minus", text_of("control")), *_DIFFERENCE)
_PAIRED: tuple[Column, ...] = (("first", text_of("first")), ("minus", text_of("second")), *_DIFFERENCE)
_LEFT: tuple[Column, ...] = (
    ("respondent", text_of("who")),
    ("picture", text_of("image")),
    ("scenarios", counted("scenarios")),
    ("rated", counted("rated")),
    ("why", text_of("why")),
)
_BINS: tuple[Column, ...] = (
    ("respondent", text_of("who")),
    ("bin", counted("bin")),
    ("scenarios", counted("items")),
    ("stated", estimate("stated")),
    ("people", estimate("people")),
)
_SCORES_LEAD = "The order of each picture's scenarios against the people's, mean over pictures; intervals by resampling pictures."
_DISTANCE_LEAD = (
    "Distance to the people's mean (MAE) and its direction (bias); calibration of P(unacceptable); the ground that most raters named. "
    "Intervals by resampling pictures; for the ground Wilson's."
)
_PEOPLE_LEAD = "Agreement, and one rater as a respondent against the mean of the others, averaged over raters: what people reach."
_CONDITIONS_LEAD = (
    "The same pictures with and without, or with a wrong one. Above 0: better with the own picture (MAE: below 0). Signs of pictures "
    "flipped, Holm within a measure. “Moved”: by how many points the picture changes the rating."
)
_PAIRED_LEAD = (
    "On pictures or scenarios that both rated; signs of pictures flipped, Holm within a measure. MAE below 0: the first is closer."
)
_EXTREMES_LEAD = (
    "Each measure with the worst and the best possible in the place of what is missing; a picture that lacks one counts as a whole."
)
_NOTHING_LEAD = "What a respondent gets that cannot tell one scenario from another; it has no τ-b and no ρ."
RECIPES = (
    Recipe("scores.csv", "Order of the scenarios", _SCORES_LEAD, _SCORES),
    Recipe("scores.csv", "Distance, calibration, ground", _DISTANCE_LEAD, _DISTANCE),
    Recipe("people.csv", "The people", _PEOPLE_LEAD, _PEOPLE),
    Recipe("people.csv", "Knowing nothing", _NOTHING_LEAD, _NOTHING),
    Recipe("scores.csv", "What became of the questions", "Scenarios that people rated, and the answers to them in four states.", _STATES),
    Recipe("scores.csv", "If the missing answers decided", _EXTREMES_LEAD, _EXTREMES, _open),
    Recipe("conditions.csv", "What the picture does", _CONDITIONS_LEAD, _CONDITIONS),
    Recipe("paired.csv", "Two respondents on the same pictures", _PAIRED_LEAD, _PAIRED),
    Recipe("raters.csv", RATERS, "Each against the mean of the others.", _RATERS),
    Recipe("bins.csv", BINS, "Of P(unacceptable): mean probability stated, and the mean share of people.", _BINS),
    Recipe("left_out.csv", LEFT_OUT, "No order of people's, or too few answers.", _LEFT),
)
"""In the order of the page."""
