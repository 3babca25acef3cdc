"""A gold sample that people have coded in part still gives unbiased slopes, and it is said that they have."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from evals.labels.corpus_loadings import loadings_of
from evals.labels.gold_weights import PARTLY, coded_probabilities
from evals.values import interchange
from evals.values.interchange import open_study
from evals.values.regression import make_design, slopes
from personas.schwartz import VALUES
from tests.evals.labels.small_corpus import make_corpus
from tests.evals.labels.test_scores import codes


def sample_of(strata: list[str], pi: float = 0.5) -> pl.DataFrame:
    names = [f"v{n:03d}" for n in range(len(strata))]
    return pl.DataFrame({"video": names, "inclusion": [pi] * len(names), "stratum": strata, "seed": [0] * len(names)})


def test_the_share_coded_of_a_stratum_lowers_the_probability():
    """π times the share coded; where all are coded, π."""
    sample = sample_of(["HE+ food"] * 20 + ["none work"] * 10)
    half = {f"v{n:03d}" for n in range(5)} | {f"v{n:03d}" for n in range(20, 30)}
    found = coded_probabilities(sample, half)
    assert found.keys() == half
    assert found["v000"] == 0.5 * 5 / 20 and found["v020"] == 0.5
    assert set(coded_probabilities(sample, set(sample["video"])).values()) == {0.5}
    assert coded_probabilities(sample, set()) == {}


def test_strata_without_a_coded_video_are_taken_together():
    """First with the others of the same value, then with the rest: the weights add up to those of all drawn videos."""
    strata = ["HE+ food"] * 12 + ["HE+ work"] * 12 + ["SD+ food"] * 2 + ["none"] * 30
    sample = sample_of(strata)
    coded = {f"v{n:03d}" for n in [*range(6), *range(26, 41)]}
    found = coded_probabilities(sample, coded)
    assert sum(1 / chance for chance in found.values()) == pytest.approx(len(strata) / 0.5)
    assert found["v000"] == pytest.approx(0.5 * 6 / 24)  # nobody coded of HE+ work, nor of SD+, which are two alone
    assert found["v030"] == pytest.approx(0.5 * 15 / 32)


def estimate(share: float, number: int) -> float:
    """A slope whose truth is 1: labels wrong in a quarter, 30 % drawn, of which `share` are coded, less so in the second stratum."""
    dice = np.random.default_rng([5, number])
    n = 3000
    true = (dice.random((n, 10)) < 0.3) * 0.5
    x = np.where(dice.random((n, 10)) < 0.25, 0.5 - true, true)
    y = true[:, 0] + dice.normal(0, 0.5, n)
    stratum = np.where(x[:, 0] > 0, "SD+ food", "none")
    pi = np.where(x[:, 0] > 0, 0.4, 0.25)
    drawn = dice.random(n) < pi
    coded = drawn & (dice.random(n) < np.where(x[:, 0] > 0, share, share / 2 if share < 1 else 1))
    names = np.array([f"v{k}" for k in range(n)])
    sample = pl.DataFrame({"video": names[drawn], "inclusion": pi[drawn], "stratum": stratum[drawn]})
    chance = coded_probabilities(sample, set(names[coded].tolist()))
    inclusion = np.array([chance.get(name, 1.0) for name in names])
    gold = np.where(coded[:, None], true, np.nan)
    each = np.arange(n)
    design = make_design(VALUES, x, np.zeros((n, 0)), cluster=each, stratum=np.zeros(n, dtype=np.int64), gold=gold, inclusion=inclusion)
    return float(slopes(design, y[None], np.ones((1, n))).theta[0, 0])


@pytest.mark.parametrize("share", [1.0, 0.5])
def test_slopes_are_unbiased_whatever_share_is_coded(share):
    """Corrected by a half-coded sample, slopes are on average the truth."""
    found = [estimate(share, number) for number in range(20)]
    assert abs(np.mean(found) - 1.0) < 3 * np.std(found) / np.sqrt(len(found)) + 0.01
    assert abs(np.mean(found) - 1.0) < 0.08


def test_a_redrawn_sample_uses_and_tells_what_is_coded_of_it(tmp_path, monkeypatch):
    """Of the corpus: codes outside the current sample are not used, its share coded lowers π, and source and study say so."""
    corpus = make_corpus(tmp_path / "c", 40)
    corpus.set_gold_sample(sample_of(["HE+ food"] * 20))
    corpus.add_codes(codes([(f"v{n:03d}", "anna", "gold", 0, {"HE": 1}) for n in range(10, 30)]))
    found = loadings_of(corpus)
    assert found.gold is not None and found.inclusion is not None
    assert np.flatnonzero(~np.isnan(found.gold).any(axis=1)).tolist() == list(range(10, 20))
    assert set(found.inclusion[10:20]) == {0.25}
    assert found.source.endswith(f"{PARTLY}10 of 20 videos, which stand for the others of their strata")
    table = tmp_path / "decisions.csv"
    pl.DataFrame([{"respondent": "r", "item": f"v{n:03d}", "y": float(n % 5)} for n in range(40)]).write_csv(table)
    few = open_study(table, loadings=str(tmp_path / "c"))
    assert few.loadings is not None and few.loadings.gold is None and PARTLY not in few.loadings.source
    monkeypatch.setattr(interchange, "FEWEST_GOLD", 10)
    study = open_study(table, loadings=str(tmp_path / "c"))
    assert study.loadings is not None and study.loadings.gold is not None
    assert any("coded 10 of 20 videos" in problem for problem in study.problems)
    corpus.add_codes(codes([(f"v{n:03d}", "anna", "gold", 0, {"HE": 1}) for n in range(10)]))
    whole = loadings_of(corpus)
    assert PARTLY not in whole.source and whole.inclusion is not None and set(whole.inclusion[:20]) == {0.5}
