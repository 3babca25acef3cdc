"""Value-Spectrum's score, 100 × yes / shown by value, for comparison with published figures; `evals.values` estimates preferences."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from importlib.resources import files
from typing import Any

import numpy as np
import polars as pl

from evals.values.decisions import SCALES
from evals.values.intervals import wilson_interval
from evals.values.loading_tables import value_order
from evals.values.loadings import FloatArray, Loadings
from evals.values.tables import listed
from personas.errors import UserError

__all__ = [
    "DIFFERS",
    "OVERLAP",
    "SOURCE",
    "beside_published",
    "homogeneity",
    "pairs_of",
    "published",
    "published_tests",
    "score",
    "wilson",
]

OVERLAP = (
    "An item that promotes two values counts for both, and items retrieved for one value by its keywords resemble each other: the ten "
    "scores are not independent, and intervals and test, which take the items as independent, are too narrow."
)
"""What has to stand beside the score."""
SOURCE = "Value-Spectrum (arXiv 2411.11479, ACL 2025)"
DIFFERS = (
    "The published models met other material: 50 still images a value, found by its keywords, under other prompts and versions of the "
    "models, and there everything but a yes counts as a no. So levels are not comparable; their tests, too, take the images as independent."
)
"""What has to stand beside the published figures."""

SCHEMA: Mapping[str, type[pl.DataType]] = {
    "respondent": pl.String,
    "value": pl.String,
    "items": pl.Int64,
    "shown": pl.Int64,
    "yes": pl.Int64,
    "no": pl.Int64,
    "refused": pl.Int64,
    "unparsable": pl.Int64,
    "failed": pl.Int64,
    "score": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
    "method": pl.String,
    "n": pl.Int64,
    "as_published": pl.Float64,
    "chi2": pl.Float64,
    "df": pl.Int64,
    "p": pl.Float64,
}


def score(
    decisions: pl.DataFrame, loadings: Loadings | None = None, *, value: str = "value", channel: str = "like", level: float = 0.95
) -> pl.DataFrame:
    """One row a respondent and value, values in circular order.

    An item belongs to the values that it promotes (loading > 0), or to the one named in the column `value` of the decisions. "Yes" is an
    outcome in the upper half of the channel's scale: a like (default), a rating of 3 to 5, ….

    items, shown         different items, and showings with any outcome but an outage
    yes, no              answered showings; refused, unparsable and failed ones are counted apart and are no "no"
    score, low, high     100 × yes / answered, with Wilson's interval (n: items; repeated showings of an item are one observation, its mean)
    as_published         100 × yes / shown: what is not a yes counts as no, as in the paper
    chi2, df, p          of the respondent: Pearson's test that all values have one rate. Null where it does not exist (all yes, all no,
                         or fewer than two values)

    A value whose items were never answered has a null score. `OVERLAP` says what the figures leave out. Raises UserError when there is
    nothing to score.
    """
    rows = decisions.filter(pl.col("channel") == channel)
    if rows.is_empty():
        there = listed(decisions["channel"].unique().sort().to_list(), 9)
        raise UserError(f"no decision on channel {channel!r}: the channels are {there or 'none'}")
    if channel not in SCALES:
        raise UserError(f"channel {channel!r} has no known scale, so what a yes is there is not known; use one of {', '.join(SCALES)}")
    assigned = _assigned(rows, loadings, value)
    yes = pl.col("y") > sum(SCALES[channel]) / 2
    answered = pl.col("state") == "answered"
    by_item = assigned.group_by("respondent", "value", "item").agg(
        (answered & yes).sum().alias("yes"),
        (answered & ~yes).sum().alias("no"),
        *((pl.col("state") == state).sum().alias(state) for state in ("refused", "unparsable", "failed")),
    )
    codes = value_order(sorted(by_item["value"].unique().to_list()))
    found = [row for who, group in _groups(by_item, "respondent") for row in _of_respondent(who, group, codes, level)]
    return pl.DataFrame(found, schema=dict(SCHEMA), orient="row")


def published(table: str = "main") -> pl.DataFrame:
    """A published table, `main` (8 models) or `ablation` (image or its description): value, model, setting, score, low, high, method, n.

    A score is 100 × yes / n images; the interval is Wilson's at .95, added here. Raises UserError for another name.
    """
    data = _published()
    if table not in data["tables"]:
        raise UserError(f"there is no published table {table!r}: they are {', '.join(data['tables'])}")
    images, rows = int(data["images_per_value"]), []
    for row in data["tables"][table]["rows"]:
        for code, points in row["scores"].items():
            _, low, high = wilson(points * images / 100, images, 0.95)
            about = {"value": code, "model": row["model"], "setting": row.get("setting", "VLM_answer")}
            rows.append(about | {"score": float(points), "low": low, "high": high, "method": "Wilson, 95%", "n": images})
    return pl.DataFrame(rows)


def published_tests() -> pl.DataFrame:
    """Of each model of the published main table: its mean score over the values, and chi2, df and p that they all have one rate."""
    rows = []
    for (model,), group in published().group_by("model", maintain_order=True):
        chi2, df, p = homogeneity(np.column_stack([group["score"].to_numpy() * group["n"].to_numpy() / 100, group["n"].to_numpy()]))
        rows.append({"model": str(model), "mean": group["score"].mean(), "chi2": chi2, "df": df, "p": p})
    return pl.DataFrame(rows)


def beside_published(scores: pl.DataFrame) -> pl.DataFrame:
    """One row a value: the score of each respondent, and behind it each published model's, in columns named "MODEL (arXiv 2411.11479)"."""
    reference = published().with_columns(pl.col("model") + " (arXiv 2411.11479)")
    taken = ["value", *reference["model"].unique()]
    named = pl.when(pl.col("respondent").is_in(taken)).then(pl.col("respondent") + " (respondent)").otherwise(pl.col("respondent"))
    own = scores.with_columns(named.alias("respondent")).pivot(on="respondent", index="value", values="score")
    return own.join(reference.pivot(on="model", index="value", values="score"), on="value", how="left", maintain_order="left")


