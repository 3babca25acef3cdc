"""Agreement of judges, orders and people, and judges' errors against people."""

from __future__ import annotations

import csv
import json

import numpy as np
import polars as pl
import pytest

from evals.labels.__main__ import main
from evals.labels.agreeing import agreement_table, compare, confusion
from personas.schwartz import VALUES
from tests.evals.labels.small_corpus import make_corpus
from tests.evals.labels.test_scores import codes


def test_perfect_and_chance():
    """Those who say the same agree; those who say what they like do not."""
    dice = np.random.default_rng(1)
    truth = dice.choice([0.0, 1.0, 2.0], size=200)
    same = agreement_table(np.column_stack([truth, truth]), "HE")
    assert same.alpha is not None and same.alpha.estimate == 1 and same.icc is not None and same.icc.estimate == pytest.approx(1)
    free = agreement_table(np.column_stack([truth, dice.permutation(truth)]), "HE")
    assert free.alpha is not None and abs(free.alpha.estimate) < 0.2


def test_rare_values_are_marked():
    """Below five in a hundred α is unstable: AC2 stays high where nearly all agree on 0."""
    ratings = np.zeros((200, 2))
    ratings[0] = [1, 1]
    ratings[1, 0] = ratings[2, 1] = 1
    found = agreement_table(ratings, "PO")
    assert found.rare and found.prevalence == pytest.approx(0.015)
    assert found.alpha is not None and found.ac2 is not None
    assert found.alpha.estimate < 0.6
    assert found.ac2.estimate > 0.95


def test_confusion_is_weighted_to_the_pool():
    """A dense stratum counts for no more than its share: shares are of the pool, not of the sample."""
    gold = np.array([1.0] * 20 + [1.0] * 20 + [0.0] * 40)
    judged = np.array([1.0] * 20 + [0.0] * 20 + [0.0] * 36 + [1.0] * 4)
    inclusion = np.array([1.0] * 20 + [0.1] * 20 + [0.5] * 40)
    found = confusion(judged, gold, inclusion, "HE")
    assert found.sensitivity is not None and found.specificity is not None
    assert found.sensitivity.estimate == pytest.approx(20 / 220)
    assert found.specificity.estimate == pytest.approx(0.9)
    assert found.sensitivity.low < found.sensitivity.estimate < found.sensitivity.high  # type: ignore[operator]
    assert found.promoted == 40 and found.n == 80


def test_all_comparisons_that_there_are():
    """Judges, each one's orders, people, judges against people, one judge against people; none of what is not there."""
    rows = [(f"v{n}", who, "judge", cell, {"HE": n % 2}) for n in range(12) for who in ("a", "b") for cell in (0, 1)]
    assert [each.name for each in compare(codes(rows), None)] == ["judges", "orders of a", "orders of b"]
    people = [(f"v{n}", who, "gold", 0, {"HE": n % 2}) for n in range(6) for who in ("anna", "ben")]
    sample = pl.DataFrame({"video": [f"v{n}" for n in range(6)], "inclusion": [0.5] * 6, "stratum": ["none"] * 6})
    found = compare(codes([*rows, *people]), sample)
    assert [each.name for each in found][3:] == ["people", "judges' mean against people's mean", "a against people", "b against people"]
    assert found[4].values[VALUES.index("HE")].units == 6
    assert found[4].found[VALUES.index("HE")].sensitivity.estimate == 1  # type: ignore[union-attr]
    assert compare(codes(rows[:1]), None) == []


def test_the_command(tmp_path, capsys):
    """Tables on the terminal, all coefficients in a CSV, JSON for machines; nothing to compare is one line."""
    corpus = make_corpus(tmp_path / "c", 12)
    assert main(["agreement", str(tmp_path / "c")]) == 2
    assert "nothing to compare" in capsys.readouterr().err
    rows = [(f"v{n:03d}", who, "judge", cell, {"HE": n % 2}) for n in range(12) for who in ("a", "b[/red]") for cell in (0, 1)]
    corpus.add_codes(codes(rows))
    assert main(["agreement", str(tmp_path / "c"), "--out", str(tmp_path / "out" / "a.csv")]) == 0
    told = capsys.readouterr().out
    assert "judges (2)" in told and "orders of b[/red]" in told
    with (tmp_path / "out" / "a.csv").open(encoding="utf-8", newline="") as file:
        table = list(csv.DictReader(file))
    assert len(table) == 3 * 10 * 3
    assert {row["coefficient"] for row in table} == {"alpha", "AC2", "ICC(A,1)"}
    assert main(["agreement", str(tmp_path / "c"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["evidence"]["a"]["missing"] == 12
