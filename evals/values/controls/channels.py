"""Do other ways of deciding tell the same?"""

from __future__ import annotations

from typing import Any

import polars as pl

from evals.values.controls.context import Context, absent
from evals.values.findings import Control
from evals.values.reliability import correlation_interval

__all__ = ["channel_agreement"]

FEWEST_SCORES = 8


def channel_agreement(context: Context) -> Control:
    """Spearman correlation of the same preferences between the primary channel and each other."""
    title, question = "agreement of the channels", "Do other ways of deciding tell the same?"
    primary = context.primary
    if len(context.decompositions) < 2:
        return absent(title, question, f"needs a second channel beside {primary.channel}")
    name = "steering" if "steering" in primary.fits else "priority"
    ours = primary.profiles.filter(pl.col("estimand") == name).select("respondent", "value", "estimate")
    rows: list[dict[str, Any]] = []
    for channel, other in list(context.decompositions.items())[1:]:
        theirs = other.profiles.filter(pl.col("estimand") == name).select("respondent", "value", theirs="estimate")
        both = ours.join(theirs, on=["respondent", "value"])
        if both.height < FEWEST_SCORES:
            continue
        found = correlation_interval(both["estimate"].to_numpy(), both["theirs"].to_numpy(), context.level, ranks=True)
        if found is not None:
            rows.append({"channel": channel, "spearman": found.estimate, "low": found.low, "high": found.high, "n": found.n})
    if not rows:
        return absent(title, question, f"no other channel shares {FEWEST_SCORES} {name} preferences, that differ, with {primary.channel}")
    told = "; ".join(f"{row['channel']} {row['spearman']:.2f}" for row in rows)
    return Control(
        name=title,
        question=question,
        finding=(
            f"Spearman of the {name} preferences with those by {primary.channel}: {told} (n = {rows[0]['n']} scores; a skip points the "
            "other way)."
        ),
        figures={str(row["channel"]): row["spearman"] for row in rows},
        table=pl.DataFrame(rows),
    )
