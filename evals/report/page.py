"""Everything the page shows, section by section, as text and tables; the template only lays it out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from evals.report.estimates import estimates_of
from evals.report.facts import Facts, facts_of
from evals.report.grids import Grid, Node, grid, node
from evals.report.steering_figures import Steering
from evals.report.style import GROUP_COLOURS, GROUP_NAMES, values_of
from evals.report.words import count, estimate_text, interval_text, number, p_value, percent, plural
from evals.value_spectrum.scoring import OVERLAP
from evals.values.findings import Analysis, Control
from evals.values.panel import BINARY

__all__ = ["Page", "Tally", "page_of"]

MARKS = {True: ("✓", "passed"), False: ("✕", "not passed"), None: ("–", "without verdict")}


COMPARES = {
    "common": "clips, for the respondents with the reference persona together, models weighing equally",
    "absolute": "clips, for one respondent",
    "priority": "a respondent's value with the mean of its own values",
    "relative": "a respondent with the mean of all, on the same clips",
    "steering": "a persona with the same model's reference persona, on the same clips",
    "twin": "two clips with the same frames, one with the value and one without",
}


@dataclass(frozen=True)
class Tally:
    """A control as it is listed."""

    mark: str
    verdict: str
    name: str
    question: str
    finding: str
    figures: Node
    table: Grid | None


@dataclass(frozen=True)
class Page:
    """See the module. Empty texts and None are left out of the page."""

    facts: Facts
    lead: str
    further: tuple[str, ...]
    tally: str
    respondents: Grid
    profile: Grid
    priorities: Grid
    steered: str
    personas: Grid
    persona_table: Grid | None
    channels: Grid
    spectrum: Grid | None
    homogeneity: tuple[str, ...]
    overlap: str
    refusals: str
    controls: tuple[Tally, ...]
    structure: str
    structure_notes: tuple[str, ...]
    notes: tuple[str, ...]
    estimands: Grid
    methods: tuple[str, ...]
    provenance: Node
    groups: tuple[tuple[str, str], ...]


def page_of(analysis: Analysis) -> Page:
    """The page of an analysis."""
    found = analysis.primary
    lead, *further = analysis.conclusions or ("Nothing can be concluded from these decisions.",)
    sentence, notes = _structure(analysis.structure)
    return Page(
        facts=facts_of(analysis),
        lead=lead,
        further=tuple(further),
        tally=_tally(analysis.controls),
        respondents=grid(analysis.shown),
        profile=_profile(analysis),
        priorities=_by_value(found.profiles, "priority", found.panel.values),
        steered=_steered(analysis),
        personas=_personas(analysis),
        persona_table=None if analysis.persona_table is None or analysis.persona_table.is_empty() else grid(analysis.persona_table),
        channels=_channels(analysis),
        spectrum=None if analysis.spectrum is None or analysis.spectrum.is_empty() else _spectrum(analysis.spectrum),
        homogeneity=() if analysis.spectrum is None else _homogeneity(analysis.spectrum),
        overlap=OVERLAP,
        refusals=_refusals(analysis),
        controls=tuple(_control(each) for each in analysis.controls),
        structure=sentence,
        structure_notes=notes,
        notes=_notes(analysis),
        estimands=_estimands(analysis),
        methods=_methods(analysis),
        provenance=node(analysis.provenance),
        groups=tuple((name, GROUP_COLOURS[group]) for group, name in GROUP_NAMES.items()),
    )


def _tally(controls: tuple[Control, ...]) -> str:
    if not controls:
        return "No control was run."
    told = [f"{total} {word}" for passed, (_, word) in MARKS.items() if (total := sum(each.passed is passed for each in controls))]
    return f"Controls: {', '.join(told)}."


def _control(control: Control) -> Tally:
    mark, verdict = MARKS[control.passed]
    table = None if control.table is None or control.table.is_empty() else grid(control.table)
    return Tally(mark, verdict, control.name, control.question, control.finding, node(control.figures), table)


def _profile(analysis: Analysis) -> Grid:
    """The common preference value by value, with what stands beside it."""
    rows = analysis.primary.profiles
    values = values_of(analysis.primary.panel.values)
    common = {row["value"]: row for row in rows.filter(pl.col("estimand") == "common").iter_rows(named=True)}
    estimates = next(iter(estimates_of(rows, "common").values()), None)
    twins = next(iter(estimates_of(rows, "twin").values()), None)
    out = []
    for value, code in zip(values, analysis.primary.panel.values, strict=True):
        row = common.get(code)
        if row is None or estimates is None:
            continue
        unit = " (probability)" if analysis.primary.channel in BINARY else ""
        bounds = "–" if row["bound_low"] is None else f"{number(row['bound_low'])} to {number(row['bound_high'])}{unit}"
        robust = "–" if row["robustness"] is None else percent(row["robustness"])
        twin = estimate_text(twins.by_value.get(code)) if twins else "–"
        out.append((value.name, estimate_text(estimates.by_value.get(code)), p_value(row["p_adjusted"]), robust, bounds, twin))
    head = ("value", "common preference", "p (Holm)", "confounder that would erase it", "bounds from refusals", "twin contrast")
    return Grid(head, tuple(out), frozenset(range(1, 6)))


def _by_value(rows: pl.DataFrame, estimand: str, codes: tuple[str, ...]) -> Grid:
    """Respondents in rows, values in columns."""
    found = estimates_of(rows, estimand)
    body = tuple((name, *(estimate_text(one.by_value.get(code)) for code in codes)) for name, one in found.items())
    return Grid(("respondent", *(value.code for value in values_of(codes))), body[:400], frozenset(range(1, len(codes) + 1)))


def _steered(analysis: Analysis) -> str:
    """How many personas did what they were meant to."""
    aimed = [one for one in analysis.personas if one.target]
    if not aimed:
        return ""
    towards = sum(one.steered for one in aimed)
    away = sum(one.called and not one.steered for one in aimed)
    return (
        f"Of {plural(len(aimed), 'persona with a target', 'personas with a target')} (each model × persona counts once), {towards} moved "
        f"towards it, {away} away from it, and {len(aimed) - towards - away} cannot be told from 0 (gain, Benjamini–Hochberg over all)."
    )


def _personas(analysis: Analysis) -> Grid:
    """In the order of the matrix."""
    order = Steering(analysis).place
    rows = [
        (
            one.persona,
            one.model,
            ", ".join(f"{code}\u00a0{'+' if weight > 0 else '−'}{abs(weight):g}" for code, weight in one.target.items() if weight) or "–",
            interval_text(one.gain),
            interval_text(one.leakage).lstrip("+") + ("" if one.leakage_p is None else f", p {p_value(one.leakage_p)}"),
            interval_text(one.transfer),
            one.verdict,
        )
        for one in sorted(analysis.personas, key=lambda one: (order(one.persona), one.model))
    ]
    head = ("persona", "model", "target", "gain", "leakage", "transfer", "in words")
    return Grid(head, tuple(rows), frozenset({3, 4, 5}))


def _channels(analysis: Analysis) -> Grid:
    rows = []
    for name, found in analysis.decompositions.items():
        panel = found.panel
        asked = float(panel.put.sum())
        lost = f"{percent(float(panel.lost.sum()) / asked)}" if asked else "–"
        rows.append((name, count(asked), lost, count(len(panel.respondents)), count(len(panel.items)), found.unit))
    head = ("channel", "decisions", "refused or unparsable", "respondents", "clips", "unit")
    return Grid(head, tuple(rows), frozenset({1, 2, 3, 4}))


def _spectrum(table: pl.DataFrame) -> Grid:
    columns = [name for name in ("respondent", "value", "score", "low", "high", "as_published", "items", "shown") if name in table.columns]
    return grid(table.select(columns))


def _homogeneity(table: pl.DataFrame) -> tuple[str, ...]:
    """Whether a respondent's ten scores differ at all."""
    if not {"chi2", "p", "respondent"} <= set(table.columns):
        return ()
    tested = table.select("respondent", "p").unique(maintain_order=True).drop_nulls()
    if tested.is_empty():
        return ("Whether all values have one rate cannot be tested here: there are too few answers, or all are alike.",)
    same = int((tested["p"] >= 0.05).sum())
    who = plural(tested.height, "respondent")
    return (f"For {same} of {who} the scores are compatible with one and the same rate for all values (chi-square, p ≥ .05).",)


