"""Shares of variance: planted components come out, however the respondents are crossed and whatever is missing."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from evals.values.controls import Context
from evals.values.controls.components import components
from evals.values.controls.variance import variance_shares
from evals.values.decompose import decompose
from evals.values.findings import Control
from evals.values.loadings import FloatArray
from tests.evals.values.simulating import labels

ITEMS = 300
LOADINGS = labels(ITEMS)
SD = {"i": 0.6, "r": 0.3, "mi": 0.35, "pi": 0.45, "mpi": 0.5, "ir": 0.4, "mr": 0.25, "m": 0.5, "p": 0.5, "mp": 0.3, "mpir": 0.8}
"""Of the components over m(odel), p(ersona), i(tem) and (p)r(ompt)."""


def planted(rng: np.random.Generator, m: int, p: int, r: int) -> FloatArray:
    """(m, p, ITEMS, r) answers."""
    shape = {"m": m, "p": p, "i": ITEMS, "r": r}
    return sum(rng.normal(0, sd, [size if axis in some else 1 for axis, size in shape.items()]) for some, sd in SD.items())  # type: ignore[return-value]


def shares(y: FloatArray, *, own: bool = False) -> Control:
    """The control for answers (models, personas, items, prompts), NaN where there are none; `own`: no persona is shared by models."""
    m, p, i, r = (axis.reshape(-1) for axis in np.indices(y.shape))
    persona = [f"p{b}" if not own else f"p{a}-{b}" for a, b in zip(m, p, strict=True)]
    rows = pl.DataFrame(
        {
            "respondent": [f"m{a}/{who}" for a, who in zip(m, persona, strict=True)],
            "model": [f"m{a}" for a in m],
            "persona": persona,
            "item": np.array(LOADINGS.items)[i],
            "cell": r,
            "channel": "mood",
            "y": pl.Series(y.reshape(-1)).fill_nan(None),
        }
    ).drop_nulls("y")
    rows = rows.with_columns(state=pl.lit("answered"))
    found = variance_shares(Context(rows, {"mood": decompose(rows, LOADINGS, channel="mood")}, {}))
    if found.table is not None:
        assert sum(found.table["share"]) == pytest.approx(1)
        assert (found.table["variance"] >= 0).all()
    return found


def variances(found: Control) -> dict[str, float]:
    """Component by name."""
    assert found.table is not None
    return dict(found.table.select("source", "variance").iter_rows())


@pytest.mark.parametrize("missing", [0.0, 0.3])
def test_components_are_unbiased_with_gaps(missing: float) -> None:
    """Means over 30 draws lie within three standard errors of what was planted, whole models' items missing or not."""
    rng, names = np.random.default_rng(0), ("m", "p", "i", "r")
    draws = []
    for _ in range(30):
        y = planted(rng, 5, 6, 4)
        if missing:
            y[rng.random(y.shape) < missing] = np.nan
            y[0, 3] = np.nan
            y[4, :, :100] = np.nan
        found = components(y, names)
        assert found is not None
        draws.append({"".join(name for name in names if name in some): value for some, value in found.items()})
    for some in draws[0]:
        each = np.array([draw[some] for draw in draws])
        assert abs(each.mean() - SD.get(some, 0.0) ** 2) < 3.3 * each.std(ddof=1) / np.sqrt(30), some


def test_without_gaps_they_are_the_analysis_of_variance() -> None:
    """Two crossed factors without replication: mean squares by their textbook formulas."""
    y = np.random.default_rng(0).normal(0, 1, (4, 30)) + np.random.default_rng(1).normal(0, 1, 30)
    rows, columns = y.mean(axis=1, keepdims=True), y.mean(axis=0, keepdims=True)
    rest = ((y - rows - columns + y.mean()) ** 2).sum() / (3 * 29)
    found = components(y, ("a", "b"))
    assert found is not None
    assert found[frozenset("ab")] == pytest.approx(rest)
    assert found[frozenset("a")] == pytest.approx(rows.var(ddof=1) - rest / 30)
    assert found[frozenset("b")] == pytest.approx(columns.var(ddof=1) - rest / 4)


def test_models_personas_items_and_prompts_that_are_crossed_are_told_apart() -> None:
    """Item interactions of 6 models × 8 personas × 4 prompts come out within .05 with 5 % missing, and the finding says on what."""
    rng = np.random.default_rng(0)
    y = planted(rng, 6, 8, 4)
    y[rng.random(y.shape) < 0.05] = np.nan
    found = shares(y)
    got = variances(found)
    wanted = {"item": "i", "model × item": "mi", "persona × item": "pi", "respondent × item": "mpi", "item × prompt": "ir"}
    for name, key in (wanted | {"respondent × item × prompt, and noise": "mpir"}).items():
        assert got[name] == pytest.approx(SD[key] ** 2, abs=0.05), name
    assert {"model", "persona", "model × persona", "prompt", "respondent × prompt"} < set(got)
    assert "6 models × 8 personas × 300 items × 4 prompts, 95% filled" in found.finding


def test_one_model_one_persona_and_personas_of_one_model_each() -> None:
    """Factors of one level are left out; personas that no two models share are within models; one respondent has two factors."""
    y = planted(np.random.default_rng(2), 4, 5, 4)
    people = variances(shares(y[:1]))
    assert set(people) == {
        "persona", "item", "prompt", "respondent × item", "respondent × prompt", "item × prompt", "respondent × item × prompt, and noise",
    }  # fmt: skip
    assert people["respondent × item"] == pytest.approx(SD["pi"] ** 2 + SD["mpi"] ** 2, abs=0.06)
    models = variances(shares(y[:, :1]))
    assert "model" in models and "persona" not in models
    nested = variances(shares(y, own=True))
    assert {"model", "respondent", "model × item", "respondent × item"} < set(nested)
    assert nested["model × item"] == pytest.approx(SD["mi"] ** 2, abs=0.06)
    alone = variances(shares(y[:1, :1]))
    assert set(alone) == {"item", "prompt", "item × prompt, and noise"}


def test_items_asked_in_one_prompt_each_have_no_prompt_components() -> None:
    """Prompts dealt over the items: respondent × item is not told from noise, and prompts' means are taken off."""
    y = planted(np.random.default_rng(3), 1, 6, 4)
    dealt = np.arange(ITEMS)[:, None] % 4 == np.arange(4)
    found = shares(np.where(dealt, y, np.nan))
    assert set(variances(found)) == {"persona", "item", "respondent × item, and noise"}
    assert "prompts' means are taken off" in found.finding
    assert variances(found)["respondent × item, and noise"] == pytest.approx(SD["pi"] ** 2 + SD["mpi"] ** 2 + SD["mpir"] ** 2, rel=0.15)
    once = shares(np.where(dealt, y, np.nan)[:, :1])
    assert once.finding.startswith("Not computed: needs two respondents")
