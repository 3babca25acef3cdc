"""Loadings from tables: judges' or people's codes of each item, wide or long.

wide   item and one column a value (SD … UN, the nineteen, or their names); besides, `<V>_sd`, `<V>_gold`, `inclusion`, `topic`, `source`,
       `coding`; every other numeric column is a covariate, a text column of few levels (such as platform) a dummy for each but the first
long   item, value, loading (or coding) [, sd]: one row a pair of item and value
Several rows an item with a column `rater` are averaged, and their SD kept.

Human codes (−1 opposes, 0 absent, 1 present, 2 dominant) are stored halved, in [-1, 1]. They are recognised by `coding=True`, by a column
`coding` (in a long table it holds the codes; in a wide one any entry, such as "-1/0/1/2", says it), or by a 2 anywhere in a table of such
whole numbers. A table of −1, 0 and 1 that says nothing is taken as loadings as they are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl

from evals.values.loadings import FloatArray, Loadings
from evals.values.tables import Source, Table, listed, read_table, shown
from personas.schwartz import NAMES, VALUES, theory

__all__ = ["read_loadings", "value_order"]

CODES = {-1.0, 0.0, 1.0, 2.0}
MOST_LEVELS = 12
"""A text column with more levels is no category; with as many as items it names them."""
DESCRIPTIVE = frozenset({"caption", "title", "text", "words", "url", "link", "evidence", "note", "notes", "comment", "script", "author"})
"""Text about an item: no covariate whatever it holds."""
_ADVICE = "give a wide table (item, SD, …, UN) or a long one (item, value, loading)"


def read_loadings(source: Source, *, coding: bool | None = None, values: Sequence[str] | None = None) -> Loadings:
    """Loadings from a .csv or .parquet file, a Polars or pandas frame; see the module.

    `values` names the value columns where they are none of Schwartz's. Raises UserError in one line.
    """
    table = read_table(source, "loadings")
    long = "value" in table.frame.columns
    table.require(("item", "value") if long else ("item",), _ADVICE)
    table = Table(table.frame.with_columns(table.text("item").alias("item")), table.name)
    table.refuse(table.frame["item"].is_null(), "item", "every row needs one")
    return _from_long(table, coding) if long else _from_wide(table, coding, values)


def value_order(names: Sequence[str]) -> tuple[str, ...]:
    """`names` in circular order where they are of the ten or of the nineteen values; as given otherwise."""
    for order in (VALUES, tuple(theory()["refined19_order_theory2012"])):
        if set(names) <= set(order):
            return tuple(name for name in order if name in names)
    return tuple(names)


def _code_of(column: str, others: Mapping[str, str]) -> str | None:
    """The value that a column is about: its code, or its name in any case."""
    return others.get(column) or others.get(column.strip().lower())


def _known_values(values: Sequence[str] | None) -> dict[str, str]:
    if values is not None:
        return {name: name for name in values}
    refined: Sequence[str] = theory()["refined19_order_theory2012"]
    return {code: code for code in (*VALUES, *refined)} | {name.lower(): code for code, name in NAMES.items()}


def _from_wide(table: Table, coding: bool | None, values: Sequence[str] | None) -> Loadings:
    if "values" in table.frame.columns and values is None:
        values = str(table.frame["values"][0]).split()
    known = _known_values(values)
    columns = {code: column for column in table.frame.columns if (code := _code_of(column, known))}
    if not columns:
        raise table.fault(f"no column is a value ({' '.join(VALUES)}; there: {listed(table.frame.columns, 12)}); {_ADVICE}")
    codes = value_order(list(columns))
    raw = np.column_stack([_complete(table, columns[code]) for code in codes])
    coded = _is_coded(raw, coding, said="coding" in table.frame.columns)
    for code in codes:
        _check_range(table, columns[code], coded)
    table, spread = _averaged(table, [columns[code] for code in codes])
    x = np.column_stack([_complete(table, columns[code]) for code in codes])
    gold, inclusion = _gold(table, columns, codes, coded=coded)
    used = {"item", "coding", "rater", "values", "topic", "source", "inclusion", *columns.values()}
    used |= {f"{column}{end}" for column in columns.values() for end in ("_sd", "_gold")}
    return Loadings(
        items=tuple(table.frame["item"].to_list()),
        values=codes,
        x=x / 2 if coded else x,
        sd=_sd(table, columns, codes, coded=coded) if spread is None else spread / 2 if coded else spread,
        source=_source(table, coded),
        covariates=_covariates(table, used),
        topic=tuple(table.text("topic").to_list()) if "topic" in table.frame.columns else None,
        gold=gold,
        inclusion=inclusion,
    )


def _from_long(table: Table, coding: bool | None) -> Loadings:
    """Pivot to wide: each item needs each value, once (a rater)."""
    column = "loading" if "loading" in table.frame.columns else "coding"
    table.require((column,), _ADVICE)
    known = _known_values(None)
    named = table.text("value")
    table.refuse(named.is_null(), "value", "every row needs one")
    code = pl.Series("value", [_code_of(name, known) or name for name in named.to_list()])
    numbers = [table.numbers(column).alias("loading"), *([table.numbers("sd").alias("sd")] if "sd" in table.frame.columns else [])]
    table.refuse(numbers[0].is_null(), column, "write 0 where an item is silent about a value")
    rater = [table.text("rater")] if "rater" in table.frame.columns else []
    rows = pl.DataFrame([table.frame["item"], code, *rater, *numbers])
    key = ["item", "value", *(["rater"] if rater else [])]
    if rows.select(key).is_duplicated().any():
        first = rows.filter(rows.select(key).is_duplicated()).row(0)
        raise table.fault(f"item {shown(first[0])} has {first[1]} twice; give one row a pair of item and value, or a column rater")
    codes = value_order(sorted(rows["value"].unique().to_list()))
    wide = rows.pivot(on="value", index=[name for name in key if name != "value"], values="loading").with_columns(
        pl.col(codes).cast(pl.Float64)
    )
    if len(numbers) > 1 and not rater:
        spread = rows.pivot(on="value", index="item", values="sd")
        wide = wide.join(spread.rename({code: f"{code}_sd" for code in codes}), on="item", how="left", maintain_order="left")
    once = [name for name in ("topic", "source") if name in table.frame.columns]
    if once:
        about = table.frame.select("item", *once).unique(subset="item", keep="first")
        wide = wide.join(about, on="item", how="left", maintain_order="left")
    gaps = sum(wide[code].null_count() for code in codes)
    if gaps:
        at = next(code for code in codes if wide[code].null_count())
        item = wide.filter(wide[at].is_null())["item"][0]
        raise table.fault(f"{gaps} pairs of item and value are missing (such as {shown(item)}, {at}); write 0 where an item is silent")
    coded = _is_coded(numbers[0].to_numpy(), coding, said=column == "coding")
    _check_range(table, column, coded)
    return _from_wide(Table(wide, table.name), coded, codes)


def _averaged(table: Table, columns: Sequence[str]) -> tuple[Table, FloatArray | None]:
    """One row an item, and the SD over raters (n, V) where there are several."""
    frame = table.frame
    if frame["item"].n_unique() == frame.height:
        return table, None
    if "rater" not in frame.columns:
        again = frame["item"].is_duplicated() & ~frame["item"].is_first_distinct()
        table.refuse(again, "item", "it stands there before: give one row an item, or a column rater")
    for column in columns:
        frame = frame.with_columns(pl.Series(column, _complete(table, column)))
    grouped = frame.group_by("item", maintain_order=True)
    spread = grouped.agg(pl.col(column).std().fill_null(0.0) for column in columns).drop("item").to_numpy()
    rest = [name for name in frame.columns if name not in {"item", "rater", *columns}]
    means = grouped.agg(*(pl.col(column).mean() for column in columns), *(pl.col(name).first() for name in rest))
    return Table(means, table.name), spread


def _complete(table: Table, column: str) -> FloatArray:
    """A numeric column without gaps."""
    found = table.numbers(column)
    gaps = found.null_count()
    if gaps:
        item = table.frame.filter(found.is_null())["item"][0]
        raise table.fault(
            f"{column} is empty for {gaps} item{'s' * (gaps > 1)} (such as {shown(item)}); fill it in, or leave the items out"
        )
    return found.to_numpy().astype(np.float64)


def _is_coded(x: FloatArray, coding: bool | None, *, said: bool) -> bool:
    """Whether the numbers are human codes −1, 0, 1, 2; see the module."""
    if coding is not None:
        return coding
    return said or (bool((x == 2).any()) and set(np.unique(x)) <= CODES)


def _check_range(table: Table, column: str, coded: bool) -> None:
    """Raises UserError with the row of a loading or code that is none."""
    what = "codes are -1 (opposes), 0, 1 and 2 (dominant)" if coded else "loadings go from -1 (opposes) to 1 (promotes)"
    table.refuse(~table.numbers(column).is_between(-1, 2 if coded else 1), column, what)


def _sd(table: Table, columns: Mapping[str, str], codes: Sequence[str], *, coded: bool) -> FloatArray | None:
    names = [f"{columns[code]}_sd" for code in codes]
    there = [name for name in names if name in table.frame.columns]
    if not there:
        return None
    table.require(names, "give the SD of every value, or of none")
    spread = np.column_stack([_complete(table, name) for name in names])
    for name in names:
        table.refuse(table.numbers(name) < 0, name, "an SD is 0 or more")
    return spread / 2 if coded else spread


def _gold(table: Table, columns: Mapping[str, str], codes: Sequence[str], *, coded: bool) -> tuple[FloatArray | None, FloatArray | None]:
    """Gold codes (n, V), NaN rows where nobody coded, and the inclusion probabilities (n,), 1 where they do not matter."""
    names = [f"{columns[code]}_gold" for code in codes]
    if not any(name in table.frame.columns for name in names):
        return None, None
    table.require([*names, "inclusion"], "a gold sample needs every value's code and the probability with which the item was drawn for it")
    for name in names:
        _check_range(table, name, coded)
    gold = np.column_stack([table.numbers(name).fill_null(float("nan")).to_numpy() for name in names])
    missing = np.isnan(gold)
    half = missing.any(axis=1) & ~missing.all(axis=1)
    table.refuse(pl.Series(half), "item", "its gold codes are incomplete: give all values, or none")
    inclusion = table.numbers("inclusion")
    drawn = pl.Series(~missing.all(axis=1))
    table.refuse(
        drawn & ~(inclusion.is_between(0, 1, closed="right")).fill_null(False), "inclusion", "it is a probability above 0, up to 1"
    )
    return gold / 2 if coded else gold, inclusion.fill_null(1.0).to_numpy().astype(np.float64)


def _source(table: Table, coded: bool) -> str:
    if "source" in table.frame.columns:
        names = table.text("source").drop_nulls().unique().sort().to_list()
        if names:
            return listed(names)
    return "human coding" if coded else "given in a table"


def _covariates(table: Table, used: set[str]) -> dict[str, FloatArray]:
    """Every other column: numbers as they are, categories as dummies for all levels but the first."""
    found: dict[str, FloatArray] = {}
    for name in table.frame.columns:
        if name in used or name.lower() in DESCRIPTIVE:
            continue
        text = table.text(name)
        if table.frame[name].dtype == pl.String and text.drop_nulls().cast(pl.Float64, strict=False).null_count():
            found |= _dummies(table, name, text)
        elif text.null_count() < len(text):
            found[name] = _complete(table, name)
    return found


def _dummies(table: Table, name: str, text: pl.Series) -> dict[str, FloatArray]:
    levels = text.drop_nulls().unique().sort().to_list()
    if text.null_count():
        item = table.frame.filter(text.is_null())["item"][0]
        raise table.fault(f"{name} is empty for {text.null_count()} items (such as {shown(item)}); fill it in, or remove the column")
    if len(levels) > MOST_LEVELS:
        raise table.fault(
            f"column {name} holds {len(levels)} different texts, too many for a category; remove it, or call it note or caption"
        )
    return {f"{name}={level}": (text == level).to_numpy().astype(np.float64) for level in levels[1:]}
