"""Loadings from tables: wide and long, codes and SDs, gold samples, covariates; and the embedding baseline."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

from evals.values.embedding import MEANINGS, embedding_loadings
from evals.values.loading_tables import read_loadings
from personas.errors import UserError
from personas.schwartz import VALUES

WIDE: dict[str, Any] = {"item": ["a", "b", "c"], "HE": [1.0, 0.0, -0.5], "SD": [0.0, 0.25, 0.5]}


def wide(**changes: Any) -> pl.DataFrame:
    """A small sound wide table with other columns; None takes one out."""
    return pl.DataFrame({name: column for name, column in {**WIDE, **changes}.items() if column is not None}, strict=False)


def test_wide_values_come_in_circular_order(tmp_path: Path) -> None:
    """Columns named by code or by name become loadings in the order of the circle, from a frame, a CSV or pandas."""
    named = wide(HE=None, Hedonism=WIDE["HE"])
    named.write_csv(tmp_path / "l.csv")
    for source in (wide(), named, tmp_path / "l.csv", pd.DataFrame(named.to_dict(as_series=False))):
        found = read_loadings(source)
        assert (found.items, found.values) == (("a", "b", "c"), ("SD", "HE"))
        assert np.array_equal(found.x, [[0, 1], [0.25, 0], [0.5, -0.5]])
        assert (found.sd, found.gold, found.topic, found.covariates, found.source) == (None, None, None, {}, "given in a table")


def test_long_is_wide() -> None:
    """One row a pair of item and value gives the same loadings, with their SDs."""
    rows = [(item, code, WIDE[code][n], 0.1 * n) for n, item in enumerate(WIDE["item"]) for code in ("HE", "SD")]
    found = read_loadings(pl.DataFrame(rows, schema=["item", "value", "loading", "sd"], orient="row"))
    assert np.array_equal(found.x, read_loadings(wide()).x)
    assert found.sd is not None
    assert np.allclose(found.sd, [[0, 0], [0.1, 0.1], [0.2, 0.2]])


def test_human_codes_are_halved_where_they_can_be_told() -> None:
    """Codes −1, 0, 1, 2 are recognised by a 2, by a column `coding`, or by the argument; without any of them they are loadings."""
    codes = {"HE": [2, 0, -1], "SD": [0, 1, 0]}
    plain = {"HE": [1, 0, -1], "SD": [0, 1, 0]}
    halves = [[0, 1], [0.5, 0], [0, -0.5]]
    assert np.array_equal(read_loadings(wide(**codes)).x, halves)
    assert read_loadings(wide(**codes)).source == "human coding"
    assert np.array_equal(read_loadings(wide(**plain)).x, [[0, 1], [1, 0], [0, -1]])
    assert np.array_equal(read_loadings(wide(**plain), coding=True).x, [[0, 0.5], [0.5, 0], [0, -0.5]])
    assert np.array_equal(read_loadings(wide(**plain, coding=["-1/0/1/2"] * 3)).x, [[0, 0.5], [0.5, 0], [0, -0.5]])
    long = pl.DataFrame({"item": ["a", "b"], "value": ["HE", "HE"], "coding": [1, 0]})
    assert np.array_equal(read_loadings(long).x, [[0.5], [0]])
    with pytest.raises(UserError, match=r"row 1: HE is 2; loadings go from -1"):
        read_loadings(wide(**codes), coding=False)
    with pytest.raises(UserError, match="loadings go from -1"):
        read_loadings(wide(HE=[1.5, 0, 0]))


def test_raters_are_averaged_and_their_spread_kept() -> None:
    """Several rows an item with a column rater give the mean code and the SD over raters, halved with it."""
    frame = pl.DataFrame({"item": ["a", "a", "b", "b"], "rater": ["r", "s", "r", "s"], "HE": [2, 1, 0, 0], "topic": ["t", "t", "u", "u"]})
    found = read_loadings(frame)
    assert np.array_equal(found.x, [[0.75], [0]])
    assert found.sd is not None
    assert np.allclose(found.sd, [[np.std([2, 1], ddof=1) / 2], [0]])
    assert found.topic == ("t", "u")
    with pytest.raises(UserError, match="column rater"):
        read_loadings(frame.drop("rater"))


def test_sds_gold_topics_and_sources_are_read() -> None:
    """The further columns of a wide table find their places; gold rows are NaN where nobody coded."""
    more = {"HE_sd": [0.1, 0.2, 0.3], "SD_sd": [0.0, 0.0, 0.1], "HE_gold": [1.0, None, None], "SD_gold": [0.5, None, None]}
    found = read_loadings(wide(**more, inclusion=[0.3, None, 0.2], topic=["t", None, "u"], source=["judges"] * 3))
    assert found.sd is not None and found.gold is not None and found.inclusion is not None
    assert np.allclose(found.sd[:, 1], [0.1, 0.2, 0.3])
    assert np.array_equal(found.gold, [[0.5, 1], [np.nan, np.nan], [np.nan, np.nan]], equal_nan=True)
    assert found.inclusion.tolist() == [0.3, 1.0, 0.2]
    assert (found.topic, found.source) == (("t", None, "u"), "judges")


def test_other_columns_are_covariates() -> None:
    """Numbers stay numbers, a category becomes dummies for all levels but the first, and text about an item is passed over."""
    found = read_loadings(wide(length=["1.5", "2", "3"], platform=["reels", "shorts", "reels"], caption=["x", "y", "z"]))
    assert set(found.covariates) == {"length", "platform=shorts"}
    assert found.covariates["length"].tolist() == [1.5, 2, 3]
    assert found.covariates["platform=shorts"].tolist() == [0, 1, 0]


def test_the_nineteen_and_other_values_are_taken() -> None:
    """Refined codes come in their own order; other names are taken where they are named as values."""
    assert read_loadings(pl.DataFrame({"item": ["a"], "UNT": [1.0], "SDT": [0.5]})).values == ("SDT", "UNT")
    assert read_loadings(pl.DataFrame({"item": ["a"], "Courage": [1.0], "Wit": [0.5]}), values=("Courage",)).values == ("Courage",)


FAULTS = {
    "no value": (pl.DataFrame({"item": ["a"], "good": [1]}), "no column is a value"),
    "no item": (pl.DataFrame({"HE": [1]}), "column item is missing"),
    "a gap": (wide(HE=[1, None, 0]), r"HE is empty for 1 item \(such as 'b'\)"),
    "a gap in a covariate": (wide(length=[1, None, 2]), r"length is empty for 1 item"),
    "a gap in a category": (wide(platform=["x", None, "y"]), r"platform is empty for 1 items"),
    "an item twice": (wide(item=["a", "a", "b"]), "row 2: item is 'a'; it stands there before"),
    "a word": (wide(HE=["1", "much", "0"]), "row 2: HE is 'much'"),
    "a loading above 1": (wide(HE=[1, 0, 1.5]), "row 3: HE is 1.5; loadings go from -1"),
    "a long loading below -1": (
        pl.DataFrame({"item": ["a", "a", "b", "b"], "value": ["HE", "SD"] * 2, "loading": [0.0, 0, 0, -1.5]}),
        "row 4: loading is -1.5",
    ),
    "an SD below 0": (wide(HE_sd=[0, -0.1, 0], SD_sd=[0, 0, 0]), "row 2: HE_sd is -0.1; an SD is 0 or more"),
    "a gold code off the scale": (
        wide(HE_gold=[1, None, 3], SD_gold=[1, None, 0], inclusion=[1, 1, 1]),
        "row 3: HE_gold is 3.*; loadings go from -1",
    ),
    "half the SDs": (wide(HE_sd=[0, 0, 0]), "column SD_sd is missing"),
    "gold without inclusion": (wide(HE_gold=[1, None, None], SD_gold=[1, None, None]), "column inclusion is missing"),
    "an inclusion of 0": (wide(HE_gold=[1, None, None], SD_gold=[1, None, None], inclusion=[0, 1, 1]), "row 1: inclusion is 0"),
    "half a gold row": (
        wide(HE_gold=[1, None, None], SD_gold=[None] * 3, inclusion=[1, 1, 1]),
        "row 1: item is 'a'; its gold codes are incomplete",
    ),
    "a long gap": (pl.DataFrame({"item": ["a", "a", "b"], "value": ["HE", "SD", "HE"], "loading": [1, 0, 0]}), r"1 pairs .*'b', SD"),
    "a long pair twice": (pl.DataFrame({"item": ["a", "a"], "value": ["HE", "HE"], "loading": [1, 0]}), "'a' has HE twice"),
    "a text that is no category": (
        pl.DataFrame({"item": [str(n) for n in range(20)], "HE": [0.0] * 20, "mood": [f"m{n}" for n in range(20)]}),
        "mood holds 20 different texts",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_one_line(fault: str) -> None:
    """Each fault names the column or item and the way out."""
    frame, message = FAULTS[fault]
    with pytest.raises(UserError, match=message) as error:
        read_loadings(frame)
    assert "\n" not in str(error.value)


def test_the_embedding_baseline_tells_plain_cases_and_says_what_it_is() -> None:
    """Words that plainly speak of a value load on it most, in [-1, 1]; items without words are left out; ten values can be told apart."""
    texts = {
        "he": "a whole evening of pleasure, good food, wine and comfort, just for myself",
        "un": "protecting nature, equality and justice for all people and animals",
        "st": "thrill and adventure: a daring jump, what excitement",
        "mute": "  ",
    }
    found = embedding_loadings(texts)
    assert found.items == ("he", "un", "st")
    assert found.source == "embedding baseline"
    assert np.abs(found.x).max() == 1.0
    assert [VALUES[int(row.argmax())] for row in found.x] == ["HE", "UN", "ST"]
    many = embedding_loadings({str(number): f"{' '.join(phrases)} {number}" for number, phrases in enumerate([*MEANINGS.values()] * 2)})
    assert np.linalg.matrix_rank(many.x - many.x.mean(axis=0)) == len(VALUES)
    with pytest.raises(UserError, match="at least two items"):
        embedding_loadings({"a": "words", "b": ""})
