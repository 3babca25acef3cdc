"""Fitting estimator B: decisions and loadings in, a result that shows its numbers only where the convergence gate is passed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import polars as pl

from evals.values.decisions import read_decisions
from evals.values.estimator_b.answers import Answers, count_answers
from evals.values.estimator_b.backend import load
from evals.values.estimator_b.gate import Convergence, convergence
from evals.values.estimator_b.model import make_model
from evals.values.estimator_b.sampling import Draws, draw
from evals.values.estimator_b.structure import make_structure
from evals.values.estimator_b.summary import profile_rows, references
from evals.values.loading_tables import read_loadings
from evals.values.loadings import FloatArray, Loadings
from personas.errors import UserError

__all__ = ["BayesFit", "fit_bayes"]


@dataclass(frozen=True)
class BayesFit:
    """What the model found.

    channel, respondents, values   what the numbers are about
    convergence                    the gate's figures; `usable` and `sentence` repeat its verdict
    notes                          sentences: what was left out and why
    """

    channel: str
    respondents: tuple[str, ...]
    values: tuple[str, ...]
    convergence: Convergence
    notes: tuple[str, ...]
    _profiles: pl.DataFrame | None
    _theta: FloatArray | None

    @property
    def usable(self) -> bool:
        """Whether the numbers may be read."""
        return self.convergence.usable

    @property
    def sentence(self) -> str:
        """What the gate found, and what to do where it is not passed."""
        return self.convergence.sentence

    @property
    def profiles(self) -> pl.DataFrame:
        """Columns respondent, value, estimand, estimate, low, high, method, n, channel, unit, se, identified_by.

        Estimands: absolute (theta), priority, steering. Raises UserError where the chains do not agree.
        """
        if self._profiles is None:
            raise UserError(self.sentence)
        return self._profiles

    @property
    def theta(self) -> FloatArray:
        """(S, A, V) posterior draws of the slopes, in logits a unit of loading. Raises UserError where the chains do not agree."""
        if self._theta is None:
            raise UserError(self.sentence)
        return self._theta


def fit_bayes(
    decisions: Any,
    loadings: Any,
    *,
    channel: str = "rating",
    contrast: str = "default",
    tastes: bool = True,
    chains: int = 4,
    warmup: int = 1000,
    draws: int = 1000,
    seed: int = 0,
    level: float = 0.95,
    target_accept: float = 0.9,
    progress: bool = False,
) -> BayesFit:
    """Fit the model to one channel (rating, like, skip).

    decisions      a decisions table: Polars or pandas frame, or a path (`evals.values.decisions`)
    loadings       a Loadings, a frame, or a path (`evals.values.loading_tables`)
    contrast       the persona that steering is measured against, of the same model
    tastes         an effect of respondent × item, N(0, σ), which makes answers of one respondent to one item dependent; where none
                   answers an item twice it cannot be told apart and is left out
    target_accept  acceptance aimed at in warm-up, in (0, 1); higher takes smaller steps
    progress       shows numpyro's bar on stderr; the chains then run one after another

    Takes minutes rather than seconds. Raises UserError where the extra `bayes` is not installed, and for tables that cannot be used.
    """
    if not 0 < level < 1:
        raise UserError(f"the level of an interval lies between 0 and 1, such as 0.95, not {level}")
    load("numpyro")
    answers = count_answers(read_decisions(decisions), channel)
    structure = make_structure(answers, loadings if isinstance(loadings, Loadings) else read_loadings(loadings), tastes=tastes)
    drawn = draw(
        make_model(answers, structure),
        chains=chains,
        warmup=warmup,
        draws=draws,
        seed=seed,
        target_accept=target_accept,
        progress=progress,
    )
    verdict = convergence(drawn)
    theta = drawn.sites["theta"].reshape(-1, len(answers.respondents), len(structure.values)) if verdict.usable else None
    reference = references(answers, contrast)
    rows = (
        None
        if theta is None
        else profile_rows(answers, structure.values, theta, reference=reference, method=_method(drawn, level), level=level)
    )
    notes = (*structure.notes, *_without_reference(answers, contrast))
    return BayesFit(channel, answers.respondents, structure.values, verdict, notes, rows, theta)


def _method(drawn: Draws, level: float) -> str:
    """What stands in the column `method`."""
    chains, draws = drawn.size
    return f"B: hierarchical ordered logit, {100 * level:g} % credible interval, {chains} × {draws} draws"


def _without_reference(answers: Answers, contrast: str) -> tuple[str, ...]:
    """A sentence where models have no respondent with the reference persona."""
    with_it = {model for model, persona in zip(answers.models, answers.personas, strict=True) if persona == contrast}
    without = sorted({model for model, persona in zip(answers.models, answers.personas, strict=True) if persona != contrast} - with_it)
    if not without:
        return ()
    return (f"No steering effects for {', '.join(without)}: no answers with the persona {contrast}.",)
