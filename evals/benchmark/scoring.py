"""Right answers / samples by any grouping, and respondents against each other on the same items: what benchmarks with a key share.

What was refused or could not be read is not right. An outage is neither: its items stay in the count of samples, and the score is bounded
by what they could have been.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from evals.scoring.accuracy import accuracy, positions
from evals.scoring.paired import paired
from evals.values.multiplicity import holm

__all__ = ["ALL", "MOST_PAIRS", "audit", "left_pairs", "pairs", "scores"]

ALL = "all"
MOST_PAIRS = 300
_SHARE = "of_shown"


def scores(
    answers: pl.DataFrame, items: pl.DataFrame, groups: Mapping[str, Sequence[str]], level: float = 0.95, *, fewest: int = 20
) -> pl.DataFrame:
    """One row a respondent and group: level, group, samples, the answer states, right, score with bounds, least, most, rank.

    answers, items  of `evals.benchmark.reading.read_items`
    groups   columns by which to group beside `all`, each with its groups in order; others come after them
    samples  items that a respondent was to be asked
    score    right / (answered + refused + unparsable), over items; several answers to one are their mean; Wilson
    least    the score if every sample without an answer were wrong; `most`: if it were right
    rank     among respondents with the same samples (of several such sets the one that most share), 1 for the best; null for the others,
             with fewer than `fewest` samples, and where least and most differ
    """
    parts = []
    for part in (ALL, *groups):
        group = pl.lit(ALL) if part == ALL else pl.col(part)
        rows = accuracy(answers.with_columns(group=group), ("who", "group"), level)
        total = items.with_columns(group=group).group_by("who", "group").agg(pl.len().cast(pl.Int64).alias("samples"), _set_of_items())
        # A group none of whose items has been reached is a row too: its samples are not lost.
        joined = total.join(rows, on=["who", "group"], how="left", nulls_equal=True)
        parts.append(joined.with_columns(level=pl.lit(part)))
    table = pl.concat(parts, how="diagonal_relaxed").rename(
        {f"{_SHARE}{end}": f"score{end}" for end in ("", "_low", "_high")} | {f"{_SHARE}_n": "scored", f"{_SHARE}_method": "method"}
    )
    counts = ("scored", "shown", "answered", "refused", "unparsable", "failed", "right")
    table = table.with_columns(pl.col(name).fill_null(0) for name in counts)
    got = pl.col("score").fill_null(0.0) * pl.col("scored")
    table = table.with_columns(
        least=got / pl.col("samples"),
        most=(got + pl.col("samples") - pl.col("scored")) / pl.col("samples"),
        open=pl.col("samples") - pl.col("scored"),
    )
    table = table.with_columns(sharing=pl.len().over("level", "group", "asked"))
    commonest = pl.col("asked").sort_by("sharing", "samples", "asked").last().over("level", "group")
    alone = (pl.col("sharing") == 1) & (pl.len().over("level", "group") > 1)
    ranked = (pl.col("samples") >= fewest) & (pl.col("open") == 0) & (pl.col("asked") == commonest) & ~alone
    # The same score put together in another order differs beyond the ninth digit: it is the same rank.
    rank = pl.when(ranked).then(pl.col("score").round(9)).rank("min", descending=True).over("level", "group").cast(pl.Int64)
    columns = ["who", "level", "group", "samples", "scored", "open", "shown", "answered", "refused", "unparsable", "failed", "right"]
    columns += ["score", "score_low", "score_high", "method", "least", "most", "rank"]
    order = _order(groups)
    place = pl.format("{} {}", "level", "group").replace_strict(order, default=len(order), return_dtype=pl.Int64)
    return table.with_columns(rank=rank, place=place).sort("who", "place", "level", "group").select(columns)


def _set_of_items() -> pl.Expr:
    """The same for the same items, whatever their order."""
    return pl.col("item").sort().str.join("\x1f").hash(seed=0).alias("asked")


def _order(groups: Mapping[str, Sequence[str]]) -> dict[str, int]:
    """Of levels with their groups: two levels may share a group's name."""
    named = [(ALL, ALL), *((part, group) for part, those in groups.items() for group in those)]
    return {f"{part} {group}": place for place, (part, group) in enumerate(named)}


def left_pairs(answers: pl.DataFrame) -> list[str]:
    """A sentence where there are more pairs of respondents than `pairs` compares; else none."""
    ways = math.comb(answers["who"].n_unique(), 2)
    return [f"Only the first {MOST_PAIRS} of {ways:,} pairs of respondents are compared; score fewer of them together."] * (
        ways > MOST_PAIRS
    )


def audit(answers: pl.DataFrame) -> pl.DataFrame:
    """`evals.scoring.accuracy.positions` by respondent and way of asking: places chosen, places of keys."""
    return positions(answers.with_columns(respondent=pl.col("who")))


def pairs(answers: pl.DataFrame, level: float = 0.95, seed: int = 0) -> pl.DataFrame:
    """Every two respondents on the items that both answered, together: difference, p (`evals.scoring.paired`), Holm over the table.

    At most `MOST_PAIRS` of them: `left_pairs` says what is missing.
    """
    rows = []
    people = answers.partition_by("who", as_dict=True, maintain_order=True)
    for ((one,), first), ((two,), second) in itertools.islice(itertools.combinations(people.items(), 2), MOST_PAIRS):
        found = paired(first, second, draws=2000, seed=seed, level=level)
        if found is not None:
            apart = found.difference
            bounds = {"difference": apart.estimate, "difference_low": apart.low, "difference_high": apart.high}
            counts = {"items": found.items, "only_first": found.only_first, "only_second": found.only_second}
            rows.append({"first": one, "second": two, **counts, **bounds, "p": found.p})
    schema: dict[str, Any] = {"first": pl.String, "second": pl.String, "items": pl.Int64, "only_first": pl.Int64, "only_second": pl.Int64}
    table = pl.DataFrame(rows, schema=schema | dict.fromkeys(("difference", "difference_low", "difference_high", "p"), pl.Float64))
    known = table.filter(pl.col("p").is_not_null())
    adjusted = known.with_columns(p_holm=pl.Series(holm(known["p"].to_numpy()) if known.height else [], dtype=pl.Float64))
    return table.join(adjusted.select("first", "second", "p_holm"), on=["first", "second"], how="left", maintain_order="left")
