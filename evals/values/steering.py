"""What each persona did to its model: gain along its target, leakage beside it, transfer around the circle, in one verdict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl

from evals.values.decompose import Decomposition
from evals.values.findings import PersonaFinding
from evals.values.multiplicity import tost
from evals.values.persona_metrics import circular_transfer, ipsatised, leakage, steering_gain
from personas.schwartz import ANGLES, NAMES

__all__ = ["persona_findings"]

EQUIVALENCE_SD = 0.2
"""A shift within ± this many SD is called no difference."""


def persona_findings(
    found: Decomposition, targets: Mapping[str, Mapping[str, float]], *, level: float, seed: int
) -> tuple[PersonaFinding, ...]:
    """One finding a steered respondent, in the order of the panel."""
    fit = found.fits.get("steering")
    if fit is None:
        return ()
    who = {name: number for number, name in enumerate(found.panel.respondents)}
    rows = found.profiles.filter(pl.col("estimand") == "steering")
    findings = []
    for k, respondent in enumerate(found.steered):
        own = rows.filter(pl.col("respondent") == respondent)
        if own.is_empty():
            continue
        persona, model = found.panel.personas[who[respondent]], found.panel.models[who[respondent]]
        target = {value: weight for value, weight in targets.get(persona, {}).items() if weight and value in fit.values}
        vector = np.array([target.get(value, 0.0) for value in fit.values])
        covariance = fit.covariance(k)
        df, n = float(fit.df[k]), int(fit.items[k])
        shift, spread = ipsatised(fit.theta[k], covariance)
        centring = np.eye(len(shift)) - 1 / len(shift)
        gain = steering_gain(shift, spread, vector, df=df, n=n, level=level) if target else None
        beside = leakage(shift, spread, vector, influence=fit.influence[k] @ centring, seed=seed, n=n, level=level) if target else None
        angles = np.array([ANGLES[value] for value in fit.values if value in ANGLES], dtype=float)
        around = None
        if target and len(angles) == len(shift):
            around = circular_transfer(shift, spread, vector, angles, df=df, n=n, level=level)
        moved = tuple(own.filter((pl.col("p_adjusted") < 1 - level) & ~pl.col("value").is_in(list(target)))["value"].to_list())
        findings.append(
            PersonaFinding(
                respondent=respondent,
                persona=persona,
                model=model,
                target=target,
                gain=gain,
                leakage=None if beside is None else beside.size,
                leakage_p=None if beside is None else beside.p,
                transfer=None if around is None else around.slope,
                off_target=moved,
                verdict=_verdict(own, target, moved, margin=EQUIVALENCE_SD * found.panel.within_sd, df=df, level=level),
            )
        )
    return tuple(findings)


def _verdict(own: pl.DataFrame, target: Mapping[str, float], moved: Sequence[str], *, margin: float, df: float, level: float) -> str:
    """One sentence: which values moved where, after Holm; and what may be called no difference."""
    shifted = own.filter(pl.col("p_adjusted") < 1 - level)
    told = [f"{_name(row['value'])} {row['estimate']:+.2f}" for row in shifted.iter_rows(named=True)]
    same = [
        row["value"]
        for row in own.iter_rows(named=True)
        if margin > 0 and tost(row["estimate"], row["se"], margin, df=df, level=level).equivalent
    ]
    if not told:
        shown = f"{len(same)} of {own.height} lie within ± {EQUIVALENCE_SD} SD" if same else "nor is any shown not to have moved"
        return f"No value moved detectably (Holm over {own.height} values); {shown}."
    right = [value for value, weight in target.items() if value in set(shifted["value"]) and _sign(own, value) == np.sign(weight)]
    aimed = f" Of its target, {len(right)} of {len(target)} moved the way meant." if target else ""
    beside = f" Beside it: {', '.join(_name(value) for value in moved)}." if target and moved else ""
    return f"Moved: {', '.join(told)}.{aimed}{beside}"


def _sign(own: pl.DataFrame, value: str) -> float:
    return float(np.sign(own.filter(pl.col("value") == value)["estimate"][0]))


def _name(value: str) -> str:
    return NAMES.get(value, value)
