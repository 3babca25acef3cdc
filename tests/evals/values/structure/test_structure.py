"""The structure test as a whole: what it finds, what it corrects, and when it says that it cannot be asked."""

from __future__ import annotations

import json
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

from evals.values import structure
from evals.values.structure.profiles import correct, correlation, covariance, read_profiles
from personas.errors import UserError
from personas.schwartz import VALUES, theory

TEN = structure.angles_of(VALUES)
QUICK: dict[str, Any] = {"starts": 8, "permutations": 200, "draws": 100}


def _panel(n: int, angles: np.ndarray, noise: float = 0.7, seed: int = 0) -> np.ndarray:
    dice = np.random.default_rng(seed)
    return np.cos(np.deg2rad(angles)[None, :] - dice.uniform(0, 2 * np.pi, (n, 1))) + noise * dice.standard_normal((n, len(angles)))


def _no_nan(value: Any) -> None:
    if is_dataclass(value):
        for field in fields(value):
            _no_nan(getattr(value, field.name))
    elif isinstance(value, tuple):
        for item in value:
            _no_nan(item)
    elif isinstance(value, float | np.ndarray):
        assert np.isfinite(value).all()


@pytest.mark.parametrize("order", [None, "refined19_order_theory2012", "refined19_order_pvqrr_key2021"])
def test_a_circle_is_shown(order: str | None) -> None:
    """Respondents with waves around the circle show it in every test, for ten values and for nineteen in either order."""
    values = VALUES if order is None else tuple(theory()[order])
    found = structure.test(_panel(120, structure.angles_of(values)), values=values, groups=["a", "b", "c"] * 40, **QUICK)
    assert found.enough
    assert found.raw is not None
    assert found.waves is not None
    assert found.sentence.startswith("The values lie as on the circle: over 120 respondents of 3 models")
    assert (found.respondents, found.groups, found.values) == (120, 3, values)
    assert found.raw.order.p == pytest.approx(1 / 201)
    assert found.raw.order.p_within == pytest.approx(1 / 201)
    means = [at.r.estimate for at in found.raw.by_distance]
    assert means == sorted(means, reverse=True)
    assert found.raw.congruence.value > 0.9
    assert found.raw.neighbours >= 0.7 * len(values)
    assert set(found.raw.around) == set(values)
    assert found.waves.mean > found.waves.null_95
    assert (found.corrected, found.correction, found.best) == (None, None, found.raw)
    _no_nan(found)


def test_noise_shows_no_circle() -> None:
    """Respondents without structure get a sentence that says so."""
    found = structure.test(np.random.default_rng(4).standard_normal((80, 10)), **QUICK)
    assert found.sentence.startswith("The circle is not shown: over 80 respondents, values side by side")
    assert "No models were given" in found.notes[0]
    _no_nan(found)


def test_differences_between_models_are_not_structure() -> None:
    """Models whose means lie on the circle, with respondents that do not, show it only where means are left in, which a note says."""
    dice = np.random.default_rng(5)
    models = np.cos(np.deg2rad(TEN)[None, :] - np.deg2rad([0, 72, 144, 216, 288])[:, None])
    scores = 3 * models[np.arange(100) % 5] + dice.standard_normal((100, 10))
    groups = [f"m{number % 5}" for number in range(100)]
    inside = structure.test(scores, groups=groups, **QUICK)
    pooled = structure.test(scores, groups=groups, within=False, **QUICK)
    assert inside.raw is not None
    assert pooled.raw is not None
    assert inside.raw.order.p > 0.05
    assert pooled.raw.order.p < 0.05
    assert "left in" in pooled.notes[0]


def test_estimation_error_is_taken_out() -> None:
    """With correlated estimation errors the raw correlations are wrong and the corrected ones right, variances or covariances given."""
    dice = np.random.default_rng(6)
    n = 4000
    true = dice.standard_normal((n, 10)) @ np.linalg.cholesky(0.6 * np.cos(np.deg2rad(TEN[:, None] - TEN[None, :])) + np.eye(10)).T
    root = 0.8 * np.eye(10) + 0.5 * (np.abs(np.subtract.outer(np.arange(10), np.arange(10))) == 5)
    groups = [f"m{number % 4}" for number in range(n)]
    wanted = correlation(covariance(read_profiles(true, VALUES, groups, None, True)))
    noisy = true + dice.standard_normal((n, 10)) @ root.T
    profiles = read_profiles(noisy, VALUES, groups, np.broadcast_to(root @ root.T, (n, 10, 10)), True)
    found = correct(profiles, covariance(profiles))
    assert found is not None
    assert found.matrix is not None
    assert np.abs(found.matrix - wanted).max() < 0.06
    assert np.abs(correlation(covariance(profiles)) - wanted).max() > 0.2
    assert (np.abs(found.reliability - 0.57) < 0.15).all()
    plain = read_profiles(true + 0.8 * dice.standard_normal((n, 10)), VALUES, groups, np.full((n, 10), 0.64), True)
    again = correct(plain, covariance(plain))
    assert again is not None
    assert again.matrix is not None
    assert np.abs(again.matrix - wanted).max() < 0.06


def test_a_corrected_circle_is_reported_beside_the_raw_one() -> None:
    """With usable errors there are two circles, and the corrected one is the best and the one in the sentence."""
    scores = _panel(300, TEN, noise=1.0)
    found = structure.test(scores, groups=["a", "b"] * 150, errors=np.full((300, 10), 0.3), **QUICK)
    assert found.raw is not None
    assert found.corrected is not None
    assert found.best is found.corrected
    assert found.corrected.by_distance[0].r.estimate > found.raw.by_distance[0].r.estimate
    assert "corrected for estimation error" in found.sentence
    assert "reliability of the values" in found.notes[-1]
    _no_nan(found)


