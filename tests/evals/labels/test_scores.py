"""From codes to loadings, and the loadings of a corpus as `evals.values` reads them."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from evals.labels.corpus_loadings import loadings_of, settle
from evals.labels.folding import CODES_SCHEMA
from evals.labels.scores import gold_means, judge_loadings, least_judges
from evals.values.interchange import open_study
from personas.errors import UserError
from personas.schwartz import VALUES
from tests.evals.labels.small_corpus import design, make_corpus


def codes(rows: list[tuple[str, str, str, int, dict[str, int]]]) -> pl.DataFrame:
    """Rows of (video, rater, kind, cell, codes other than 0)."""
    long = [
        (video, rater, kind, cell, value, float(some.get(value, 0)), "", "s") for video, rater, kind, cell, some in rows for value in VALUES
    ]
    types = dict.fromkeys(CODES_SCHEMA, pl.String) | {"cell": pl.Int32, "code": pl.Float32}
    return pl.DataFrame(long, schema=types, orient="row")


def test_each_judge_counts_once():
    """The mean is over judges, whose orders are averaged first; the SD is over all answers; both halved."""
    given = codes([("v", "a", "judge", 0, {"HE": 2}), ("v", "a", "judge", 1, {"HE": 1}), ("v", "b", "judge", 0, {"HE": 0})])
    found = judge_loadings(given, 2).row(0, named=True)
    assert found["HE"] == pytest.approx((1.5 + 0) / 2 / 2)
    assert found["HE_sd"] == pytest.approx(np.std([2, 1, 0], ddof=1) / 2)
    assert found["judges"] == "a, b" and found["labels"] == 3
    assert found["SD"] == 0 and found["SD_sd"] == 0


def test_too_few_judges_give_no_loading():
    """With fewer than the least there is none; a single answer has no SD; where one judge is all there is, one is enough."""
    given = codes([("v", "a", "judge", 0, {}), ("w", "a", "judge", 0, {}), ("w", "b", "judge", 0, {})])
    assert judge_loadings(given, 2)["id"].to_list() == ["w"]
    assert judge_loadings(given, 1).filter(pl.col("id") == "v")["HE_sd"].to_list() == [None]
    assert least_judges(given, None) == 2 and least_judges(given, 3) == 3
    assert least_judges(given.filter(pl.col("rater") == "a"), None) == 1


def test_people_are_averaged_apart():
    """Gold codes give their own means, and judges' codes are not among them."""
    given = codes([("v", "a", "judge", 0, {"HE": 2}), ("v", "anna", "gold", 0, {"HE": 1}), ("v", "ben", "gold", 0, {"HE": -1})])
    found = gold_means(given).row(0, named=True)
    assert found["HE"] == 0 and found["raters"] == 2


def test_loadings_of_a_corpus(tmp_path):
    """Judges' means with SD, the source named, gold rows with π × share coded where people labelled, NaN elsewhere; covariates."""
    corpus = make_corpus(tmp_path / "c", 8)
    assert loadings_of(corpus).source == "catalogue design" and loadings_of(corpus).gold is None
    both = [(f"v{n:03d}", who, "judge", 0, {"HE": n % 3}) for n in range(8) for who in ("a", "b")]
    corpus.add_codes(codes([*both, ("v001", "anna", "gold", 0, {"HE": 2}), ("v002", "anna", "gold", 0, {"HE": 2})]))
    corpus.set_gold_sample(pl.DataFrame({"video": ["v001", "v003"], "inclusion": [0.5, 0.25], "stratum": ["a", "b"], "seed": [0, 0]}))
    assert settle(corpus).least == 2
    found = loadings_of(corpus)
    assert found.source.startswith("judges: a, b; gold sample coded in part: 1 of 2 videos")
    assert found.x[:, VALUES.index("HE")].tolist() == [(n % 3) / 2 for n in range(8)]
    assert found.gold is not None and found.inclusion is not None and found.sd is not None
    assert np.isnan(found.gold).any(axis=1).tolist() == [n != 1 for n in range(8)]  # v002 was not drawn, so it is no sample
    assert found.gold[1, VALUES.index("HE")] == 1.0 and found.inclusion[1] == 0.5 / 2
    assert set(found.covariates) == {"log_duration"} or set(found.covariates) == {"log_duration", "text_amount"}
    assert found.topic is not None and found.topic[1] == "travel"


def test_videos_that_judges_failed_lose_their_loadings(tmp_path):
    """What was asked about and has too few labels has no loading; the design's are kept among the raw labels."""
    corpus = make_corpus(tmp_path / "c", 4)
    corpus.add_codes(codes([("v001", "a", "judge", 0, {})]))
    settled = settle(corpus, asked=["v001", "v002"])
    assert settled.without == ("v002",)
    source = dict(corpus.table(["id", "labels_source"]).iter_rows())
    assert source == {"v000": "design", "v001": "judges: a", "v002": "", "v003": "design"}
    kept = corpus.codes().filter(pl.col("kind") == "design")
    assert {video: code for video, value, code in kept.select("video", "value", "code").iter_rows() if value == "HE"} == {
        "v001": 2 * design(1)["HE"],
        "v002": 2 * design(2)["HE"],
    }
    settle(corpus, asked=["v001", "v002"])
    assert corpus.codes().filter(pl.col("kind") == "design").height == 20


def test_no_label_is_one_line(tmp_path):
    """Nothing to set, nothing to read: both say what to run."""
    corpus = make_corpus(tmp_path / "c", 2, labelled=False)
    with pytest.raises(UserError, match="python -m evals"):
        settle(corpus)
    with pytest.raises(UserError, match="python -m evals"):
        loadings_of(corpus)


def test_a_study_takes_a_corpus_for_loadings(tmp_path):
    """`--loadings CORPUS` reads the corpus; gold labels of too few of the study's items are left out, and that is said."""
    corpus = make_corpus(tmp_path / "c", 8)
    corpus.add_codes(codes([("v001", "anna", "gold", 0, {"HE": 2})]))
    corpus.set_gold_sample(pl.DataFrame({"video": ["v001"], "inclusion": [0.5], "stratum": ["a"], "seed": [0]}))
    rows = [{"respondent": "r", "item": f"v{n:03d}", "y": float(n % 5)} for n in range(8)]
    table = tmp_path / "decisions.csv"
    pl.DataFrame(rows).write_csv(table)
    study = open_study(table, loadings=str(tmp_path / "c"))
    assert study.loadings is not None and study.loadings.items[0] == "v000"
    assert study.loadings.gold is None
    assert any("gold" in problem for problem in study.problems)
