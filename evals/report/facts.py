"""What was done, in sentences and figures that come from the analysis alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from evals.report.style import short
from evals.report.words import count, percent, plural
from evals.values.decisions import STATES
from evals.values.findings import Analysis

__all__ = ["Facts", "facts_of"]

WORDS = {"answered": "answered", "refused": "refused", "unparsable": "unparsable", "failed": "failed (an outage, no outcome)"}
NAMED = 4


@dataclass(frozen=True)
class Facts:
    """figures: the strip at the top, as (figure, what it counts); sentences: the paragraph."""

    figures: tuple[tuple[str, str], ...]
    sentences: tuple[str, ...]
    states: Mapping[str, int]


def facts_of(analysis: Analysis) -> Facts:
    """Counts of respondents, clips and answer states, and a paragraph on them."""
    panel, states = analysis.primary.panel, _states(analysis.shown)
    total = sum(states.values())
    models, personas = list(dict.fromkeys(panel.models)), list(dict.fromkeys(panel.personas))
    figures = (
        (count(len(panel.respondents)), "respondent" if len(panel.respondents) == 1 else "respondents"),
        (count(len(panel.items)), "clips"),
        (count(total), "decisions"),
        (percent(states.get("answered", 0) / total) if total else "–", "answered"),
    )
    return Facts(figures, (_who(analysis, models, personas), _what(analysis, total), _answers(states, total), _labels(analysis)), states)


def _states(shown: pl.DataFrame) -> dict[str, int]:
    """Decisions by answer state."""
    return {state: int(shown[state].sum() or 0) for state in STATES if state in shown.columns}


def _who(analysis: Analysis, models: list[str], personas: list[str]) -> str:
    contrast = analysis.primary.contrast
    others = [name for name in personas if name != contrast]
    versions = _versions(analysis.provenance)
    named = [short(name, 60) + (f" ({versions[name]})" if versions.get(name) else "") for name in models[:NAMED]]
    who = f"{plural(len(models), 'model')}, {', '.join(named)}{' and others' if len(models) > NAMED else ''},"
    verb = "takes" if len(models) == 1 else "take"
    if contrast in personas and others:
        return f"{who} {verb} part as the reference persona “{short(contrast, 60)}” and as {plural(len(others), 'other persona')}."
    if contrast in personas:
        return f"{who} {verb} part as the reference persona “{short(contrast, 60)}” alone."
    return f"{who} {verb} part as {plural(len(others), 'persona')}, none of them the reference “{short(contrast, 60)}”."


def _versions(provenance: Mapping[str, Any]) -> dict[str, str]:
    """The versions that servers named, by model."""
    found: dict[str, Counter[str]] = {}
    sessions = provenance.get("sessions", [])
    for session in sessions if isinstance(sessions, list | tuple) else []:
        if isinstance(session, Mapping):
            served = session.get("model_versions") or ()
            named = [served] if isinstance(served, str) else served
            found.setdefault(str(session.get("model")), Counter()).update(str(each) for each in named)
    return {model: ", ".join(short(name, 60) for name in sorted(names)[:3]) for model, names in found.items() if set(names) != {model}}


def _what(analysis: Analysis, total: int) -> str:
    panel = analysis.primary.panel
    cells = f" in {plural(len(panel.cells), 'prompt cell')} (wordings and orders of options)" if len(panel.cells) > 1 else ""
    return f"They met {plural(len(panel.items), 'clip')}{cells}, which makes {plural(total, 'decision')} on the channel “{panel.channel}”."


def _answers(states: Mapping[str, int], total: int) -> str:
    if not total:
        return "No decision is on record."
    told = [f"{percent(number / total)} {WORDS[state]}" for state, number in states.items() if number or state == "answered"]
    return f"Of these, {', '.join(told)}."


def _labels(analysis: Analysis) -> str:
    panel = analysis.primary.panel
    source = short(panel.loadings.source, 120)
    covariates = ", ".join(short(name, 40) for name in list(panel.loadings.covariates)[:8])
    held = f"held constant: {covariates}" if covariates else "no covariates of the clips are held constant"
    return f"What a clip promotes or opposes is known from: {source}; {held}."
