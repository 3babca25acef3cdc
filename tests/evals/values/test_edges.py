"""Tables that hold too little, or odd things: a correct result or a sentence, from `decompose`, `analyse` and the command line alike."""

from __future__ import annotations

import json
import re
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from evals.values.__main__ import main
from evals.values.analysis import analyse
from evals.values.decisions import read_decisions
from evals.values.decompose import Decomposition, decompose
from evals.values.loading_tables import read_loadings
from evals.values.results import as_json
from evals.values.studies import Study
from personas.errors import UserError
from personas.schwartz import VALUES, theory
from tests.evals.values.simulating import decisions, labels, thinned, wide

Tables = tuple[pl.DataFrame, pl.DataFrame]
LOADINGS = labels(100)
ROWS, WIDE = decisions(LOADINGS, people=3, cells=2), wide(LOADINGS)
TARGETS = {"p1": {"SD": 1.0}, "p2": {"ST": 1.0}}
NUMBER = pl.col("item").str.slice(1).cast(pl.Int64)
PERSONA, Y, NONE = pl.col("persona"), pl.col("y"), pl.lit(None, pl.Float64)
LIKES = ROWS.with_columns(channel=pl.lit("like"), y=(Y >= 3).cast(pl.Float64))
TWENTY = labels(20, seed=3)


def refused(rows: pl.DataFrame, where: pl.Expr) -> pl.DataFrame:
    """The rows, refused where the expression holds."""
    return rows.with_columns(y=pl.when(where).then(NONE).otherwise(Y), state=pl.when(where).then(pl.lit("refused")).otherwise("state"))


def refined() -> pl.DataFrame:
    """Loadings on the nineteen values."""
    return wide(labels(100, values=tuple(theory()["refined19_order_theory2012"])))


