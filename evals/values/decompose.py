"""`decompose`: decisions and loadings in, value-consistent preferences with intervals out. Ties the parts of estimator A together."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import polars as pl
from scipy.stats import t as student_t
from threadpoolctl import threadpool_limits

from evals.values.bootstrap import bootstrap_t
from evals.values.bounds import slope_bounds
from evals.values.decisions import read_decisions
from evals.values.estimator_a import (
    COVERED,
    Fitted,
    Outcome,
    absolute,
    common,
    filled_mean,
    fit,
    identified_by,
    persona,
    references,
    relative,
    steering,
)
from evals.values.loading_tables import read_loadings
from evals.values.loadings import FloatArray, Loadings
from evals.values.logit import log_odds
from evals.values.panel import BINARY, Panel, build_panel
from evals.values.profile_table import PROFILE_COLUMNS, RAW, SCHEMA, adjusted, bound_unit, in_sd, unit_of
from evals.values.prompts import FEWEST_WORDINGS, cell_slopes, complete_rows, wording_odds, wording_variance, wordings
from evals.values.regression import Slopes
from evals.values.screening import screened
from evals.values.sensitivity import robustness_value, twin_effects
from evals.values.shrinkage import shrunken
from evals.values.tables import listed
from personas.errors import UserError

__all__ = ["PROFILE_COLUMNS", "Decomposition", "IntervalKind", "decompose"]

IntervalKind = Literal["hc3", "bootstrap-t"]
Builder = Callable[[Panel], Outcome | None]


@dataclass(frozen=True)
class Decomposition:
    """What the decisions of one channel say.

    profiles    one row a respondent × value × estimand (PROFILE_COLUMNS and channel, unit, se, p, identified_by, bound_low, bound_high,
                bound_unit, robustness, p_adjusted, q, estimate_sd, low_sd, high_sd); empty where nothing can be said
    fits        slopes by estimand: absolute, priority (rows: panel.respondents), relative, common, steering (rows: `steered`), persona
    cells       slopes by estimand in each prompt cell, NaN where there are too few items; empty for likes and skips
    display     relative preferences shrunken for display (A, V), from 20 respondents on
    prompts     what the choice of wordings adds to the variance of a slope, by estimand; intervals hold it
    notes       sentences: what is not there, and why
    """

    channel: str
    contrast: str
    panel: Panel
    profiles: pl.DataFrame
    fits: Mapping[str, Slopes]
    cells: Mapping[str, Sequence[Slopes]]
    steered: tuple[str, ...]
    display: FloatArray | None
    prompts: Mapping[str, float]
    notes: tuple[str, ...]

    @property
    def unit(self) -> str:
        """What an estimate of 1 means."""
        return unit_of(self.channel)


def decompose(
    decisions: Any,
    loadings: Any,
    *,
    channel: str = "rating",
    contrast: str = "default",
    interval: IntervalKind = "hc3",
    draws: int = 2000,
    seed: int = 0,
    level: float = 0.95,
) -> Decomposition:
    """Estimator A on one channel.

    decisions   a decisions table: Polars or pandas frame, or a path (`evals.values.decisions`)
    loadings    a Loadings, a frame, or a path (`evals.values.loading_tables`)
    contrast    the persona whose item means steering is measured against, of the same model
    interval    "hc3": Student's t with the jackknife over item clusters; "bootstrap-t": `draws` draws of clusters

    Raises UserError when the tables cannot be read, or hold nothing that can be decomposed.
    """
    if interval == "bootstrap-t" and draws < 199:
        raise UserError(f"{draws} draws are too few for a bootstrap-t: --draws takes 199 or more")
    given = loadings if isinstance(loadings, Loadings) else read_loadings(loadings)
    with threadpool_limits(1):  # its matrices are small: threads would wait for each other
        return _decomposed(read_decisions(decisions), given, channel, contrast, interval, draws=draws, seed=seed, level=level)


def _decomposed(
    decisions: pl.DataFrame,
    loadings: Loadings,
    channel: str,
    contrast: str,
    interval: IntervalKind,
    *,
    draws: int,
    seed: int,
    level: float,
) -> Decomposition:
    panel, notes = screened(build_panel(decisions, loadings, channel, reference=contrast))
    work = _Work(panel, contrast, interval, draws, seed, level, notes)
    fitted = work.fitted()
    notes = [*notes, *work.remarks(fitted)]
    tables = [frame for name, one in fitted.items() if (frame := work.table(name, one)) is not None]
    twins = work.twins()
    tables += [twins] if twins is not None else []
    profiles = in_sd(adjusted(pl.concat(tables)), panel) if tables else pl.DataFrame(schema=SCHEMA)
    return Decomposition(
        channel=channel,
        contrast=contrast,
        panel=panel,
        profiles=profiles,
        fits={name: one.slopes for name, one in fitted.items()},
        cells={} if channel in BINARY else work.cells,
        steered=fitted["steering"].outcome.names if "steering" in fitted else (),
        display=shrunken(fitted["relative"].slopes) if "relative" in fitted else None,
        prompts=work.prompts,
        notes=tuple(dict.fromkeys([*notes, *work.left_out()])),
    )


@dataclass
class _Work:
    """One decomposition under way."""

    panel: Panel
    contrast: str
    interval: IntervalKind
    draws: int
    seed: int
    level: float
    notes: Sequence[str]
    cells: dict[str, Sequence[Slopes]] = field(default_factory=dict)
    parts: Sequence[Slopes] = ()
    numbers: Sequence[int] = ()
    prompts: dict[str, float] = field(default_factory=dict)
    undrawn: list[str] = field(default_factory=list)
    silent: dict[tuple[str, str], list[str]] = field(default_factory=dict)

    def builders(self) -> dict[str, Builder]:
        against = references(self.panel, self.contrast)
        return {
            "common": lambda panel: common(panel, self.contrast, against),
            "absolute": absolute,
            "relative": relative,
            "steering": lambda panel: steering(panel, self.contrast, against),
        }

    def fitted(self) -> dict[str, Fitted]:
        """All estimands that this panel has."""
        found: dict[str, Fitted] = {}
        odds = self.odds()
        for name, build in self.builders().items():
            outcome = build(self.panel)
            if outcome is None:
                continue
            found[name] = Fitted(outcome, odds.over_outcomes(outcome.mixing)) if odds else fit(self.panel, outcome)
            if odds:
                self.cells[name] = [each.over_outcomes(outcome.mixing) for each in self.parts]
            else:
                self.cells[name] = cell_slopes(self.panel, build) if len(self.panel.cells) > 1 else ()
        if (pooled := persona(self.panel, self.contrast)) and pooled.of_slopes:
            share = pooled.of_slopes[1]
            found["persona"] = Fitted(pooled, found["steering"].slopes.over_outcomes(share))
            self.cells["persona"] = [each.over_outcomes(share) for each in self.cells["steering"]]
        v = len(self.panel.values)
        if v > 1:
            ipsative = np.eye(v) - 1 / v
            found["priority"] = Fitted(found["absolute"].outcome, found["absolute"].slopes.over_values(ipsative))
            self.cells["priority"] = [each.over_values(ipsative) for each in self.cells["absolute"]]
        for name in found:
            self.prompts[name] = wording_variance(self.cells["absolute" if name == "priority" else name], self.numbers)
        return found

    def odds(self) -> Slopes | None:
        """Log-odds of each respondent; None on a channel without. Notes those of each wording."""
        panel = self.panel
        self.numbers = panel.cells
        if panel.channel not in BINARY:
            return None
        if len(wordings(panel.cells)) >= FEWEST_WORDINGS:
            self.parts, self.numbers = wording_odds(panel)
        return log_odds(panel.design, panel.total, panel.count)

    def remarks(self, fitted: Mapping[str, Fitted]) -> list[str]:
        """Sentences on what is not there."""
        panel, notes = self.panel, []
        if "common" not in fitted:
            there = listed(sorted(set(panel.personas)), 6)
            notes.append(
                f"There is no usable {self.contrast!r} respondent, so there is no common preference and no steering effect; personas to "
                f"contrast with (--contrast): {there}."
            )
        if "priority" not in fitted:
            notes.append("There is a single value, so there are no priorities among values.")
        if "relative" not in fitted:
            notes.append("There is a single respondent, so its preferences cannot be compared with anybody's.")
        lonely = sorted({model for model in panel.models if not any(panel.models[row] == model for row in panel.of(self.contrast))})
        if "common" in fitted and lonely:
            notes.append(f"Without a {self.contrast!r} session there is no steering effect of {', '.join(lonely)}.")
        used = [row for rows in references(panel, self.contrast).values() for row in rows]
        partial = [panel.respondents[row] for row in panel.of(self.contrast) if row not in used]
        if partial:
            left = "was left out of the reference: it" if len(partial) == 1 else "were left out of the reference: they"
            notes.append(f"{listed(partial, 6)} {left} answered less than {COVERED:.0%} of the items of the best covered one of its model.")
        if panel.design.corrected and self.interval == "bootstrap-t":
            notes.append("Loadings corrected by a gold sample take jackknife (HC3) intervals: there is no bootstrap-t for them.")
        if panel.channel in BINARY and self.interval == "bootstrap-t":
            notes.append(f"{panel.channel.capitalize()}s take jackknife (HC3) intervals of log-odds: there is no bootstrap-t for them.")
        mixed = [name for name, one in fitted.items() if one.outcome.of_slopes]
        if mixed and self.interval == "bootstrap-t" and panel.channel not in BINARY and not panel.design.corrected:
            notes.append(f"Averages of slopes take jackknife (HC3) intervals: {', '.join(mixed)}.")
        if lacking := [name for name in fitted if not self.worded(name)]:
            of = "" if len(lacking) == len(fitted) else f" of {', '.join(lacking)} estimates"
            notes.append(
                f"Intervals{of} do not hold what other wordings would change: that takes answers in three wordings or more, enough in each."
            )
        return notes

    def worded(self, name: str) -> bool:
        """Whether what the wording adds to an estimand could be told."""
        cells = self.cells[name]
        told = len(cells) == len(self.numbers) and len(complete_rows(cells)) > 0
        return told and len(wordings(self.numbers)) >= FEWEST_WORDINGS

    def table(self, name: str, fitted: Fitted) -> pl.DataFrame | None:
        """The rows of one estimand; a row that cannot be estimated is left out and named."""
        found, panel = fitted.slopes, self.panel
        wording = self.prompts.get(name, 0.0)
        linear = panel.channel not in BINARY and not panel.design.corrected and name != "priority" and not fitted.outcome.of_slopes
        draw = self.interval == "bootstrap-t" and linear
        se, low, high, p, method = self.student(found, wording)
        methods = [method] * len(found.theta)
        if draw:
            drawn = bootstrap_t(panel, [fitted], draws=self.draws, level=self.level, seed=self.seed, wording=wording)[0]
            wide = np.sqrt(drawn.se**2 + wording)
            told = np.atleast_1d(np.isfinite(drawn.low).all(axis=1) & (drawn.se > 0).all(axis=1))
            se[told], p[told] = wide[told], drawn.p[told]
            low[told], high[told] = (found.theta - drawn.high * wide)[told], (found.theta - drawn.low * wide)[told]
            by_draws = f"WLS over items, bootstrap-t over clusters (B = {self.draws}), {self.level:.0%}"
            methods = [by_draws if each else method for each in told]
        bounds = slope_bounds(panel, fitted.outcome) if name != "priority" else None
        rows = []
        for k, respondent in enumerate(fitted.outcome.names):
            missing = self.missing(name, found, k) or ("" if (se[k] > 0).all() else _FLAT.get(name, _FLAT["absolute"]))
            if missing:
                self.silent.setdefault((name, missing), []).append(respondent)
                continue
            if draw and methods[k] == method:
                self.undrawn.append(respondent)
            for v, value in enumerate(panel.values):
                rows.append(
                    {
                        "respondent": respondent,
                        "value": value,
                        "estimand": name,
                        "estimate": found.theta[k, v],
                        "low": low[k, v],
                        "high": high[k, v],
                        "method": methods[k],
                        "n": int(found.items[k]),
                        "channel": panel.channel,
                        "unit": unit_of(panel.channel),
                        "se": se[k, v],
                        "p": p[k, v],
                        "identified_by": identified_by(name, panel),
                        "bound_low": _bound(bounds, 0, k, v),
                        "bound_high": _bound(bounds, 1, k, v),
                        "bound_unit": None if _bound(bounds, 0, k, v) is None else bound_unit(panel.channel),
                        "robustness": robustness_value(found.theta[k, v] / se[k, v], found.df[k]) if name == "common" else None,
                    }
                )
        return pl.DataFrame(rows, schema=RAW) if rows else None

    def student(self, found: Slopes, wording: float) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray, str]:
        """(se, low, high, p), each (K, V), by Student's t with the jackknife, and what that is called."""
        panel = self.panel
        se = np.sqrt(found.se**2 + wording)
        df = found.effective
        half = student_t.ppf((1 + self.level) / 2, df) * se
        with np.errstate(invalid="ignore", divide="ignore"):
            p = 2 * student_t.sf(np.abs(found.theta) / se, df)
        kind = "HC3" if panel.design.clusters == len(panel.items) else "cluster jackknife (CV3)"
        base = "binomial regression over items (Firth)" if panel.channel in BINARY else "WLS over items"
        gold = ", gold-corrected" if panel.design.corrected else ""
        return se, found.theta - half, found.theta + half, p, f"{base}{gold}, {kind}, t, {self.level:.0%}"

    def missing(self, name: str, found: Slopes, k: int) -> str:
        """Why row k cannot be estimated; empty where it can."""
        if not np.isfinite(found.theta[k]).all():
            return _SHORT.get(name, _SHORT["absolute"])
        least = 1e-9 * max(self.panel.scale[1] - self.panel.scale[0], 1e-9)
        return "" if (found.se[k] > least).all() else _FLAT.get(name, _FLAT["absolute"])

    def left_out(self) -> list[str]:
        """A sentence on the respondents that each estimand lacks."""
        kind = {"steering": "steering effect", "persona": "pooled steering effect"}
        told = [f"No {kind.get(name, name + ' preference')} of {listed(who, 6)}: {why}." for (name, why), who in self.silent.items()]
        if self.undrawn:
            who = listed(list(dict.fromkeys(self.undrawn)), 6)
            told.append(f"Too few items for a bootstrap-t, which loses a value in some draws: jackknife intervals for {who}.")
        return [*told, *self.uncancelled()]

    def uncancelled(self) -> list[str]:
        """A sentence on steering effects of which one side gave one answer throughout: then what makes a video appeal does not cancel."""
        flat = self.silent.get(("absolute", _FLAT["absolute"]), [])
        lost = {who for (name, _), group in self.silent.items() if name == "steering" for who in group}
        people = list(zip(self.panel.respondents, self.panel.models, self.panel.personas, strict=True))
        bare = {model for who, model, persona in people if persona == self.contrast and who in flat}
        compared = {model for _, model, persona in people if persona == self.contrast}
        steered = [(who, model) for who, model, persona in people if persona != self.contrast and model in compared and who not in lost]
        hit = [who for who, model in steered if who in flat or model in bare]
        if not hit:
            return []
        return [
            "Where one side of a comparison gives the same answer throughout, what makes a video appeal does not cancel: steering effects "
            f"of {listed(hit, 6)} hold only given the covariates."
        ]

    def twins(self) -> pl.DataFrame | None:
        """The twin contrast of the reference respondents, which the design identifies."""
        outcome = common(self.panel, self.contrast)
        if outcome is None:
            return None
        means = np.where(outcome.weights[0] > 0, outcome.rows(filled_mean(self.panel))[0], np.nan)
        wording = self.prompts.get("common", 0.0)
        if self.panel.channel in BINARY:  # twins compare shares: a log-odd is p (1 − p) of one
            yes = self.panel.total[outcome.mixing[0] > 0].sum() / self.panel.count[outcome.mixing[0] > 0].sum()
            wording *= (yes * (1 - yes)) ** 2
        rows = [
            {
                "respondent": outcome.names[0],
                "value": twin.value,
                "estimand": "twin",
                "estimate": twin.effect.estimate,
                "low": twin.effect.low,
                "high": twin.effect.high,
                "method": f"mean over twin pairs, t, {self.level:.0%}",
                "n": twin.effect.n,
                "channel": self.panel.channel,
                "unit": bound_unit(self.panel.channel),
                "se": twin.se,
                "p": twin.p,
                "identified_by": identified_by("twin", self.panel),
            }
            for twin in twin_effects(self.panel, means, self.level, wording=wording)
        ]
        return pl.DataFrame(rows, schema=RAW) if rows else None


_SHORT = {
    "absolute": "too few answered items",
    "relative": "too few items that others answered too",
    "steering": "too few items that its reference answered too",
    "persona": "too few items that its reference answered too",
}
_FLAT = {
    "absolute": "the answers do not vary",
    "relative": "the answers do not differ from those of the others",
    "steering": "the answers do not differ from those of the reference",
    "persona": "the answers do not differ from those of the reference",
}
"""Why there is no estimate."""


def _bound(bounds: tuple[FloatArray, FloatArray] | None, side: int, k: int, v: int) -> float | None:
    """A bound, or None where the items that were put to all of a row's respondents cannot give it."""
    return float(bounds[side][k, v]) if bounds is not None and np.isfinite(bounds[side][k, v]) else None
