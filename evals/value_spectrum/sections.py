"""The tables of a report as text: what a page and a terminal show of them, an estimate with its bounds in one cell."""

from __future__ import annotations

import polars as pl

from evals.report.sections import Column, Recipe, Row, Section, counted, estimate, p_of, sections_from, text_of
from evals.report.words import count, number
from evals.value_spectrum.ablation import ALL
from evals.value_spectrum.analysis import Found
from evals.value_spectrum.beside import MEANING
from evals.value_spectrum.tables import tables_of

__all__ = ["sections_of"]


def sections_of(found: Found, most: int) -> list[Section]:
    """The tables there are, with at most `most` rows each."""
    return sections_from(_RECIPES, tables_of(found), most)


def _compared(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.filter(pl.col("p").is_not_null()).sort("p")


def _whole_first(frame: pl.DataFrame) -> pl.DataFrame:
    """All videos of a level before those of its values, and levels with too few videos behind."""
    rows = frame.with_row_index("row").with_columns(few=pl.col("note") != "", part=pl.col("value") != ALL)
    return rows.sort("part", "few", "row")


def _score(row: Row) -> str:
    if row["score"] is None:
        return row["note"] or "–"
    return f"{number(row['score'], 0)} [{number(row['low'], 0)}, {number(row['high'], 0)}]"


_RESPONDENTS: tuple[Column, ...] = (
    ("respondent", text_of("respondent")),
    ("images", counted("images")),
    *((state, counted(state)) for state in ("answered", "refused", "unparsable", "failed")),
    ("yes, %", estimate("yes_rate", 1)),
    ("mean of scores", estimate("mean_score", 1)),
    ("p (one rate)", p_of("p")),
)
_BESIDE: tuple[Column, ...] = (
    ("respondent", text_of("respondent")),
    ("value", text_of("value")),
    ("score", estimate("score", 0)),
    ("above own mean", estimate("above_own_mean", 0, sign=True)),
    ("A: absolute", estimate("absolute", sign=True)),
    ("p", p_of("absolute_p")),
    ("A: priority", estimate("priority", sign=True)),
    ("p", p_of("priority_p")),
)
_RETEST_LEAD = (
    "Scores of draw 1 against draw 2 over the values. “Expected” is the correlation if only the choice of images came between; "
    "intervals resample videos; with ten values they are wide."
)
_RETEST: tuple[Column, ...] = (
    ("respondent", text_of("respondent")),
    ("values", counted("values")),
    ("videos", lambda row: f"{count(row['videos_1'])} and {count(row['videos_2'])}"),
    ("in both", counted("in_both")),
    ("correlation", estimate("pearson")),
    ("rank correlation", estimate("spearman")),
    ("ICC(A,1)", estimate("icc")),
    ("points apart", estimate("apart", 1)),
    ("expected", estimate("expected")),
)
_ABLATION_LEAD = "Videos answered both ways. Differences are description − image in points; p is McNemar's exact one, Holm over the values."
_ABLATION: tuple[Column, ...] = (
    ("respondent", text_of("respondent")),
    ("value", text_of("value")),
    ("videos", counted("videos")),
    ("image", estimate("image", 0)),
    ("description", estimate("description", 0)),
    ("difference", estimate("difference", 0, sign=True)),
    ("only image", counted("image_only")),
    ("only description", counted("description_only")),
    ("p", p_of("p")),
    ("p (Holm)", p_of("p_adjusted")),
    ("unpaired", counted("unpaired")),
)
_PUBLISHED_LEAD = (
    "Value-Spectrum (arXiv 2411.11479): each model's own description in the image's place, 50 images a value. The pairs were not "
    "published, so these intervals, added here, take the two scores as independent and are too wide."
)
_PUBLISHED: tuple[Column, ...] = (
    ("model", text_of("model")),
    ("value", text_of("value")),
    ("image", estimate("image", 0)),
    ("description", estimate("description", 0)),
    ("difference", estimate("difference", 0, sign=True)),
)
_INDUCED_LEAD = (
    "100 × yes on held-out videos: as nobody before anybody browsed, as the persona after its control twin had browsed, and after it had "
    "browsed itself. “Induced” is browsed − twin, points, over pairs; “SNIPS” the same with all held-out videos weighted alike."
)
_INDUCED: tuple[Column, ...] = (
    ("model", text_of("model")),
    ("persona", text_of("persona")),
    ("pairs", counted("pairs")),
    ("default", estimate("default", 0)),
    ("twin", estimate("twin", 0)),
    ("browsed", estimate("browsed", 0)),
    ("induced", estimate("induced", 0, sign=True)),
    ("against default", estimate("against_default", 0, sign=True)),
    ("induced, SNIPS", estimate("induced_snips", 0, sign=True)),
)
_TESTS_LEAD = (
    "Pearson's test that all levels with 10 videos or more have one rate; Holm over the values of a respondent, q over the whole table."
)
_TESTS: tuple[Column, ...] = (
    ("respondent", text_of("respondent")),
    ("by", text_of("by")),
    ("value", text_of("value")),
    ("levels", counted("levels")),
    ("with too few", counted("too_few")),
    ("chi²", estimate("chi2", 1)),
    ("df", counted("df")),
    ("p", p_of("p")),
    ("p (Holm)", p_of("p_adjusted")),
    ("q", p_of("q")),
)
_BREAKDOWN_LEAD = "100 × yes / videos with Wilson's interval; “all” holds each video once. Of fewer than 10 videos no rate is told."
_BREAKDOWN: tuple[Column, ...] = (
    ("respondent", text_of("respondent")),
    ("by", text_of("by")),
    ("level", text_of("level")),
    ("value", text_of("value")),
    ("videos", counted("videos")),
    ("yes", estimate("yes", 0)),
    ("score", _score),
)
_RECIPES = (
    Recipe("respondents.csv", "Respondents", "What was asked, and what became of it.", _RESPONDENTS),
    Recipe("estimator_a.csv", "The score beside estimator A", MEANING, _BESIDE),
    Recipe("retest.csv", "Retest: two draws of images", _RETEST_LEAD, _RETEST),
    Recipe("ablation.csv", "The image, and its description in its place", _ABLATION_LEAD, _ABLATION),
    Recipe("ablation_published.csv", "The published ablation", _PUBLISHED_LEAD, _PUBLISHED),
    Recipe("induced.csv", "Induced by browsing", _INDUCED_LEAD, _INDUCED),
    Recipe("breakdown_tests.csv", "Do platforms, topics, months differ?", _TESTS_LEAD, _TESTS, _compared),
    Recipe("breakdown.csv", "By platform, topic and month", _BREAKDOWN_LEAD, _BREAKDOWN, _whole_first),
)
"""In the order of the page."""
