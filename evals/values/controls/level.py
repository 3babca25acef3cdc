"""A persona that rates everything higher or lower runs into an end of the scale, which bends slopes as steering would."""

from __future__ import annotations

import numpy as np
import polars as pl

from evals.values.controls.context import Context, absent
from evals.values.decisions import SCALES
from evals.values.estimator_a import filled_mean, steering
from evals.values.findings import Control

__all__ = ["level_and_ends"]

NAME, QUESTION = "level and ends of the scale", "Can a shift of the whole level, cut off at an end of the scale, look like steering?"
SHIFTED_SD = 0.2
CROWDED = 0.25
"""By simulation of pure shifts (600 items × 6 cells, 0–5, levels 1.5 to 3.5, slopes of SD .4 to 1.2, shifts of −2 to 2 points): below these
the type-I error of steering is 4 to 9 %, beyond both it is above 7 % in nearly all, up to 79 %. A rule of .5 SD would miss 46 %."""
NAMED = 6


def level_and_ends(context: Context) -> Control:
    """Shift of each persona's level against its model's reference, and the share of answers at the ends of the scale."""
    panel, contrast = context.primary.panel, context.primary.contrast
    outcome = steering(panel, contrast)
    if context.binary:
        return absent(NAME, QUESTION, f"{panel.channel}s take log-odds, which have no ends")
    if panel.channel not in SCALES:
        return absent(NAME, QUESTION, f"the ends of the scale of {panel.channel!r} are not known")
    if outcome is None or panel.within_sd <= 0:
        return absent(NAME, QUESTION, f"needs a persona beside {contrast!r} of the same model, whose answers vary")
    table = _table(context, SCALES[panel.channel])
    if table.is_empty():
        return absent(NAME, QUESTION, "no persona answered items that its reference answered too")
    care = table.filter("needs_care")["respondent"].to_list()
    largest = float(table["shift_sd"].to_numpy()[np.abs(table["shift_sd"].to_numpy()).argmax()])
    named = ", ".join(care[:NAMED]) + (f" and {len(care) - NAMED} more" if len(care) > NAMED else "")
    told = f"Read the gains of {named} with care: their level shifts" if care else "No level shifts"
    return Control(
        name=NAME,
        question=QUESTION,
        finding=(
            f"{told} by more than {SHIFTED_SD} SD towards an end that holds over {CROWDED:.0%} of their answers, or away from one that "
            f"holds as many of the reference's (largest shift {largest:+.2f} SD, {table.height} personas)."
        ),
        passed=not care,
        figures={"personas": table.height, "needs_care": len(care), "largest_shift_sd": largest},
        table=table,
    )


def _table(context: Context, ends: tuple[float, float]) -> pl.DataFrame:
    """One row a steered respondent. Crowded is its share at the end that it moved to, or the reference's at the other if larger."""
    panel = context.primary.panel
    outcome = steering(panel, context.primary.contrast)
    assert outcome is not None
    at_ends = context.answers.group_by("respondent").agg(
        *[(pl.col("y") == end).mean().alias(name) for end, name in zip(ends, ("lowest", "highest"), strict=True)]
    )
    share = {row["respondent"]: (row["lowest"], row["highest"]) for row in at_ends.iter_rows(named=True)}
    differences = outcome.rows(filled_mean(panel))
    rows = []
    for number, name in enumerate(outcome.names):
        used = outcome.weights[number] > 0
        if not used.any():
            continue
        shift = float(np.average(differences[number, used], weights=outcome.weights[number, used])) / panel.within_sd
        against = [panel.respondents[row] for row in np.flatnonzero(outcome.mixing[number] < 0)]
        low, high = (float(np.mean([share[one][side] for one in against])) for side in (0, 1))
        crowded = max(share[name][1], low) if shift > 0 else max(share[name][0], high)
        rows.append(
            {
                "respondent": name,
                "shift_sd": shift,
                "lowest": share[name][0],
                "highest": share[name][1],
                "reference_lowest": low,
                "reference_highest": high,
                "needs_care": abs(shift) > SHIFTED_SD and crowded > CROWDED,
            }
        )
    return pl.DataFrame(rows)
