"""What an analysis consists of, as data: everything that the terminal, the files and the report show comes from here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from evals.values.decompose import Decomposition
from evals.values.intervals import Interval

__all__ = ["Analysis", "Control", "PersonaFinding"]


@dataclass(frozen=True)
class Control:
    """One check of the measurement itself.

    name       short, such as "shuffled labels"
    question   what it asks, one sentence
    finding    what came out, one sentence with its figures
    passed     None where there is nothing to pass or fail, or too little to tell
    figures    the numbers, by name
    table      details, or None
    """

    name: str
    question: str
    finding: str
    passed: bool | None = None
    figures: Mapping[str, Any] = field(default_factory=dict)
    table: pl.DataFrame | None = None


@dataclass(frozen=True)
class PersonaFinding:
    """How far a persona moved its model, and where to.

    respondent   who; `persona` and `model` of it
    target       the persona's design target by value code; empty where it has none
    gain         steering gain along the target, in units of the outcome; `gain_q`: its p after Benjamini–Hochberg over all personas
    called       whether the gain differs from 0 at that false discovery rate
    against      main values of the target (half its largest weight or more) that moved the other way, after Holm
    leakage      size of the shift beside the target, debiased, with its p under the permutation null
    transfer     slope of the shift on the cosine of the angle to the target, the target's own values left out
    off_target   values other than the target's that moved, after Holm
    verdict      one sentence
    """

    respondent: str
    persona: str
    model: str
    target: Mapping[str, float]
    gain: Interval | None
    leakage: Interval | None
    leakage_p: float | None
    transfer: Interval | None
    off_target: tuple[str, ...]
    verdict: str
    gain_q: float | None = None
    called: bool = False
    against: tuple[str, ...] = ()

    @property
    def steered(self) -> bool:
        """Whether the persona moved its model along its target: the gain is called, above 0, and no main value of the target moved the
        other way, as when everything falls and the target falls least."""
        return self.called and self.gain is not None and self.gain.estimate > 0 and not self.against


@dataclass(frozen=True)
class Analysis:
    """All of it.

    title          of the report
    decompositions by channel, the primary one first
    spectrum       Value-Spectrum's own score, with intervals (columns of `evals.value_spectrum.score`)
    personas       one finding a steered respondent
    controls       checks of the measurement
    structure      sentences and figures of the structure tests, or why there are none
    shown          what was shown and answered: one row a respondent × answer state
    provenance     what was measured: sessions, models and versions, feeds, protocols, seeds, hashes, costs
    conclusions    what can be concluded, one sentence each
    caveats        what cannot, and why
    command        the command that recomputes everything
    """

    title: str
    decompositions: Mapping[str, Decomposition]
    spectrum: pl.DataFrame | None
    personas: tuple[PersonaFinding, ...]
    controls: tuple[Control, ...]
    structure: Mapping[str, Any]
    shown: pl.DataFrame
    provenance: Mapping[str, Any]
    conclusions: tuple[str, ...]
    caveats: tuple[str, ...]
    command: str

    @property
    def primary(self) -> Decomposition:
        """The decomposition of the primary channel."""
        return next(iter(self.decompositions.values()))