def _published() -> dict[str, Any]:
    data: dict[str, Any] = json.loads(files("evals.value_spectrum").joinpath("published.json").read_text(encoding="utf-8"))
    return data


def _assigned(rows: pl.DataFrame, loadings: Loadings | None, value: str) -> pl.DataFrame:
    """The rows with the value that their item stands for; once for each where there are several."""
    if loadings is None:
        if value not in rows.columns:
            raise UserError(f"which value an item stands for is not known: give loadings, or a column {value!r} in the decisions")
        found = rows.filter(pl.col(value).is_not_null()).rename({value: "value"} if value != "value" else {})
    else:
        found = rows.drop("value", strict=False).join(pairs_of(loadings), on="item", how="inner")
    if found.is_empty():
        raise UserError("none of these items promotes a value, so there is nothing to score")
    return found


def pairs_of(loadings: Loadings) -> pl.DataFrame:
    """item, value: one row for each value that an item promotes (loading > 0)."""
    numbers, columns = np.nonzero(loadings.x > 0)
    pairs = {"item": [loadings.items[i] for i in numbers], "value": [loadings.values[v] for v in columns]}
    return pl.DataFrame(pairs, schema={"item": pl.String, "value": pl.String})


def _groups(frame: pl.DataFrame, by: str) -> Iterator[tuple[str, pl.DataFrame]]:
    for key, group in sorted(frame.partition_by(by, as_dict=True).items()):
        yield str(key[0]), group


def _of_respondent(who: str, rows: pl.DataFrame, codes: Sequence[str], level: float) -> list[tuple[Any, ...]]:
    """The rows of one respondent."""
    groups = {code: rows.filter(pl.col("value") == code) for code in codes}
    counts = {code: _counts(group) for code, group in groups.items()}
    test = homogeneity(np.array([counts[code][:2] for code in codes]))
    out = []
    for code in codes:
        k, n = counts[code]
        sums = {name: int(groups[code][name].sum()) for name in ("yes", "no", "refused", "unparsable", "failed")}
        shown = sums["yes"] + sums["no"] + sums["refused"] + sums["unparsable"]
        estimate, low, high = wilson(k, n, level)
        as_published = 100 * sums["yes"] / shown if shown else None
        method = f"Wilson, {level:.0%}"
        out.append((who, code, groups[code].height, shown, *sums.values(), estimate, low, high, method, int(n), as_published, *test))
    return out


def _counts(group: pl.DataFrame) -> tuple[float, float]:
    """(yes, n) over items: each answered item counts once, with its share of yes."""
    answered = (group["yes"] + group["no"]).to_numpy().astype(np.float64)
    used = answered > 0
    share = group["yes"].to_numpy()[used] / answered[used]
    return float(share.sum()), float(used.sum())


def wilson(k: float, n: float, level: float) -> tuple[float | None, float | None, float | None]:
    """100 × the rate with Wilson's bounds; `k` may be a fraction, as a sum of shares: the formula holds for those too."""
    found = wilson_interval(min(k, n), int(n), level)
    if found is None:
        return None, None, None
    assert found.low is not None and found.high is not None, "Wilson's interval has both bounds"
    return 100 * found.estimate, 100 * found.low, 100 * found.high


def homogeneity(counts: FloatArray) -> tuple[float | None, int | None, float | None]:
    """Pearson's chi-square of equal rates over the values with data: (chi2, df, p). `counts` is (V, 2): yes and n."""
    counts = counts[counts[:, 1] > 0]
    rate = counts[:, 0].sum() / counts[:, 1].sum() if len(counts) else 0.0
    if len(counts) < 2 or not 0 < rate < 1:
        return None, None, None
    from scipy.special import chdtrc  # noqa: PLC0415 - loads when a test is wanted

    expected = counts[:, 1] * rate
    chi2 = float((((counts[:, 0] - expected) ** 2) / (expected * (1 - rate))).sum())
    df = len(counts) - 1
    return chi2, df, float(chdtrc(df, chi2))
