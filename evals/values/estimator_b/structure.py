"""What the model is built from: centred loadings, covariates, and only those levels that the data can tell apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from evals.values.estimator_b.answers import Answers
from evals.values.estimator_b.circle import CircularBasis, basis_of
from evals.values.estimator_b.sharing import Sharing, find_sharing
from evals.values.loadings import FloatArray, IntArray, Loadings
from personas.errors import UserError

__all__ = ["Level", "Structure", "make_structure"]

CENTRED_FROM = 10.0
"""Answers an item from which the items' effects are sampled centred: the data then fix each better than the prior does."""


@dataclass(frozen=True)
class Level:
    """A grouping of the respondents: its name, and the group (A,) of each, from 0."""

    name: str
    group: IntArray

    @property
    def groups(self) -> int:
        """How many there are."""
        return int(self.group.max()) + 1


@dataclass(frozen=True)
class Structure:
    """The fixed part of the model.

    values           codes of the V values whose loadings vary
    x                (n, V) loadings, centred over the items
    uncertain        rows and columns of the loadings with a spread over judges, and that spread (M,); empty where they are exact
    w                (n, W) covariates in standard deviations
    levels           which of model, persona and respondent get effects of their own
    sharing          clusters and topics of the items
    item_effects     False where no item has two answers
    tastes           whether respondents have effects of their own on each item
    tastes_shared    the clusters on which they do
    centred_items    how the items' effects are sampled
    cell_contrasts   (R, R − 1) orthonormal, columns sum to zero
    notes            sentences on what was left out
    """

    values: tuple[str, ...]
    x: FloatArray
    uncertain: tuple[IntArray, IntArray, FloatArray]
    w: FloatArray
    levels: tuple[Level, ...]
    basis: CircularBasis
    sharing: Sharing
    item_effects: bool
    tastes: bool
    tastes_shared: Sharing
    centred_items: bool
    cell_contrasts: FloatArray
    notes: tuple[str, ...]


def make_structure(answers: Answers, loadings: Loadings, *, tastes: bool = False) -> Structure:
    """The structure for these answers; `tastes` asks for effects of respondent × item, which need two answers of one to the same.

    Raises UserError where items lack loadings, or where the loadings cannot be told apart.
    """
    here = loadings.of(answers.items)
    varies = np.ptp(here.x, axis=0) > 0
    if not varies.any():
        raise UserError("the loadings are the same for every item: no value can be estimated")
    values = tuple(code for code, kept in zip(here.values, varies, strict=True) if kept)
    x = here.x[:, varies] - here.x[:, varies].mean(axis=0)
    _check_rank(x)
    w = _covariates(here, x)
    sd = np.zeros_like(x) if here.sd is None else here.sd[:, varies]
    row, column = np.nonzero(sd > 0)
    levels = _levels(answers)
    sharing, few_topics = find_sharing(answers.clusters, here.topic)
    repeated, several = answers.repeated_items() > 0, bool((answers.items_answered() > 1).any())
    of_each = sharing.met(answers) if tastes and len(answers.respondents) > 1 else sharing.without_clusters().met(answers)
    return Structure(
        values=values,
        x=x,
        uncertain=(row, column, sd[row, column]),
        w=w,
        levels=levels,
        basis=basis_of(values),
        sharing=sharing,
        item_effects=repeated,
        tastes=tastes and several and len(answers.respondents) > 1,
        tastes_shared=of_each,
        centred_items=answers.weight.sum() / len(answers.items) >= CENTRED_FROM,
        cell_contrasts=_contrasts(len(answers.cells)),
        notes=(*_notes(answers, here, values, levels, repeated), *few_topics, *_about_tastes(answers, tastes, several)),
    )


def _levels(answers: Answers) -> tuple[Level, ...]:
    """Model, persona, respondent: each with two groups or more, and none that repeats the grouping of one before it."""
    levels: list[Level] = []
    for name, names in (("model", answers.models), ("persona", answers.personas), ("respondent", answers.respondents)):
        group = _groups(names)
        if group.max() > 0 and not any(np.array_equal(group, other.group) for other in levels):
            levels.append(Level(name, group))
    return tuple(levels)


def _groups(names: Sequence[str]) -> IntArray:
    """Number of each name, in order of first appearance, so that equal groupings have equal numbers."""
    first = {name: number for number, name in enumerate(dict.fromkeys(names))}
    return np.array([first[name] for name in names], dtype=np.int64)


def _check_rank(x: FloatArray) -> None:
    """Without full rank only the prior would tell values apart. Raises UserError."""
    if np.linalg.matrix_rank(x) < x.shape[1] or len(x) <= x.shape[1] + 1:
        raise UserError(
            f"the loadings of {x.shape[1]} values cannot be told apart over {len(x)} items: "
            "add items that carry one without the others, or leave values out"
        )


def _covariates(loadings: Loadings, x: FloatArray) -> FloatArray:
    """(n, W) covariates in standard deviations from their mean; those that vary, and say more than what stands before them."""
    seen, kept = np.hstack([np.ones((len(x), 1)), x]), np.zeros((len(x), 0))
    for column in loadings.covariates.values():
        if column.std() > 0:
            mine = ((column - column.mean()) / column.std())[:, None]
            if np.linalg.matrix_rank(np.hstack([seen, kept, mine])) > seen.shape[1] + kept.shape[1]:
                kept = np.hstack([kept, mine])
    return kept


def _contrasts(cells: int) -> FloatArray:
    """(R, R − 1) orthonormal columns that each sum to zero: what sets cells apart, without the level that the cut points carry."""
    if cells < 2:
        return np.zeros((cells, 0))
    centred = np.eye(cells) - 1 / cells
    return np.linalg.svd(centred)[0][:, : cells - 1]


def _notes(answers: Answers, given: Loadings, kept: Sequence[str], levels: Sequence[Level], repeated: bool) -> tuple[str, ...]:
    """What is not in the model, and why."""
    notes = []
    if answers.left_out:
        notes.append(f"{answers.left_out} rows without an answer (refused, unparsable, failed) are left out of the Bayesian model.")
    flat = [code for code in given.values if code not in kept]
    if flat:
        notes.append(f"No estimate for {', '.join(flat)}: their loadings are the same for every item.")
    if given.gold is not None:
        notes.append(
            "The gold sample does not correct the Bayesian model, so its slopes are those of the judges' labels; estimator A uses it."
        )
    named = {level.name for level in levels}
    lacking = [name for name in ("model", "persona") if name not in named]
    if lacking:
        notes.append(f"No effects of their own for each {' and '.join(lacking)}: the data cannot tell them from the other levels.")
    if not repeated:
        notes.append("No item effects: no item has two answers.")
    constant = [
        name for number, name in enumerate(answers.respondents) if len(np.unique(answers.category[answers.respondent == number])) == 1
    ]
    if constant:
        notes.append(
            f"{', '.join(constant[:3])}{' and others' if len(constant) > 3 else ''} gave one answer throughout: the prior speaks there."
        )
    return tuple(notes)


def _about_tastes(answers: Answers, asked: bool, several: bool) -> tuple[str, ...]:
    """A sentence where answers of one respondent to one item are taken as independent, or cannot be taken apart."""
    if several and not asked:
        return (
            "A respondent's answers to one item are taken as independent given the model: with many prompt cells intervals are too narrow.",
        )
    if asked and not several:
        return ("No effects of respondent × item: nobody answered an item twice.",)
    return ("No effects of respondent × item: with one respondent they are the items'.",) if asked and len(answers.respondents) == 1 else ()
