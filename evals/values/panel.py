"""The panel: a decisions table folded into what estimator A needs, sums and counts by respondent, item and prompt cell.

Its size grows with items × respondents × cells and not with decisions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from evals.values.adjust import nuisance_effects
from evals.values.decisions import SCALES
from evals.values.loadings import FloatArray, IntArray, Loadings
from evals.values.regression import Design, make_design
from evals.values.watching import watch_scores
from personas.errors import UserError

Flags = NDArray[np.bool_]

__all__ = ["BINARY", "REVERSED", "WATCHING", "Panel", "build_panel"]

BINARY = frozenset({"like", "skip"})
WATCHING = frozenset({"watch", "dwell"})
REVERSED = frozenset({"skip"})
"""Where more of it means liked less: a persona moves along its target by less of it."""
OUTCOMES = ("answered", "refused", "unparsable")
"""A failed question is an outage: no outcome of the respondent."""


@dataclass(frozen=True)
class Panel:
    """A respondents on n items in R cells. See the module's docstring.

    scale           lowest and highest outcome
    total, count    (A, n) sum of the outcomes, cell and position effects removed, and how many there are
    total_by_cell, count_by_cell   (R, A, n) the same by prompt cell
    missing         (A, n) refused and unparsable ones
    missing_shift   (A, n) sum of the cell and position effects of those
    lost, put       (n,) refused and unreadable answers, and all answers, of everybody, also of those whom screening leaves out
    within_sd       SD of the outcomes within a respondent, over the reference respondents: what an SD unit divides by
    labelled        loadings of the items with the values that screening took out; None where there are no others
    """

    channel: str
    scale: tuple[float, float]
    respondents: tuple[str, ...]
    models: tuple[str, ...]
    personas: tuple[str, ...]
    items: tuple[str, ...]
    loadings: Loadings
    design: Design
    cells: tuple[int, ...]
    total: FloatArray
    count: FloatArray
    total_by_cell: FloatArray
    count_by_cell: FloatArray
    missing: FloatArray
    missing_shift: FloatArray
    lost: FloatArray
    put: FloatArray
    within_sd: float
    failed: int
    labelled: Loadings | None = None

    @cached_property
    def mean(self) -> FloatArray:
        """(A, n) item means of each respondent; NaN where there is no answer."""
        with np.errstate(invalid="ignore", divide="ignore"):
            return self.total / self.count

    @property
    def values(self) -> tuple[str, ...]:
        """Codes of the values."""
        return self.loadings.values

    @property
    def all_loadings(self) -> Loadings:
        """Loadings on every value that the items are labelled for, also on those that cannot be estimated."""
        return self.labelled or self.loadings

    @property
    def topics(self) -> IntArray | None:
        """(n,) index of each item's topic; None where the items have none."""
        if self.loadings.topic is None or all(topic is None for topic in self.loadings.topic):
            return None
        named = [topic or f"\0{item}" for topic, item in zip(self.loadings.topic, self.items, strict=True)]
        return np.unique(named, return_inverse=True)[1].reshape(-1)

    def of(self, persona: str) -> IntArray:
        """Indices of the respondents that play `persona`."""
        return np.flatnonzero(np.array(self.personas) == persona)


def build_panel(
    decisions: pl.DataFrame,
    loadings: Loadings,
    channel: str = "rating",
    *,
    reference: str = "default",
    covariates: Sequence[str] | None = None,
) -> Panel:
    """Fold the decisions of one channel. `reference` is the persona whose SD is the unit; `covariates` names those used, None all.

    Raises UserError when there is nothing to fold, when items lack loadings, or no value is ever present.
    """
    rows = decisions.filter((pl.col("channel") == channel) & pl.col("state").is_in([*OUTCOMES, "failed"]))
    failed = rows.filter(pl.col("state") == "failed").height
    rows = rows.filter(pl.col("state") != "failed")
    if not rows.filter(pl.col("state") == "answered").height:
        there = ", ".join(sorted(decisions.filter(pl.col("state") == "answered")["channel"].unique().to_list()))
        lost = f"all {rows.height + failed} decisions were refused, unparsable or failed" if rows.height + failed else "it has no decisions"
        raise UserError(f"nothing to decompose on channel {channel!r}: {lost}" + (f"; there are answers on {there}" if there else ""))
    items = sorted(rows["item"].unique().to_list())
    mine = loadings.of(items)
    if not np.abs(mine.x).any():
        raise UserError("every loading of these items is 0: nothing to decompose; give --loadings with a file of labels")
    people = rows.select("respondent", "model", "persona").unique().sort("model", "persona", "respondent")
    if people["respondent"].n_unique() < people.height:
        raise UserError("a respondent is listed under two models or personas: give each model × persona a name of its own")
    observed = _Observed.of(rows, people, items, mine, reference=reference, channel=channel)
    cluster, stratum = _groups(rows, items)
    named = list(mine.covariates) if covariates is None else list(covariates)
    columns = [_standardised(mine.covariates[name]) for name in named]
    w = np.column_stack([column for column in columns if column is not None] or [np.zeros((len(items), 0))])
    design = make_design(mine.values, mine.x, w, cluster=cluster, stratum=stratum, gold=mine.gold, inclusion=mine.inclusion)
    return observed.panel(channel, people=people, items=items, loadings=mine, design=design, failed=failed)


