"""How often questions about clips of each value were refused or answered unreadably."""

from __future__ import annotations

from evals.values.intervals import Interval, wilson_interval
from evals.values.loadings import FloatArray
from evals.values.panel import Panel

__all__ = ["refusals"]


def refusals(panel: Panel) -> dict[str, Interval]:
    """Rate by value code over the clips that promote it (loading > 0), respondents together; empty where nothing is missing.

    Wilson's interval at the effective sample size (Korn & Graubard 1998): that at which independent questions would vary as the clips do.
    """
    missing, asked = panel.lost, panel.put
    if not missing.any():
        return {}
    found = {}
    for column, code in enumerate(panel.values):
        clips = (panel.loadings.x[:, column] > 0) & (asked > 0)
        if clips.any() and (one := _rate(missing[clips], asked[clips])) is not None:
            found[code] = one
    return found


def _rate(missing: FloatArray, asked: FloatArray) -> Interval | None:
    """Rate over clips of which `missing` of `asked` questions have no answer."""
    share = float(missing.sum() / asked.sum())
    clips, questions = len(asked), float(asked.sum())
    between = (missing - share * asked) / questions
    variance = float((between**2).sum()) * clips / max(clips - 1, 1)
    n = share * (1 - share) / variance if variance > 0 else clips
    n = round(min(max(n, clips), questions))
    method = "Wilson, effective sample size"
    exact = wilson_interval(min(share * n, n), n)  # the formula holds for fractions too
    return None if exact is None else Interval(exact.estimate, exact.low, exact.high, n, method)
