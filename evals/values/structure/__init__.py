"""Do the values of many respondents lie on Schwartz's circle? `test(scores, …)` asks it in four ways, or says why it cannot be asked.

Give full-profile respondents only: personas made of a single value, or of a higher-order group, write the circle in themselves.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from evals.values.loadings import FloatArray
from evals.values.structure.circular import (
    AtDistance,
    Order,
    by_distance,
    circular_distance,
    exchanged_within,
    hubert_arabie,
)
from evals.values.structure.procrustes import Congruence, align, congruence, ideal_circle, procrustes_test
from evals.values.structure.profiles import Corrected, Profiles, correct, correlation, covariance, read_profiles, resampled_correlations
from evals.values.structure.scaling import Scaling, around, ordinal_mds
from evals.values.structure.wave import Waves, fit_waves, wave_null
from personas.errors import UserError
from personas.schwartz import ANGLES, ANGLES_NINE_WEDGES, VALUES

__all__ = [
    "MINIMUM",
    "AtDistance",
    "Circle",
    "Congruence",
    "Corrected",
    "Order",
    "Scaling",
    "Structure",
    "Waves",
    "angles_of",
    "congruence",
    "fit_waves",
    "hubert_arabie",
    "ordinal_mds",
    "test",
    "wave_null",
]

MINIMUM = 50
"""Fewer respondents say too little about a circle."""

Spacing = Literal["equal", "nine"] | Mapping[str, float]


@dataclass(frozen=True)
class Circle:
    """The four questions put to one correlation matrix.

    correlations  (V, V)
    by_distance   mean correlation at each circular distance, nearest first
    order         Hubert and Arabie's test
    scaling       the ordinal map, turned to lie as the theory draws it
    around        the values as they lie around the map's centre, and `neighbours`, how many of the V steps join theoretical neighbours
    congruence    of the map with the ideal circle
    """

    correlations: FloatArray
    by_distance: tuple[AtDistance, ...]
    order: Order
    scaling: Scaling
    around: tuple[str, ...]
    neighbours: int
    congruence: Congruence


@dataclass(frozen=True)
class Structure:
    """Result of `test`. Where `enough` is False everything but `sentence`, `values`, `respondents`, `groups` and `notes` is None.

    raw          from the correlations as estimated
    corrected    from those freed of estimation error; None where errors are not known or the matrix is not usable (`correction` says)
    waves        each respondent's profile as a wave
    """

    enough: bool
    sentence: str
    values: tuple[str, ...]
    respondents: int
    groups: int
    notes: tuple[str, ...]
    raw: Circle | None = None
    corrected: Circle | None = None
    correction: Corrected | None = None
    waves: Waves | None = None

    @property
    def best(self) -> Circle | None:
        """The corrected circle where there is one, else the raw one."""
        return self.corrected or self.raw


def test(
    scores: Any,
    *,
    values: Sequence[str] = VALUES,
    groups: Sequence[str] | None = None,
    errors: FloatArray | None = None,
    angles: Spacing = "equal",
    within: bool = True,
    starts: int = 50,
    permutations: int = 2000,
    draws: int = 1000,
    seed: int = 0,
    level: float = 0.95,
) -> Structure:
    """Test the circle over respondents.

    scores        (N, V) array, or a Polars or pandas frame with one column a value; they are centred within each respondent here
    values        codes in circular order, V ≥ 5: the ten, or either published order of the nineteen
    groups        the model of each respondent: its mean profile is taken out (`within`); nothing is exchanged or resampled across models
    errors        (N, V, V) covariances or (N, V) variances of the estimates, squared units of the scores, to test a corrected matrix too
    angles        "equal", "nine" (Conformity and Tradition share a wedge), or degrees by code
    starts        of the scaling; `permutations` of each null; `draws` of the bootstrap
    Raises UserError where shapes do not fit or no angles are published for the values.
    """
    theta = angles_of(values, angles)
    if permutations < 1 or draws < 2 or starts < 1:
        raise UserError("structure: starts and permutations must be 1 or more, draws 2 or more")
    profiles = read_profiles(scores, values, groups, errors, within)
    lacking = _lacking(profiles)
    notes = _notes(profiles, groups is not None)
    count = len(profiles.group)
    if lacking:
        return Structure(False, lacking, profiles.values, count, len(profiles.sizes), notes)
    observed = covariance(profiles)
    ask = _Ask(profiles, theta, starts, permutations, draws, seed, level)
    raw = _circle(correlation(observed), None, ask)
    correction = correct(profiles, observed)
    corrected = None
    if correction is not None:
        notes = (*notes, correction.sentence)
        if correction.matrix is not None:
            corrected = _circle(correction.matrix, profiles.error, ask)
    return Structure(
        enough=True,
        sentence=_sentence(corrected or raw, count, 0 if groups is None else len(profiles.sizes), corrected is not None),
        values=profiles.values,
        respondents=count,
        groups=len(profiles.sizes),
        notes=notes,
        raw=raw,
        corrected=corrected,
        correction=correction,
        waves=fit_waves(profiles.scores, theta, permutations, seed),
    )


test.__test__ = False  # type: ignore[attr-defined]  # a public name that pytest would collect


def angles_of(values: Sequence[str], angles: Spacing = "equal") -> FloatArray:
    """(V,) degrees of the values; others than the ten are spaced equally in the order given. Raises UserError where there are none."""
    if len(values) < 5 or len(set(values)) < len(values):
        raise UserError(f"structure: needs at least five different values in circular order, not {', '.join(values)}")
    if not isinstance(angles, str):
        lacking = [code for code in values if code not in angles]
        if lacking:
            raise UserError(f"structure: no angle is given for {', '.join(lacking)}")
        return np.array([float(angles[code]) for code in values])
    ten = set(values) == set(VALUES)
    if angles == "equal":
        return np.array([ANGLES[code] for code in values], dtype=float) if ten else np.arange(len(values)) * 360 / len(values)
    if angles == "nine" and ten:
        return np.array([ANGLES_NINE_WEDGES[code] for code in values], dtype=float)
    if angles == "nine":
        raise UserError("structure: nine wedges are published for the ten values only; use equal spacing, or give degrees by code")
    raise UserError(f'structure: angles must be "equal", "nine" or degrees by code, not {angles!r}')


@dataclass(frozen=True)
class _Ask:
    """What every circle is asked with."""

    profiles: Profiles
    theta: FloatArray
    starts: int
    permutations: int
    draws: int
    seed: int
    level: float


def _circle(matrix: FloatArray, error: FloatArray | None, ask: _Ask) -> Circle:
    profiles, n = ask.profiles, len(ask.profiles.group)
    distance = circular_distance(ask.theta)
    resampled = resampled_correlations(profiles, ask.draws, ask.seed, error)
    order = hubert_arabie(matrix, distance, ask.permutations, ask.seed)
    if error is None:
        null = exchanged_within(profiles, distance, ask.permutations, ask.seed)
        order = replace(order, p_within=(1 + int((null >= order.index - 1e-12).sum())) / (1 + len(null)))
    scaling = ordinal_mds(1 - matrix, ask.starts, ask.seed)
    target = ideal_circle(ask.theta)
    lying, neighbours = around(align(scaling.points, target), profiles.values, distance)
    return Circle(
        correlations=matrix,
        by_distance=by_distance(matrix, distance, resampled, n=n, groups=len(profiles.sizes) if profiles.within else 1, level=ask.level),
        order=order,
        scaling=replace(scaling, points=align(scaling.points, target)),
        around=lying,
        neighbours=neighbours,
        congruence=procrustes_test(scaling.points, target, ask.permutations, ask.seed),
    )


def _lacking(profiles: Profiles) -> str:
    """Why the circle cannot be tested, or nothing."""
    count = len(profiles.group)
    if count < MINIMUM:
        left = []
        if profiles.dropped:
            left.append(f"{profiles.dropped} without a score on every value")
        if profiles.alone:
            left.append(f"{profiles.alone} the only one of their model")
        without = f" ({' and '.join(left)} left out)" if left else ""
        who = "1 respondent with a full profile" if count == 1 else f"{count} respondents with a full profile"
        return f"{who}{without} {'is' if count == 1 else 'are'} too few to test the circle; it takes at least {MINIMUM}."
    spread = np.diag(covariance(profiles))
    same = [code for code, variance in zip(profiles.values, spread, strict=True) if variance <= 1e-12 * max(spread.max(), 1e-12)]
    if same:
        return f"The circle cannot be tested: the respondents do not differ on {', '.join(same)}, so it correlates with nothing."
    return ""


def _notes(profiles: Profiles, grouped: bool) -> tuple[str, ...]:
    notes = []
    if not grouped:
        notes.append("No models were given: the respondents are taken as independent of each other.")
    elif profiles.within:
        notes.append(
            "Each model's mean profile was taken out, and nothing was exchanged or resampled across models: "
            "the circle is that of the personas within a model."
        )
    else:
        notes.append("Models' mean profiles were left in: differences between models count as structure.")
    if profiles.dropped:
        notes.append(f"{profiles.dropped} respondents without a score on every value were left out.")
    if profiles.alone:
        notes.append(f"{profiles.alone} of the respondents, each the only one of its model, took no part.")
    return tuple(notes)


def _sentence(circle: Circle, count: int, models: int, corrected: bool) -> str:
    """The verdict in one line, with its figures."""
    verdict = "The values lie as on the circle" if circle.order.p <= 0.05 else "The circle is not shown"
    near, far = circle.by_distance[0].r.estimate, circle.by_distance[-1].r.estimate
    share = circle.order.met / circle.order.predictions
    return (
        f"{verdict}: over {count} respondents{f' of {models} model' + 's' * (models > 1) if models else ''}"
        f"{', corrected for estimation error' if corrected else ''}, values side by side correlate {near:.2f}, values across {far:.2f}; "
        f"{share:.0%} of {circle.order.predictions:,} predicted orders hold (correspondence index {circle.order.index:.2f}, "
        f"p {circle.order.p:.4f}); the map has Stress-1 {circle.scaling.stress:.2f} and congruence {circle.congruence.value:.2f} with the "
        f"ideal circle (p {circle.congruence.p:.4f}), {circle.neighbours} of {len(circle.around)} neighbours as in theory."
    )
