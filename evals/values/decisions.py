"""The decisions table: one row a decision and channel. The one form in which sessions, other tools' data and the estimators meet.

`COLUMNS` is its definition, docs/decisions.md the same in prose with examples.
"""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from evals.values.tables import Source, Table, listed, read_table, shown

__all__ = ["CHANNELS", "COLUMNS", "INDISPENSABLE", "KEY", "OPTIONAL", "REFERENCE", "SCALES", "STATES", "check_decisions", "read_decisions"]

COLUMNS: Mapping[str, tuple[pl.DataType, str]] = {
    "respondent": (pl.String(), "unique name of who decides: model × persona, and what else varies"),
    "model": (pl.String(), "the model, with its setting where that varies: what a steering effect is compared within"),
    "persona": (pl.String(), 'who it plays; "default" is the reference'),
    "item": (pl.String(), "id of the stimulus"),
    "cluster": (pl.String(), "shared by items that are not independent (twins, near-duplicates); null: the item stands alone"),
    "stratum": (pl.String(), "design stratum of the item; a cluster is drawn with the stratum of its first item; null: none"),
    "cell": (pl.Int64(), "prompt cell; where cells come in pairs, 2k and 2k + 1 are the two orders of the options of wording k"),
    "repeat": (pl.Int64(), "which time the same respondent meets the same item in the same cell, from 0"),
    "position": (pl.Float64(), "place in the session, from 0; null: not known"),
    "channel": (pl.String(), "what y is: rating, like, skip, watch (declared share of the clip), dwell (measured share), or another"),
    "y": (pl.Float64(), "the outcome, on the scale of its channel; read where the state is answered"),
    "state": (pl.String(), "answered, refused, unparsable or failed"),
}
"""Every column of a decisions table: its type and what it holds. Further ones are kept; those in OPTIONAL have a meaning."""

OPTIONAL: Mapping[str, tuple[pl.DataType, str]] = {
    "session": (pl.String(), "the session it comes from"),
    "order": (pl.Int64(), "0 or 1: the order of the answer options in that cell"),
    "duration_s": (pl.Float64(), "length of the clip in seconds; needed for the channels watch and dwell"),
    "dwell_s": (pl.Float64(), "measured time on screen in seconds"),
    "reason": (pl.String(), "why, in the respondent's words"),
}
"""Columns that a table may have besides."""

INDISPENSABLE = ("respondent", "item", "y")
"""The rest is filled: model = respondent, persona = "default", cell = repeat = 0, channel = "rating", state = "answered".

A null y without a state is "unparsable".
"""

STATES = ("answered", "refused", "unparsable", "failed")
SCALES: Mapping[str, tuple[float, float]] = {"rating": (0, 5), "like": (0, 1), "skip": (0, 1), "watch": (0, 1), "dwell": (0, 1)}
"""Lowest and highest outcome by channel. Another channel has the scale of its data."""

CHANNELS = tuple(SCALES)
REFERENCE = "default"
KEY = ("respondent", "item", "cell", "repeat", "channel")
"""What names a row: there is one for each combination."""

_ADVICE = "docs/decisions.md describes the table"


def read_decisions(source: Source) -> pl.DataFrame:
    """The decisions table in a .parquet or .csv file, a Polars or a pandas frame, complete and checked: `COLUMNS` first, further ones kept.

    Raises UserError in one line: what is wrong, in which row (from 1, without the heading), and what to do.
    """
    table = read_table(source, "decisions")
    table.require(INDISPENSABLE, _ADVICE)
    typed = _typed(table)
    filled = _filled(typed, table).with_columns(y=pl.when(pl.col("state") == "answered").then(pl.col("y")))
    return check_decisions(filled, table.name)


def _typed(table: Table) -> pl.DataFrame:
    """The known columns as the types they have, in the order of `COLUMNS`; the others behind them, as they are."""
    frame = table.frame
    known = {**COLUMNS, **OPTIONAL}
    columns = [_column(table, name, known[name][0]) for name in known if name in frame.columns]
    return pl.DataFrame([*columns, *(frame[name] for name in frame.columns if name not in known)])


def _column(table: Table, name: str, dtype: pl.DataType) -> pl.Series:
    if dtype == pl.String:
        return table.text(name).alias(name)
    return (table.integers(name) if dtype == pl.Int64 else table.numbers(name)).alias(name)


def _filled(frame: pl.DataFrame, table: Table) -> pl.DataFrame:
    """The table with the columns that it may leave out, and the entries that it may leave empty."""
    for name in ("respondent", "item"):
        table.refuse(frame[name].is_null(), name, "every row needs one")
    frame = frame.with_columns(pl.lit(None, dtype).alias(name) for name, (dtype, _) in COLUMNS.items() if name not in frame.columns)
    state = pl.when(pl.col("y").is_null()).then(pl.lit("unparsable")).otherwise(pl.lit("answered"))
    return frame.with_columns(
        pl.col("model").fill_null(pl.col("respondent")),
        pl.col("persona").fill_null(REFERENCE),
        pl.col("cell").fill_null(0),
        pl.col("repeat").fill_null(0),
        pl.col("channel").fill_null("rating"),
        pl.col("state").fill_null(state),
    ).select(*COLUMNS, pl.exclude(*COLUMNS))


def check_decisions(frame: pl.DataFrame, name: str = "decisions") -> pl.DataFrame:
    """`frame` itself, once all that a decisions table promises holds. Raises UserError."""
    table = Table(frame, name)
    known = pl.Series(STATES)
    table.refuse(~frame["state"].is_in(known.implode()), "state", f"it is one of {', '.join(STATES)}")
    answered = frame["state"] == "answered"
    table.refuse(answered & frame["y"].is_null(), "y", "an answered row needs a number: write another state, or leave state out")
    _check_scales(table)
    _check_unique(table)
    for column in ("model", "persona"):
        _check_one(table, "respondent", column, f"a respondent has one {column}: give each combination of model and persona its own name")
    for column in ("cluster", "stratum"):
        _check_one(table, "item", column, f"an item has one {column}")
    return frame


def _check_scales(table: Table) -> None:
    for channel, (low, high) in SCALES.items():
        wrong = (table.frame["channel"] == channel) & ~table.frame["y"].is_between(low, high)
        table.refuse(wrong, "y", f"channel {channel} goes from {low} to {high}: rescale it, or name another channel")


def _check_unique(table: Table) -> None:
    """By hashes first, which a million rows have in a moment; rows are compared only where two hashes are equal."""
    keys = table.frame.select(KEY)
    if keys.hash_rows().n_unique() < keys.height and keys.is_duplicated().any():
        first = keys.filter(keys.is_duplicated()).row(0)
        named = ", ".join(f"{column} {shown(value)}" for column, value in zip(KEY, first, strict=True))
        raise table.fault(
            f"{keys.height - keys.n_unique()} rows repeat another's {', '.join(KEY)} ({named}): "
            "remove copies, or number repeated showings in a column repeat"
        )


def _check_one(table: Table, owner: str, column: str, advice: str) -> None:
    """Each `owner` has one `column`, nulls aside."""
    pairs = table.frame.select(owner, column).drop_nulls().unique()
    twice = pairs.filter(pairs[owner].is_duplicated()).sort(owner, column)
    if not twice.is_empty():
        name = twice[owner][0]
        held = twice.filter(twice[owner] == name)[column].to_list()
        raise table.fault(f"{owner} {shown(name)} has the {column}s {listed(held)}; {advice}")
