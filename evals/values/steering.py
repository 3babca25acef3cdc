"""What each persona did to its model: gain along its target, leakage beside it, transfer around the circle, in one verdict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import polars as pl
from scipy.special import stdtr, stdtrit

from evals.values.decompose import Decomposition
from evals.values.findings import PersonaFinding
from evals.values.intervals import Interval
from evals.values.multiplicity import benjamini_hochberg, tost
from evals.values.panel import REVERSED
from evals.values.persona_metrics import circular_transfer, ipsatised, leakage, steering_gain
from personas.schwartz import ANGLES, NAMES

__all__ = ["persona_findings"]

ALIKE = "It answered as the reference did, or too little to be compared."
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
    sense = -1.0 if found.channel in REVERSED else 1.0
    findings: list[PersonaFinding] = []
    freedom: list[float] = []
    for k, respondent in enumerate(found.steered):
        own = rows.filter(pl.col("respondent") == respondent)
        persona, model = found.panel.personas[who[respondent]], found.panel.models[who[respondent]]
        target = {value: weight for value, weight in targets.get(persona, {}).items() if weight and value in fit.values}
        if own.is_empty():  # it still counts among the personas that were meant to move
            findings.append(PersonaFinding(respondent, persona, model, target, None, None, None, None, (), ALIKE))
            freedom.append(1.0)
            continue
        meant = {value: sense * weight for value, weight in target.items()}
        vector = np.array([meant.get(value, 0.0) for value in fit.values])
        # What another wording would change is independent between values: it is one more source beside the clusters.
        wording = found.prompts.get("steering", 0.0)
        influence = np.vstack([fit.influence[k], np.sqrt(wording) * np.eye(len(fit.values))])
        covariance = influence.T @ influence
        aimed = [place for place, value in enumerate(fit.values) if value in target] or list(range(len(fit.values)))
        df, n = float(fit.effective[k][aimed].min()), int(fit.items[k])
        freedom.append(df)
        shift, spread = ipsatised(fit.theta[k], covariance)
        centring = np.eye(len(shift)) - 1 / len(shift)
        gain = steering_gain(shift, spread, vector, df=df, n=n, level=level) if target else None
        beside = leakage(shift, spread, vector, influence=influence @ centring, seed=seed, n=n, level=level) if target else None
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
                against=_against(own, meant, level),
                verdict=_verdict(own, meant, moved, margin=_margin(found), df=df, level=level),
            )
        )
    return _discovered(findings, freedom, level)


def _discovered(findings: Sequence[PersonaFinding], freedom: Sequence[float], level: float) -> tuple[PersonaFinding, ...]:
    """The findings with the gains' p corrected over the sweep, and which of them are called."""
    p = [_p(one.gain, df, level) for one, df in zip(findings, freedom, strict=True)]
    known = [number for number, each in enumerate(p) if each is not None]
    q = dict(zip(known, benjamini_hochberg([each for each in p if each is not None]), strict=True)) if known else {}
    return tuple(
        replace(one, gain_q=float(q[number]), called=bool(q[number] < 1 - level)) if number in q else one
        for number, one in enumerate(findings)
    )


def _against(own: pl.DataFrame, target: Mapping[str, float], level: float) -> tuple[str, ...]:
    """Main values of the target that moved against it, after Holm."""
    main = {value: weight for value, weight in target.items() if abs(weight) >= max(map(abs, target.values())) / 2}
    moved = own.filter((pl.col("p_adjusted") < 1 - level) & pl.col("value").is_in(list(main)))
    return tuple(row["value"] for row in moved.iter_rows(named=True) if row["estimate"] * main[row["value"]] < 0)


def _p(gain: Interval | None, df: float, level: float) -> float | None:
    """Two-sided p of a gain against 0, from its t interval; None without bounds."""
    if gain is None or gain.low is None or gain.high is None or gain.high <= gain.low:
        return None
    se = (gain.high - gain.low) / (2 * float(stdtrit(df, 0.5 + level / 2)))
    return 2 * float(stdtr(df, -abs(gain.estimate) / se))


def _margin(found: Decomposition) -> float:
    """What counts as no difference, in units of the outcome; 0 for log-odds and normal scores, where there is no agreed one."""
    return EQUIVALENCE_SD * found.panel.within_sd if found.channel == "rating" else 0.0


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
    whole = "As meant." if len(right) == len(target) else f"Of its target, {len(right)} of {len(target)} moved the way meant."
    aimed = f" {whole}" if target else ""
    beside = f" Not its target: {', '.join(_name(value) for value in moved)}." if target and moved else ""
    return f"Moved: {', '.join(told)}.{aimed}{beside}"


def _sign(own: pl.DataFrame, value: str) -> float:
    return float(np.sign(own.filter(pl.col("value") == value)["estimate"][0]))


def _name(value: str) -> str:
    return NAMES.get(value, value)
