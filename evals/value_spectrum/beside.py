"""The score beside estimator A on the same decisions: what is left of a value's yes-rate once the other values are held constant."""

from __future__ import annotations

from typing import Any

import polars as pl

from evals.report.words import plural
from evals.values.decisions import REFERENCE
from evals.values.decompose import decompose
from evals.values.loadings import Loadings
from evals.values.studies import measurable
from personas.errors import UserError

__all__ = ["MEANING", "beside"]

MEANING = (
    "The score is how often the videos that promote a value are liked, whatever else they promote. Estimator A (docs/values.md) is the "
    "slope of the log-odds of a like on the loading, from opposing to promoting, with the other values and covariates held constant: "
    "“absolute”, and “priority”, the same less the mean of the respondent's ten. Its p is corrected after Holm over a respondent's values."
)
_SCHEMA: dict[str, Any] = {
    "respondent": pl.String,
    "value": pl.String,
    "score": pl.Float64,
    "score_low": pl.Float64,
    "score_high": pl.Float64,
    "above_own_mean": pl.Float64,
    **{
        f"{estimand}{part}": pl.String if part == "_method" else pl.Float64
        for estimand in ("absolute", "priority")
        for part in ("", "_low", "_high", "_method", "_p")
    },
    "unit": pl.String,
}


def beside(decisions: pl.DataFrame, loadings: Loadings | None, scores: pl.DataFrame, level: float = 0.95) -> tuple[pl.DataFrame, list[str]]:
    """One row a respondent and value, and sentences. Where estimator A has nothing to say, its columns are null and a sentence says why.

    above_own_mean                 the score less the mean of the respondent's scores, points
    absolute, priority (_low, …)   log-odds per unit loading, with the interval and p after Holm
    """
    base = scores.select(
        "respondent",
        "value",
        "score",
        pl.col("low").alias("score_low"),
        pl.col("high").alias("score_high"),
        (pl.col("score") - pl.col("score").mean().over("respondent")).alias("above_own_mean"),
    )
    profiles, notes = _profiles(decisions, loadings, level)
    for estimand in ("absolute", "priority"):
        own = profiles.filter(pl.col("estimand") == estimand).select(
            "respondent",
            "value",
            pl.col("estimate").alias(estimand),
            pl.col("low").alias(f"{estimand}_low"),
            pl.col("high").alias(f"{estimand}_high"),
            pl.col("method").alias(f"{estimand}_method"),
            pl.col("p_adjusted").alias(f"{estimand}_p"),
        )
        base = base.join(own, on=["respondent", "value"], how="left", maintain_order="left")
    found = base.with_columns(unit=pl.lit("log-odds per unit loading")).select(list(_SCHEMA)).cast(_SCHEMA)  # type: ignore[arg-type]
    return found, notes


def _profiles(decisions: pl.DataFrame, loadings: Loadings | None, level: float) -> tuple[pl.DataFrame, list[str]]:
    from evals.values.profile_table import SCHEMA  # noqa: PLC0415

    empty = pl.DataFrame(schema=SCHEMA)
    if loadings is None:
        return empty, ["Estimator A needs value labels, which these videos lack: label the corpus (`python -m evals.labels judge`)."]
    try:
        kept, left_out = measurable(decisions, loadings)
        played = kept["persona"].unique().sort().to_list()
        found = decompose(kept, loadings, channel="like", contrast=REFERENCE if REFERENCE in played else played[0], level=level)
    except UserError as error:
        return empty, [f"Estimator A has nothing to say: {error}."]
    return found.profiles, [
        *([left_out] if left_out else []),
        *(f"Estimator A: {note}" for note in found.notes),
        *_reversed(found.profiles),
    ]


def _reversed(profiles: pl.DataFrame) -> list[str]:
    """How many slopes can be told from zero at all."""
    own = profiles.filter(pl.col("estimand") == "priority")
    told = own.filter(pl.col("p_adjusted") < 0.05).height
    return (
        [f"Estimator A tells {told} of {plural(own.height, 'priority', 'priorities')} from zero (p < 0.05 after Holm)."]
        if own.height
        else []
    )
