"""Label agreement: how far people agree with the loadings, or why that is not known."""

from __future__ import annotations

import numpy as np
import polars as pl

from evals.values.agreement import gwet_ac, krippendorff_alpha
from evals.values.controls.context import Context, absent
from evals.values.estimator_a import JUDGED
from evals.values.findings import Control
from evals.values.loadings import FloatArray, Loadings

__all__ = ["label_agreement"]

NAME, QUESTION = "agreement on the labels", "Do people see the values in the items that the loadings say?"
RARE = 0.05
FEWEST = 10
CODES = (-1.0, -0.5, 0.0, 0.5, 1.0)


def label_agreement(context: Context) -> Control:
    """With a gold sample ordinal α, and AC2 where few items carry a value; else what is known of the labels."""
    loadings = context.primary.panel.all_loadings
    if loadings.gold is not None and (coded := int((~np.isnan(loadings.gold).any(axis=1)).sum())):
        return _with_gold(context, loadings, coded)
    if loadings.sd is not None:
        return _spread(loadings, loadings.sd)
    source = loadings.source
    if "design" in source.lower():
        why = f"loadings are by design ({source}): the items were made or chosen to carry them, and no agreement applies"
    elif any(word in source.lower() for word in JUDGED):
        why = f"loadings are judgements ({source}) without SD or gold sample: nobody's agreement with them is known"
    else:
        why = f"loadings are taken as given ({source}): agreement needs a gold sample or several raters"
    return absent(NAME, QUESTION, why)


def _with_gold(context: Context, loadings: Loadings, coded: int) -> Control:
    """Value by value, items as units. Means over judges or raters count as the nearest half step."""
    table = _by_value(loadings, context.level, context.seed)
    if table.is_empty():
        return absent(NAME, QUESTION, f"needs {FEWEST} items coded in the gold sample, some with a value; here {coded}")
    known = table.drop_nulls("alpha")
    middle = float(np.median(known["alpha"].to_numpy())) if known.height else None
    told = (
        "α is not defined for any value"
        if middle is None
        else f"ordinal Krippendorff α has the median {middle:.2f} over {known.height} values"
    )
    if known.height:
        least = known.sort("alpha").row(0, named=True)
        told += f", least for {least['value']}: {least['alpha']:.2f}{_bounds(least['alpha_low'], least['alpha_high'])}"
    rare = table.filter(pl.col("rare")).drop_nulls("ac2")
    if rare.height:
        lowest = float(rare["ac2"].to_numpy().min())
        told += f"; Gwet's AC2 of the {rare.height} that fewer than {RARE:.0%} carry {lowest:.2f} or more"
    return Control(
        name=NAME,
        question=QUESTION,
        finding=f"Labels and gold codes of {coded} items: {told} (bootstrap by item). The slopes are corrected to the gold codes.",
        figures={"items": coded, "alpha_median": middle, "values": table.height},
        table=table,
    )


def _by_value(loadings: Loadings, level: float, seed: int) -> pl.DataFrame:
    """One row a value that label or gold see on some item."""
    assert loadings.gold is not None
    rows = np.flatnonzero(~np.isnan(loadings.gold).any(axis=1))
    told: list[dict[str, object]] = []
    if len(rows) < FEWEST:
        return pl.DataFrame(told)
    for v, value in enumerate(loadings.values):
        both = np.rint(2 * np.column_stack([loadings.x[rows, v], loadings.gold[rows, v]])) / 2
        if not both.any():
            continue
        alpha = krippendorff_alpha(both, "ordinal", seed=seed, level=level)
        ac2 = gwet_ac(both, CODES, "ordinal", seed=seed, level=level)
        told.append(
            {
                "value": value,
                "alpha": None if alpha is None else alpha.estimate,
                "alpha_low": None if alpha is None else alpha.low,
                "alpha_high": None if alpha is None else alpha.high,
                "ac2": None if ac2 is None else ac2.estimate,
                "ac2_low": None if ac2 is None else ac2.low,
                "ac2_high": None if ac2 is None else ac2.high,
                "share_carrying": float((both[:, 1] != 0).mean()),
                "rare": bool((both[:, 1] != 0).mean() < RARE),
                "items": len(rows),
            }
        )
    return pl.DataFrame(told, infer_schema_length=None)


def _spread(loadings: Loadings, sd: FloatArray) -> Control:
    """What the judges' or raters' SD says, and what not."""
    seen = (loadings.x != 0) | (sd > 0)
    mean = float(sd[seen].mean()) if seen.any() else 0.0
    return Control(
        name=NAME,
        question=QUESTION,
        finding=(
            f"No gold sample. Judges differ by an SD of {mean:.2f} (mean over the {int(seen.sum()):,} pairs of item and value that any of "
            f"them saw; loadings go from −1 to 1). That is how far they agree with each other, not with people; nothing corrects for it."
        ),
        figures={"mean_sd": mean, "pairs": int(seen.sum())},
    )


def _bounds(low: float | None, high: float | None) -> str:
    return "" if low is None or high is None else f" [{low:.2f}, {high:.2f}]"