@dataclass(frozen=True)
class _Observed:
    """One entry an observation."""

    respondent: IntArray
    item: IntArray
    cell: IntArray
    cells: tuple[int, ...]
    answered: np.ndarray[tuple[int], np.dtype[np.bool_]]
    y: FloatArray
    shift: FloatArray
    reference: np.ndarray[tuple[int], np.dtype[np.bool_]]

    @classmethod
    def of(
        cls, rows: pl.DataFrame, people: pl.DataFrame, items: list[str], loadings: Loadings, *, reference: str, channel: str
    ) -> _Observed:
        respondent, item = _index(rows["respondent"], people["respondent"].to_list()), _index(rows["item"], items)
        cells = sorted(rows["cell"].unique().to_list())
        cell = _index(rows["cell"], cells)
        answered = (rows["state"] == "answered").to_numpy() & rows["y"].is_not_null().to_numpy()
        y: FloatArray = rows["y"].cast(pl.Float64).fill_null(0.0).to_numpy()
        plays = (people["persona"] == reference).to_numpy()[respondent]
        referenced = answered & (plays if (plays & answered).any() else True)
        if channel in WATCHING:
            model = _index(people["model"], sorted(people["model"].unique().to_list()))[respondent]
            model = np.unique(people["model"].to_numpy(), return_inverse=True)[1].reshape(-1)[respondent]
            y = _watch_scores(y, _durations(rows, loadings, item), model, answered, plays)
        position = rows["position"].cast(pl.Float64).fill_null(np.nan).to_numpy()
        shift: FloatArray = np.zeros(len(y))
        if channel not in BINARY:  # log-odds have no additive shift
            shift = nuisance_effects(y, respondent=respondent, item=item, cell=cell, position=position, answered=answered)
        return cls(respondent, item, cell, tuple(cells), answered, y, shift, referenced)

    def panel(self, channel: str, *, people: pl.DataFrame, items: list[str], loadings: Loadings, design: Design, failed: int) -> Panel:
        a, n, r = people.height, len(items), len(self.cells)
        where: IntArray = (self.cell * a + self.respondent) * n + self.item

        def folded(weights: Any) -> Any:
            return np.bincount(where, weights=weights, minlength=r * a * n).reshape(r, a, n)

        total, count = folded((self.y - self.shift) * self.answered), folded(self.answered.astype(float))
        lost = (~self.answered).astype(float)
        missing = folded(lost).sum(axis=0)
        scale = SCALES.get(channel, (float(self.y[self.answered].min()), float(self.y[self.answered].max())))
        if channel in WATCHING:
            scale = (float(self.y[self.answered].min()), float(self.y[self.answered].max()))
        return Panel(
            channel=channel,
            scale=scale,
            respondents=tuple(people["respondent"].to_list()),
            models=tuple(people["model"].to_list()),
            personas=tuple(people["persona"].to_list()),
            items=tuple(items),
            loadings=loadings,
            design=design,
            cells=self.cells,
            total=total.sum(axis=0),
            count=count.sum(axis=0),
            total_by_cell=total,
            count_by_cell=count,
            missing=missing,
            missing_shift=folded(self.shift * lost).sum(axis=0),
            lost=missing.sum(axis=0),
            put=(missing + count.sum(axis=0)).sum(axis=0),
            within_sd=self._within_sd(a),
            failed=failed,
        )

    def _within_sd(self, respondents: int) -> float:
        """Pooled SD of the reference respondents' answers around their own means."""
        who, y = self.respondent[self.reference], self.y[self.reference]
        n = np.bincount(who, minlength=respondents)
        mean = np.bincount(who, y, respondents) / np.maximum(n, 1)
        freedom = len(y) - int((n > 0).sum())
        return float(np.sqrt(((y - mean[who]) ** 2).sum() / freedom)) if freedom > 0 else 0.0


def _index(column: pl.Series, names: Sequence[object]) -> IntArray:
    """The number of each entry of `column` in `names`."""
    order = pl.DataFrame({"name": pl.Series(list(names), dtype=column.dtype), "number": np.arange(len(names))})
    return column.to_frame("name").join(order, on="name", how="left", maintain_order="left")["number"].to_numpy()


def _groups(rows: pl.DataFrame, items: list[str]) -> tuple[IntArray, IntArray]:
    """(n,) cluster and (n,) stratum indices of the items; an item without a cluster is its own, one without a stratum in a common one."""
    of_item = rows.group_by("item").agg(pl.col("cluster").drop_nulls().first(), pl.col("stratum").drop_nulls().first()).sort("item")
    own = [f"\0{item}" if cluster is None else cluster for item, cluster in zip(items, of_item["cluster"].to_list(), strict=True)]
    clusters = np.unique(own, return_inverse=True)[1].reshape(-1)
    strata = np.unique([stratum or "" for stratum in of_item["stratum"].to_list()], return_inverse=True)[1].reshape(-1)
    return clusters, strata


def _watch_scores(y: FloatArray, duration: FloatArray, model: IntArray, answered: Flags, plays: Flags) -> FloatArray:
    """Normal scores of the answered ones among the reference's of the same model, so that no other model changes them; 0 elsewhere.

    A model without a reference is ranked among its own answers.
    """
    scores: FloatArray = np.zeros(len(y))
    for one in np.unique(model[answered]):
        here = answered & (model == one)
        pool = here & plays if (here & plays).any() else here
        scores[here] = watch_scores(y[here], duration[here], pool[here])
    return scores


def _durations(rows: pl.DataFrame, loadings: Loadings, item: IntArray) -> FloatArray:
    """Seconds of the clip of each observation. Raises UserError where they are not known."""
    if "duration_s" in rows.columns and rows["duration_s"].null_count() == 0:
        return rows["duration_s"].cast(pl.Float64).to_numpy()
    if "duration_s" in loadings.covariates:
        return loadings.covariates["duration_s"][item]
    raise UserError("watch time needs the length of each clip: add a column duration_s to the decisions or to the loadings")


def _standardised(column: FloatArray) -> FloatArray | None:
    """Mean 0, SD 1; None for a constant, which carries nothing."""
    spread = float(column.std())
    return None if spread < 1e-9 else (column - column.mean()) / spread