RESULTS: dict[str, tuple[Callable[[], Tables], str]] = {
    "one respondent": (lambda: (ROWS.filter(PERSONA == "default"), WIDE), "There is a single respondent"),
    "20 videos": (lambda: (decisions(TWENTY, people=3), wide(TWENTY)), "Few items promote"),
    "a constant rater": (
        lambda: (ROWS.with_columns(y=pl.when(PERSONA == "p1").then(3.0).otherwise(Y)), WIDE),
        "m/p1: the answers do not vary",
    ),
    "a constant reference": (
        lambda: (ROWS.with_columns(y=pl.when(PERSONA == "default").then(3.0).otherwise(Y)), WIDE),
        "No common preference of all models, default: the answers do not vary",
    ),
    "nothing but constants": (
        lambda: (ROWS.with_columns(y=pl.lit(3.0)), WIDE),
        "No steering effect of m/p1, m/p2: the answers do not differ",
    ),
    "a constant rater alone": (lambda: (ROWS.filter(PERSONA == "p1").with_columns(y=pl.lit(3.0)), WIDE), "the answers do not vary"),
    "a value without positive videos": (lambda: (ROWS, WIDE.with_columns(-pl.col("ST").abs())), "Few items promote.*Stimulation 0 "),
    "no positive videos at all": (lambda: (refused(ROWS, NUMBER == 3), WIDE.with_columns(-pl.col(VALUES).abs())), "Few items promote.* 0 "),
    "a value without videos": (lambda: (ROWS, WIDE.with_columns(ST=0.0)), "No estimate for Stimulation: these items do not differ"),
    "a value with one video": (
        lambda: (ROWS, WIDE.with_columns(ST=(pl.col("item") == "i007").cast(pl.Float64))),
        "No estimate for Stimulation: a single item",
    ),
    "values that cannot be told apart": (lambda: (ROWS, WIDE.with_columns(ST=pl.col("SD"))), "cannot be told apart"),
    "one refuses everything": (lambda: (refused(ROWS, PERSONA == "p1"), WIDE), "m/p1 was left out: it answered none of its items"),
    "the reference refuses everything": (lambda: (refused(ROWS, PERSONA == "default"), WIDE), "There is no usable 'default' respondent"),
    "an item that everybody refuses": (lambda: (refused(ROWS, NUMBER == 3), WIDE), ""),
    "near-duplicates": (lambda: (ROWS.with_columns(cluster=pl.format("c{}", NUMBER // 3)), WIDE), ""),
    "only one cell": (lambda: (ROWS.filter(pl.col("cell") == 0), WIDE), ""),
    "no default": (lambda: (ROWS.filter(PERSONA != "default"), WIDE), "There is no usable 'default' respondent"),
    "every respondent of another model": (
        lambda: (ROWS.with_columns(model=pl.col("respondent")), WIDE),
        "no steering effect of m/p1, m/p2",
    ),
    "one never likes": (lambda: (LIKES.with_columns(y=Y * (PERSONA != "p2")), WIDE), "m/p2 was left out: all of its likes are the same"),
    "likes on one item": (lambda: (LIKES.with_columns(y=(NUMBER == 5).cast(pl.Float64)), WIDE), "the answers do not differ"),
    "likes beside ratings are all 0": (lambda: (pl.concat([ROWS, LIKES.with_columns(y=pl.lit(0.0))]), WIDE), ""),
    "respondent, item and y alone": (
        lambda: (ROWS.filter(pl.col("cell") == 0).select("respondent", "item", "y"), WIDE),
        "",
    ),
    "19 values": (lambda: (ROWS, refined()), ""),
    "one value": (lambda: (ROWS, WIDE.select("item", "SD")), "There is a single value"),
    "y that is NaN": (lambda: (ROWS.with_columns(y=pl.when(NUMBER % 7 == 0).then(float("nan")).otherwise(Y)).drop("state"), WIDE), ""),
    "others saw other items": (
        lambda: (ROWS.filter((NUMBER % 2 == 0) == (PERSONA == "default")), WIDE),
        "too few items that its reference",
    ),
    "a third of the answers": (lambda: (thinned(ROWS, 0.3), WIDE), ""),
    "all clips watched to the end": (
        lambda: (ROWS.with_columns(channel=pl.lit("watch"), y=pl.lit(1.0), duration_s=5.0 + NUMBER % 37), WIDE),
        "the answers do not vary",
    ),
}
"""What is given, and a part of the sentence that has to be there; empty where nothing is amiss."""

ERRORS: dict[str, tuple[Callable[[], Tables], str]] = {
    "all refusals": (lambda: (refused(ROWS, pl.lit(True)), WIDE), "all 600 decisions were refused, unparsable or failed"),
    "y that is always NaN": (lambda: (ROWS.with_columns(y=pl.lit(float("nan"))).drop("state"), WIDE), "all 600 decisions were refused"),
    "all likes 0": (lambda: (LIKES.with_columns(y=pl.lit(0.0)), WIDE), "all of its likes are the same"),
    "the same rows twice": (lambda: (pl.concat([ROWS, ROWS]), WIDE), "600 rows repeat another's respondent, item"),
    "silent loadings": (
        lambda: (ROWS, WIDE.with_columns(pl.lit(0.0).alias(value) for value in VALUES)),
        "every loading of these items is 0",
    ),
    "loadings of other items": (lambda: (ROWS, WIDE.with_columns(item="z" + pl.col("item"))), "have no loadings|has loadings"),
    "one value in ten columns": (lambda: (ROWS, WIDE.with_columns(pl.col("SD").alias(value) for value in VALUES)), "cannot be told apart"),
    "one video": (lambda: (ROWS.filter(NUMBER == 1), WIDE), "no value can be estimated"),
    "nine videos": (lambda: (ROWS.filter(NUMBER < 9), WIDE), "no (value|respondent) can be estimated"),
}


def of(tables: Tables, **more: object) -> Decomposition:
    """The decomposition of the tables' first channel; any warning is a failure."""
    rows, loadings = tables
    channel = rows["channel"][0] if "channel" in rows.columns else "rating"
    with warnings.catch_warnings(action="error"):
        return decompose(rows, loadings, channel=channel, draws=199, **more)


def assert_finite(profiles: pl.DataFrame) -> None:
    """No number that a reader sees is missing, infinite, or absurd."""
    for column in ("estimate", "low", "high", "se", "p"):
        numbers = profiles[column].to_numpy()
        assert np.isfinite(numbers).all(), column
        assert (np.abs(numbers) < 1e4).all(), column


@pytest.mark.parametrize("name", RESULTS)
def test_it_gives_a_result_or_says_why_there_is_none(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """All intervals are finite, what is missing is said in a sentence, and the analysis and the command say the same without warnings."""
    make, sentence = RESULTS[name]
    tables = make()
    for interval in ("hc3", "bootstrap-t"):
        found = of(tables, interval=interval)
        assert_finite(found.profiles)
        assert re.search(sentence, " ".join(found.notes)), found.notes
    study = Study(read_decisions(tables[0]), read_loadings(tables[1]), TARGETS)
    with warnings.catch_warnings(action="error"):
        analysis = analyse(study)
    assert re.search(sentence, " ".join(analysis.caveats))
    told = json.loads(as_json(analysis))
    sentences = [*told["conclusions"], *told["caveats"], *(control["finding"] for control in told["controls"])]
    assert not [each for each in sentences if re.search(r"\b(nan|inf)\b", each, re.IGNORECASE)]
    tables[0].write_parquet(tmp_path / "table.parquet")
    tables[1].write_csv(tmp_path / "l.csv")
    assert main([str(tmp_path / "table.parquet"), "--loadings", str(tmp_path / "l.csv")]) == 0
    shown = capsys.readouterr().out
    assert not re.search(r"(?<![a-z])(nan|inf)(?![a-z])", shown, re.IGNORECASE)
    assert "Traceback" not in shown


@pytest.mark.parametrize("name", ERRORS)
def test_what_cannot_be_done_is_one_line(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """UserError with the reason, which the command prints as one line and exits with 2."""
    make, sentence = ERRORS[name]
    tables = make()
    with pytest.raises(UserError, match=sentence) as error:
        of(tables)
    assert "\n" not in str(error.value)
    tables[0].write_parquet(tmp_path / "table.parquet")
    tables[1].write_csv(tmp_path / "l.csv")
    assert main([str(tmp_path / "table.parquet"), "--loadings", str(tmp_path / "l.csv")]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.count("\n") == 1
    assert re.search(sentence, told.err)


def test_items_without_loadings_are_left_out_by_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The command leaves their decisions out and says how many; the API, which takes no liberties, refuses."""
    ROWS.write_parquet(tmp_path / "table.parquet")
    WIDE.head(90).write_csv(tmp_path / "l.csv")
    assert main([str(tmp_path / "table.parquet"), "--loadings", str(tmp_path / "l.csv"), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert any("10 of 100 items have no loadings" in caveat for caveat in told["caveats"])
    with pytest.raises(UserError, match="10 of 100 items have no loadings"):
        decompose(ROWS, WIDE.head(90))