def _refusals(analysis: Analysis) -> str:
    panel = analysis.primary.panel
    lost = float(panel.lost.sum())
    if not lost:
        return "No question was refused or answered unreadably, so there is nothing that bounds would have to cover."
    asked = lost + float(panel.count.sum())
    bounds = analysis.primary.profiles["bound_low"].drop_nulls().len() > 0
    how = (
        " Bounds hold whatever those answers would have been: each is filled with the end of the scale that moves the slope furthest."
        if bounds
        else " There are no bounds on these estimates."
    )
    return f"{plural(lost, 'question')} of {count(asked)} ({percent(lost / asked)}) were refused or answered unreadably.{how}"


def _structure(structure: Mapping[str, Any]) -> tuple[str, tuple[str, ...]]:
    """The sentence, and the notes and other figures as sentences."""
    notes = structure.get("notes") or ()
    told = [str(each) for each in (notes if isinstance(notes, list | tuple) else [notes])]
    known = {"sentence", "notes", "result", "enough", "respondents"}
    told += [f"{key}: {value}" for key, value in structure.items() if key not in known and isinstance(value, str | int | float)]
    return str(structure.get("sentence") or "The circle of values was not tested."), tuple(told)


def _notes(analysis: Analysis) -> tuple[str, ...]:
    """What the decompositions say is not there, where the caveats do not say it already."""
    told = " ".join(analysis.caveats)
    found = [note for each in analysis.decompositions.values() for note in each.notes if note not in told]
    return tuple(dict.fromkeys(found))


def _estimands(analysis: Analysis) -> Grid:
    """What was estimated, what identifies it, and what its intervals are."""
    seen = analysis.primary.profiles.group_by("estimand", maintain_order=True).agg(
        pl.col("identified_by").first(), pl.col("method").unique(maintain_order=True)
    )
    rows = tuple(
        (row["estimand"], COMPARES.get(row["estimand"], "–"), row["identified_by"], "; ".join(row["method"]))
        for row in seen.iter_rows(named=True)
    )
    return Grid(("estimand", "what it compares", "identified", "intervals"), rows)


def _methods(analysis: Analysis) -> tuple[str, ...]:
    """How the figures were made, from the tables themselves."""
    found = analysis.primary
    out = ["p values of one respondent's values are corrected after Holm; q in profiles.csv is Benjamini and Hochberg's over the estimand."]
    if found.prompts and any(found.prompts.values()):
        out.append("Intervals also hold what the choice of wordings adds to the variance of a slope.")
    if found.panel.within_sd > 0:
        out.append(f"One SD of the answers of a reference respondent is {number(found.panel.within_sd)} on the channel {found.channel}.")
    if found.display is not None:
        out.append("Shrunken preferences are for display and ranking only; every interval and test here is unshrunk.")
    return tuple(out)
