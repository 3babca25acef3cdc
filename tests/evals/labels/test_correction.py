"""The labels of noisy judges give biased slopes, and the gold sample puts them right: a small gate; `coverage.py` is the whole check."""

from __future__ import annotations

from tests.evals.labels.coverage import replication, summary

REPLICATIONS = 12


def test_corrected_slopes_cover_the_truth_and_naive_ones_are_pulled_off():
    """Over a few studies of 548 clips with 200 gold labels: uncorrected slopes are too small; corrected 95 % intervals hold the truth."""
    slopes = [slope for number in range(REPLICATIONS) for slope in replication(number)]
    naive, corrected = summary(slopes, corrected=False), summary(slopes, corrected=True)
    assert corrected["slopes"] == naive["slopes"] == 10 * REPLICATIONS
    assert corrected["coverage"] >= 0.91
    assert corrected["planted_coverage"] > naive["planted_coverage"]
    assert naive["attenuation"] < -0.12
    assert abs(corrected["attenuation"]) < 0.12