@pytest.mark.parametrize(("noise", "error", "words"), [(1.1, 1.4, "is more than estimation error"), (0.5, 0.35, "one reaches")])
def test_a_correction_that_is_not_usable_says_why(noise: float, error: float, words: str) -> None:
    """Where error explains nearly all variance, or corrected correlations leave −1 to 1, only the raw circle stands, with a sentence."""
    found = structure.test(_panel(150, TEN, noise=noise), errors=np.full((150, 10), error), **QUICK)
    assert found.corrected is None
    assert found.raw is not None
    assert found.correction is not None
    assert found.correction.matrix is None
    assert "not usable" in found.notes[-1]
    assert words in found.notes[-1]
    _no_nan(found)


def test_tables_are_taken_in_any_order_of_columns() -> None:
    """Polars and pandas frames give what the array gives, whatever order their columns have and whatever else they hold."""
    scores = _panel(60, TEN)
    columns = {"respondent": [str(row) for row in range(60)]} | {
        code: scores[:, place] for place, code in reversed(list(enumerate(VALUES)))
    }
    found = structure.test(scores, **QUICK)
    assert found.raw is not None
    for table in (pl.DataFrame(columns), pd.DataFrame(columns)):
        same = structure.test(table, **QUICK)
        assert same.sentence == found.sentence
        assert same.raw is not None
        assert same.raw.correlations == pytest.approx(found.raw.correlations)


def test_the_same_seed_gives_the_same_result() -> None:
    """Nulls, resamples and starts are drawn from the seed alone."""
    scores, groups = _panel(60, TEN, noise=4), np.array(["a", "b", "c"] * 20)
    first, second, other = (structure.test(scores, groups=groups, seed=seed, **QUICK) for seed in (1, 1, 2))
    assert first.sentence == second.sentence
    assert first.raw is not None
    assert other.raw is not None
    assert first.raw.order.p_within != other.raw.order.p_within
    assert first.raw.order.index == other.raw.order.index


@pytest.mark.parametrize(
    ("scores", "groups", "words"),
    [
        (np.ones((0, 10)), None, "0 respondents with a full profile are too few to test the circle; it takes at least 50."),
        (np.ones((1, 10)), None, "1 respondent with a full profile is too few"),
        (_panel(49, TEN), None, "49 respondents with a full profile are too few"),
        (np.where(np.arange(60)[:, None] < 20, np.nan, _panel(60, TEN)), None, "40 respondents with a full profile (20 without a score"),
        (_panel(60, TEN), [str(number) for number in range(60)], "60 the only one of their model"),
        (np.ones((60, 10)), None, "do not differ on SD, ST, HE"),
        (np.tile(_panel(1, TEN), (60, 1)), ["a", "b"] * 30, "do not differ on"),
    ],
)
def test_what_cannot_be_asked_says_why(scores: np.ndarray, groups: list[str] | None, words: str) -> None:
    """Too few respondents, none whole, each the only one of its model, or all alike: a result that is not enough, and a sentence."""
    found = structure.test(scores, groups=groups, errors=np.ones_like(scores), **QUICK)
    assert not found.enough
    assert words in found.sentence
    assert (found.raw, found.corrected, found.waves, found.best) == (None, None, None, None)
    json.dumps([found.sentence, found.notes])


def test_constant_raters_among_others_change_nothing_but_the_count() -> None:
    """A respondent with a flat profile takes part in the correlations and has no wave."""
    scores = np.vstack([_panel(59, TEN), np.full((1, 10), 3.0)])
    found = structure.test(scores, **QUICK)
    assert found.enough
    assert found.waves is not None
    assert (found.respondents, len(found.waves.kept)) == (60, 59)
    _no_nan(found)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"scores": np.ones((60, 9))}, "respondents × 10 values, not 60 × 9"),
        ({"scores": pl.DataFrame({"SD": [1.0]})}, "no column ST"),
        ({"groups": ["a"]}, "60 respondents need 60 groups, not 1"),
        ({"errors": np.ones((60, 3))}, "60 × 10 variances"),
        ({"angles": "seven"}, '"equal", "nine" or degrees by code'),
        ({"angles": {"SD": 0.0}}, "no angle is given for ST"),
        ({"values": ("SD", "ST", "HE")}, "at least five"),
        ({"values": ("SD",) * 10}, "different values"),
        ({"values": tuple("abcdefghij"), "angles": "nine"}, "for the ten values only"),
        ({"permutations": 0}, "1 or more"),
    ],
)
def test_what_does_not_fit_is_refused(change: dict[str, Any], words: str) -> None:
    """Shapes and options that do not fit are a user's error that says what is needed."""
    with pytest.raises(UserError, match=words):
        structure.test(**({"scores": np.ones((60, 10))} | change))


def test_nine_wedges_and_angles_of_ones_own() -> None:
    """Spacing may be the nine wedges or any degrees by code; scores may come in any order of the ten."""
    scores = _panel(80, TEN)
    nine = structure.test(scores, angles="nine", **QUICK)
    own = structure.test(scores, angles=dict(zip(VALUES, map(float, TEN), strict=True)), **QUICK)
    equal = structure.test(scores, **QUICK)
    mixed = structure.test(scores[:, ::-1], values=VALUES[::-1], **QUICK)
    assert nine.raw is not None
    assert nine.raw.by_distance[0].degrees == 0
    assert own.sentence == equal.sentence
    assert mixed.raw is not None
    assert equal.raw is not None
    assert mixed.raw.order.index == equal.raw.order.index
