"""What personas did, as `evals.values.steering` reports it, beside what is true: gain along a target, leakage beside it, transfer.

A sparse persona's target is the one value that it moves: whatever else seems to move is error. A dense persona moves all ten, and its
target names the two that it moves most. A persona that moves nothing has a target all the same, drawn at random.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from evals.values.calibration.estimates import Found
from evals.values.calibration.process import Draw
from evals.values.calibration.table import decisions, loadings
from evals.values.decompose import decompose
from evals.values.findings import PersonaFinding
from evals.values.intervals import Interval
from evals.values.loadings import FloatArray
from evals.values.persona_metrics import circular_transfer, ipsatised, steering_gain
from evals.values.steering import persona_findings
from personas.schwartz import ANGLES, VALUES

__all__ = ["METRICS", "metrics", "targets"]

METRICS = ("gain", "leakage", "transfer")
REFERENCE = "default"
NAMED = 2
"""How many of the values that a persona moves its target names."""


def targets(draw: Draw, rng: np.random.Generator) -> dict[str, dict[str, float]]:
    """What each persona is said to aim at: value code to ±1."""
    found = {}
    for persona, shift in zip(draw.planted.personas, _shifts(draw, draw.planted.theta), strict=True):
        if persona != REFERENCE and persona not in found:
            most = np.argsort(-np.abs(shift), kind="stable")[:NAMED]
            aimed = {VALUES[place]: float(np.sign(shift[place])) for place in most if abs(shift[place]) > 1e-9}
            found[persona] = aimed or {VALUES[int(rng.integers(len(VALUES)))]: 1.0}
    return found


def metrics(draw: Draw, rng: np.random.Generator, *, seed: int = 0) -> dict[str, Found]:
    """Gain, leakage and transfer of each steered respondent, as columns (K, 1). `seed` is that of the leakage's sign flips."""
    aims = targets(draw, rng)
    findings = persona_findings(decompose(decisions(draw), loadings(draw)), aims, level=0.95, seed=seed)
    who = {f"{model}/{persona}": row for row, (model, persona) in enumerate(zip(draw.planted.models, draw.planted.personas, strict=True))}
    rows = [who[one.respondent] for one in findings]
    vectors = [np.array([aims[one.persona].get(value, 0.0) for value in VALUES]) for one in findings]
    truth = np.array([_of(shift, vector) for shift, vector in zip(_shifts(draw, draw.truth)[rows], vectors, strict=True)])
    moves = _shifts(draw, draw.planted.theta)[rows]
    planted = np.array([_of(shift, vector) for shift, vector in zip(moves, vectors, strict=True)])
    moved = np.array([bool(np.abs(move).max() > 1e-9) for move in moves])
    return {name: _found(name, findings, truth[:, [k]], planted[:, [k]], moved) for k, name in enumerate(METRICS)}


def _shifts(draw: Draw, theta: FloatArray) -> FloatArray:
    """(A, V) profiles less that of the same model's reference."""
    models, personas = np.array(draw.planted.models), np.array(draw.planted.personas)
    return theta - np.stack([theta[(models == model) & (personas == REFERENCE)][0] for model in models])


def _of(shift: FloatArray, target: FloatArray) -> tuple[float, float, float]:
    """Gain, leakage and transfer of a shift that is known; NaN for a transfer around no direction."""
    centred, nothing = ipsatised(shift, np.zeros((len(shift), len(shift))))
    gain = steering_gain(centred, nothing, target)
    assert gain is not None, "a target of one or two values is not flat"
    around = circular_transfer(centred, nothing, target, np.array([ANGLES[value] for value in VALUES], dtype=float))
    beside = float(np.sqrt(max(0.0, float(centred @ centred) - gain.estimate**2)))
    return gain.estimate, beside, np.nan if around is None else around.slope.estimate


def _found(name: str, findings: tuple[PersonaFinding, ...], truth: FloatArray, planted: FloatArray, moved: NDArray[np.bool_]) -> Found:
    """One metric of K respondents: `truth` and `planted` (K, 1), `moved` (K,) whether anything is planted."""
    intervals: list[Interval | None] = [getattr(one, name) for one in findings]
    told: FloatArray = np.full((3, len(findings), 1), np.nan)
    for row, each in enumerate(intervals):
        if each is not None and each.low is not None and each.high is not None:
            told[:, row, 0] = each.estimate, each.low, each.high
    estimate, low, high = told[0], told[1], told[2]
    rejected = (low > 0) | (high < 0)
    if name == "leakage":
        rejected = np.array([[one.leakage_p is not None and one.leakage_p < 0.05] for one in findings])
    planted = np.where(np.abs(np.nan_to_num(planted)) < 1e-6, 0.0, planted)
    nothing = np.full(len(findings), np.nan)
    return Found(
        error=estimate - truth,
        sign=np.sign(planted),
        covered=(low <= truth) & (truth <= high),
        rejected=rejected,
        zero=planted == 0,
        kind=np.where(planted != 0, 0, np.where(moved[:, None], 1, 2)),
        recovered=nothing,
        spectrum=nothing,
    )
