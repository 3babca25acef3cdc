"""Everything the page shows, section by section, as text and tables; the template only lays it out."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from evals.report.block import MARKS, Entry, anchor, block_of
from evals.report.estimates import estimates_of, in_sd
from evals.report.facts import Facts, facts_of
from evals.report.figures import reference_people
from evals.report.grids import ROWS, Grid, Node, grid, more, node
from evals.report.spectrum import Spectrum, spectrum_of
from evals.report.steering_figures import Steering
from evals.report.structure import StructureTests, structure_tests
from evals.report.style import GROUP_COLOURS, GROUP_NAMES, values_of
from evals.report.words import count, estimate_text, number, p_value, percent, plural, prose
from evals.values.decompose import Decomposition
from evals.values.findings import Analysis, Control
from evals.values.panel import BINARY

__all__ = ["Page", "Tally", "page_of"]

SD = "SD of a reference respondent's answers, per unit loading"
COMPARES = {
    "common": "clips, for the respondents with the reference persona together, models weighing equally",
    "absolute": "clips, for one respondent",
    "priority": "a respondent's value with the mean of its own values",
    "relative": "a respondent with the mean of all, on the same clips",
    "steering": "a persona with the same model's reference persona, on the same clips",
    "persona": "the same, over all models and wordings that play the persona, models weighing equally",
    "twin": "two clips with the same frames, one with the value and one without",
}


@dataclass(frozen=True)
class Tally:
    """A control as it is listed."""

    anchor: str
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
    block: tuple[Entry, ...]
    caveats: tuple[str, ...]
    further: tuple[str, ...]
    tally: str
    respondents: Grid
    profile: Grid
    priorities: tuple[tuple[str, Grid], ...]
    pooled: tuple[tuple[str, Grid], ...]
    steered: str
    personas: Grid
    channels: Grid
    spectrum: Spectrum | None
    refusals: str
    controls: tuple[Tally, ...]
    structure: StructureTests
    notes: tuple[str, ...]
    estimands: Grid
    methods: tuple[str, ...]
    provenance: Node
    groups: tuple[tuple[str, str], ...]


def page_of(analysis: Analysis) -> Page:
    """The page of an analysis."""
    found = analysis.primary
    lead, *further = analysis.conclusions or ("Nothing can be concluded from these decisions.",)
    return Page(
        facts=facts_of(analysis),
        lead=prose(lead),
        block=block_of(analysis),
        caveats=tuple(prose(each) for each in analysis.caveats),
        further=tuple(prose(each) for each in further),
        tally=_tally(analysis.controls),
        respondents=grid(analysis.shown),
        profile=_profile(analysis),
        priorities=_both_units(found, "priority"),
        pooled=_both_units(found, "persona"),
        steered=_steered(analysis),
        personas=_personas(analysis),
        channels=_channels(analysis),
        spectrum=spectrum_of(analysis.spectrum, reference_people(analysis)),
        refusals=_refusals(analysis),
        controls=tuple(_control(place, each) for place, each in enumerate(analysis.controls)),
        structure=structure_tests(analysis.structure),
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


def _control(place: int, control: Control) -> Tally:
    mark, verdict = MARKS[control.passed]
    table = None if control.table is None or control.table.is_empty() else grid(control.table)
    return Tally(anchor(place), mark, verdict, control.name, control.question, prose(control.finding), node(control.figures), table)


def _profile(analysis: Analysis) -> Grid:
    """The common preference value by value, with what stands beside it."""
    rows = analysis.primary.profiles
    values = values_of(analysis.primary.panel.values)
    common = {row["value"]: row for row in rows.filter(pl.col("estimand") == "common").iter_rows(named=True)}
    estimates = next(iter(estimates_of(rows, "common").values()), None)
    twins = next(iter(estimates_of(rows, "twin").values()), None)
    in_units = next(iter(estimates_of(in_sd(rows), "common").values()), None)
    out = []
    for value, code in zip(values, analysis.primary.panel.values, strict=True):
        row = common.get(code)
        if row is None or estimates is None:
            continue
        unit = " (probability)" if analysis.primary.channel in BINARY else ""
        bounds = "–" if row["bound_low"] is None else f"{number(row['bound_low'])} to {number(row['bound_high'])}{unit}"
        robust = "–" if row["robustness"] is None else percent(row["robustness"])
        twin = estimate_text(twins.by_value.get(code)) if twins else "–"
        also = (estimate_text(in_units.by_value.get(code)),) if in_units else ()
        out.append((value.name, estimate_text(estimates.by_value.get(code)), *also, p_value(row["p_adjusted"]), robust, bounds, twin))
    sd = ("in SD",) if in_units else ()
    head = ("value", "common preference", *sd, "p (Holm)", "confounder that would erase it", "bounds from refusals", "twin contrast")
    return Grid(head, tuple(out), frozenset(range(1, len(head))))


def _both_units(found: Decomposition, estimand: str) -> tuple[tuple[str, Grid], ...]:
    """Respondents in rows, values in columns: in the unit of the outcome, then in SD where the table has it."""
    units = ((found.unit, found.profiles), (SD, in_sd(found.profiles)))
    tables = ((unit, _by_value(rows, estimand, found.panel.values)) for unit, rows in units)
    return tuple((unit, table) for unit, table in tables if table.rows)


def _by_value(rows: pl.DataFrame, estimand: str, codes: tuple[str, ...]) -> Grid:
    found = estimates_of(rows, estimand)
    body = tuple((name, *(estimate_text(one.by_value.get(code)) for code in codes)) for name, one in found.items())
    head = ("persona" if estimand == "persona" else "respondent", *(value.code for value in values_of(codes)))
    return Grid(head, body[:ROWS], frozenset(range(1, len(codes) + 1)), more(len(body)))


def _steered(analysis: Analysis) -> str:
    """How many personas did what they were meant to."""
    aimed = [one for one in analysis.personas if one.target]
    if not aimed:
        return ""
    towards = sum(one.steered for one in aimed)
    away = sum(one.called and not one.steered for one in aimed)
    return (
        f"Of {plural(len(aimed), 'persona with a target', 'personas with a target')} (each model × persona × wording counts once), "
        f"{towards} moved towards it, {away} away from it, and {len(aimed) - towards - away} cannot be told from 0 "
        "(gain, Benjamini–Hochberg over all)."
    )


def _personas(analysis: Analysis) -> Grid:
    """In the order of the matrix."""
    steering = Steering(analysis)
    rows = [
        (
            steering.row(one.respondent, one.persona),
            one.model,
            ", ".join(f"{code}\u00a0{'+' if weight > 0 else '−'}{abs(weight):g}" for code, weight in one.target.items() if weight) or "–",
            estimate_text(one.gain),
            estimate_text(one.leakage).lstrip("+") + ("" if one.leakage_p is None else f", p {p_value(one.leakage_p)}"),
            estimate_text(one.transfer),
            prose(one.verdict),
        )
        for one in sorted(analysis.personas, key=lambda one: (steering.place(steering.row(one.respondent, one.persona)), one.model))
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


def _notes(analysis: Analysis) -> tuple[str, ...]:
    """What the decompositions say is not there, where the caveats do not say it already."""
    told = " ".join(analysis.caveats)
    found = [note for each in analysis.decompositions.values() for note in each.notes if note not in told]
    return tuple(prose(each) for each in dict.fromkeys(found))


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
