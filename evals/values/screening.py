"""What of a panel can be estimated at all: respondents with enough answers, values that the items tell apart, covariates that add.

What cannot is taken out, each with a sentence, so that no table ever holds a number that means nothing.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from evals.values.loadings import FloatArray, Loadings
from evals.values.panel import BINARY, Panel
from evals.values.regression import Design, carried_by_one, equal_rows, make_design
from personas.errors import UserError
from personas.schwartz import NAMES

__all__ = ["screened"]

FEW_ITEMS = 10
ENOUGH = "60 + 20"
LEAST_EIGENVALUE = 0.1


def screened(panel: Panel) -> tuple[Panel, list[str]]:
    """The panel with what can be estimated, and sentences on what was taken out. Raises UserError when nothing is left."""
    panel, notes = _values(panel)
    panel, more = _respondents(panel)
    return panel, [*notes, *more]


def _values(panel: Panel) -> tuple[Panel, list[str]]:
    """Values that no item promotes or opposes, values that cannot be told apart, and covariates that repeat what is there."""
    loadings, notes = panel.loadings, []
    varies = loadings.x.std(axis=0) > 1e-9
    if not varies.all():
        same = [_name(value) for value, there in zip(loadings.values, varies, strict=True) if not there]
        notes.append(f"No estimate for {', '.join(same)}: these items do not differ in {'it' if len(same) == 1 else 'them'}.")
    centred = loadings.x[:, varies] - loadings.x[:, varies].mean(axis=0)
    tangled = np.zeros(len(loadings.values), dtype=bool)
    tangled[varies] = _tangled(centred)
    if tangled.any():
        named = ", ".join(_name(value) for value, bad in zip(loadings.values, tangled, strict=True) if bad)
        n, k = len(centred), centred.shape[1]
        why = f"{n} items are too few for {k + 1} columns (a level and {k} values); add items."
        apart = "with these items they cannot be told apart; add items that carry one without the others."
        notes.append(f"No estimate for {named}: {why if n <= k else apart}")
    lone = _lone(panel, varies & ~tangled, centred)
    if lone.any():
        named = ", ".join(_name(value) for value, bad in zip(loadings.values, lone, strict=True) if bad)
        notes.append(f"No estimate for {named}: a single item (or cluster of items) carries it, so nothing tells its error; add items.")
    keep = varies & ~tangled & ~lone
    if not keep.any():
        raise UserError(f"no value can be estimated. {' '.join(notes)}")
    few = [
        f"{_name(value)} {promoting} + {_clusters(panel, column < 0)}"
        for value, column, kept in zip(loadings.values, loadings.x.T, keep, strict=True)
        if kept and (promoting := _clusters(panel, column > 0)) < FEW_ITEMS
    ]
    if few:
        notes.append(f"Few items promote these values (promoting + opposing): {', '.join(few)}; {ENOUGH} are advised.")
    # Values taken out stay in the regression as their independent directions, so that the others are not blamed for them.
    others = _independent(centred[:, ~keep[varies]], centred[:, keep[varies]])
    covariates = panel.design.seen[:, 1 + len(loadings.values) :]
    w = _independent(np.hstack([others, covariates]), centred[:, keep[varies]])
    repeated = others.shape[1] + covariates.shape[1] - w.shape[1]
    if repeated:
        notes.append(f"{repeated} covariate(s) repeat what is there and were left out.")
    mine = _columns(loadings, keep)
    design = make_design(
        mine.values, mine.x, w, cluster=panel.design.cluster, stratum=panel.design.stratum, gold=mine.gold, inclusion=mine.inclusion
    )
    _check_gold(design)
    return replace(panel, loadings=mine, design=design, labelled=loadings), notes


def _clusters(panel: Panel, chosen: NDArray[np.bool_]) -> int:
    """How many of the `chosen` items (n,) are independent: near-duplicates count once."""
    return len(np.unique(panel.design.cluster[chosen]))


def _check_gold(design: Design) -> None:
    """Raises UserError where the gold sample is too small: corrected moments near singular make slopes of any size."""
    if not design.corrected:
        return
    plain = np.einsum("np,nq->pq", design.seen, design.seen)
    scale = 1 / np.sqrt(np.diag(plain))
    corrected, uncorrected = (np.linalg.eigvalsh(scale[:, None] * each * scale) for each in (design.moments.sum(axis=0), plain))
    if corrected[0] <= LEAST_EIGENVALUE * uncorrected[0]:
        raise UserError("the gold sample is too small to correct these loadings: code 300 items or more, or leave the gold columns out")


def _lone(panel: Panel, keep: NDArray[np.bool_], centred: FloatArray) -> NDArray[np.bool_]:
    """Which of the values to `keep` (V,) a single cluster of the pool carries (V,). `centred` (n, U) are the columns that vary."""
    v = len(keep)
    columns = _independent(np.hstack([panel.loadings.x[:, keep], centred, panel.design.seen[:, 1 + v :]]), np.zeros((len(centred), 0)))
    names = tuple(value for value, kept in zip(panel.loadings.values, keep, strict=True) if kept)
    design = make_design(
        names, columns[:, : len(names)], columns[:, len(names) :], cluster=panel.design.cluster, stratum=panel.design.stratum
    )
    found = np.zeros(v, dtype=bool)
    if names:
        found[keep] = carried_by_one(design, np.ones(len(centred), dtype=bool))
    return found


def _tangled(x: FloatArray) -> FloatArray:
    """Which columns take part in a linear dependence (V,)."""
    _, singular, directions = np.linalg.svd(x, full_matrices=True)
    rank = int((singular > 1e-8 * max(singular.max(initial=0), 1e-12)).sum())
    return (np.abs(directions[rank:]) > 1e-6).any(axis=0) if rank < x.shape[1] else np.zeros(x.shape[1], dtype=bool)


def _independent(candidates: FloatArray, given: FloatArray) -> FloatArray:
    """Those of the `candidates` (n, W), in order, that are no combination of a constant, of `given`, and of each other."""
    base = np.hstack([np.ones((len(given), 1)), given])
    chosen = []
    for column in candidates.T:
        rest = column - base @ np.linalg.lstsq(base, column, rcond=None)[0]
        if rest.std() > 1e-6 * max(float(np.abs(column).max()), 1e-12):
            base = np.hstack([base, column[:, None]])
            chosen.append(column)
    return np.column_stack(chosen) if chosen else np.zeros((len(given), 0))


def _columns(loadings: Loadings, keep: FloatArray) -> Loadings:
    return replace(
        loadings,
        values=tuple(value for value, kept in zip(loadings.values, keep, strict=True) if kept),
        x=loadings.x[:, keep],
        sd=None if loadings.sd is None else loadings.sd[:, keep],
        gold=None if loadings.gold is None else loadings.gold[:, keep],
    )


def _respondents(panel: Panel) -> tuple[Panel, list[str]]:
    """Respondents with fewer answered clusters than columns, or whose items do not tell the columns apart."""
    keep, notes = [], []
    columns = panel.design.seen.shape[1]
    answered = panel.count > 0
    lacking = np.zeros((len(answered), len(panel.values)), dtype=bool)
    for group in equal_rows(answered):
        lacking[group] = carried_by_one(panel.design, answered[group[0]])
    for number, respondent in enumerate(panel.respondents):
        independent, lone = len(np.unique(panel.design.cluster[answered[number]])), lacking[number]
        if not independent:
            notes.append(f"{respondent} was left out: it answered none of its items.")
        elif independent <= columns or lone.all():
            notes.append(f"{respondent} was left out: {independent} independent answered items do not tell {columns} columns apart.")
        elif lone.any():
            named = ", ".join(_name(value) for value, bad in zip(panel.values, lone, strict=True) if bad)
            notes.append(f"{respondent} was left out: of the items that it answered too few carry {named}.")
        elif panel.channel in BINARY and not 0 < panel.total[number].sum() < panel.count[number].sum():
            notes.append(f"{respondent} was left out: all of its {panel.channel}s are the same, so they have no odds.")
        else:
            keep.append(number)
    if not keep:
        raise UserError(f"no respondent can be estimated: {notes[0]}")
    if len(keep) == len(panel.respondents):
        return panel, notes
    return replace(
        panel,
        respondents=tuple(panel.respondents[row] for row in keep),
        models=tuple(panel.models[row] for row in keep),
        personas=tuple(panel.personas[row] for row in keep),
        total=panel.total[keep],
        count=panel.count[keep],
        total_by_cell=panel.total_by_cell[:, keep],
        count_by_cell=panel.count_by_cell[:, keep],
        missing=panel.missing[keep],
        missing_shift=panel.missing_shift[keep],
    ), notes


def _name(value: str) -> str:
    return NAMES.get(value, value)
