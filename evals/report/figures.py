"""Which plots an analysis gets, by section of the report."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from functools import partial

import polars as pl

from evals.report.circle import circle
from evals.report.dots import Panel, dot_panels, dot_plot
from evals.report.estimates import Estimate, Series, estimates_of, how, limit_of, series_of
from evals.report.figure import Figure, figure
from evals.report.refusals import refusals
from evals.report.spectrum import spectrum_figures
from evals.report.steering_figures import Steering
from evals.report.structure import structure_figures, wave_figures
from evals.report.style import short, values_of
from evals.values.findings import Analysis

__all__ = ["Figures", "figures_of", "reference_people"]

CIRCLES, SERIES = 6, 4


@dataclass(frozen=True)
class Figures:
    """By section; empty where there is nothing to draw."""

    profile: tuple[Figure, ...]
    circles: tuple[Figure, ...]
    pooled: tuple[Figure, ...]
    matrix: tuple[Figure, ...]
    metrics: tuple[Figure, ...]
    panels: tuple[Figure, ...]
    channels: tuple[Figure, ...]
    spectrum: tuple[Figure, ...]
    refusals: tuple[Figure, ...]
    structure: tuple[Figure, ...]
    waves: tuple[Figure, ...]

    def __iter__(self) -> Iterator[Figure]:
        for part in fields(self):
            yield from getattr(self, part.name)


def figures_of(analysis: Analysis) -> Figures:
    """All plots that this analysis can fill."""
    steering = Steering(analysis)
    return Figures(
        profile=_profile(analysis),
        circles=_circles(analysis),
        pooled=steering.pooled(),
        matrix=steering.matrices(),
        metrics=steering.metrics(),
        panels=steering.panels(),
        channels=_channels(analysis),
        spectrum=_spectrum(analysis),
        refusals=_refusals(analysis),
        structure=structure_figures(analysis.structure),
        waves=wave_figures(analysis.structure),
    )


def reference_people(analysis: Analysis) -> list[str]:
    """The respondents whose own profiles are drawn: those that play the reference persona, else all."""
    found = analysis.primary
    there = set(found.profiles.filter(pl.col("estimand") == "priority")["respondent"].to_list())
    named = list(zip(found.panel.respondents, found.panel.personas, strict=True))
    reference = [name for name, persona in named if persona == found.contrast]
    return [name for name in reference or found.panel.respondents if name in there]


def _profile(analysis: Analysis) -> tuple[Figure, ...]:
    """The common preference with the twin contrast beside it; without a reference persona, priorities."""
    found, rows = analysis.primary, analysis.primary.profiles
    common = next(iter(estimates_of(rows, "common").values()), None)
    if common is None:
        return _priority(analysis, "profile")
    codes = found.panel.values
    twins = next(iter(estimates_of(rows, "twin").values()), None)
    comparable = rows.filter(pl.col("estimand") == "twin")["unit"].unique().to_list() == [found.unit]
    series: tuple[Series, ...] = (common,)
    names: tuple[str, ...] = ()
    if twins is not None and comparable:
        series, names = (common, twins), ("common preference, given the covariates", "twin contrast, by design")
    draw = partial(dot_plot, Panel("", series, found.unit), values_of(codes), codes, names=names)
    title = f"Common preference of the {short(found.contrast, 40)} persona"
    drawn = [
        figure(
            "profile",
            title,
            draw,
            f"Models weigh equally. Figures in dark ink differ from 0 after Holm's correction. {how(rows, 'common')}",
            500,
        )
    ]
    if twins is not None and not comparable:
        unit = rows.filter(pl.col("estimand") == "twin")["unit"][0]
        draw = partial(dot_plot, Panel("", (twins,), unit), values_of(codes), codes)
        drawn.append(figure("twins", "Twin contrast", draw, "The same frames with and without the value: identified by design.", 500))
    return (*drawn, *(_priority(analysis, "priority") if len(reference_people(analysis)) > 1 else ()))


def _priority(analysis: Analysis, name: str) -> tuple[Figure, ...]:
    """Own profiles, up to SERIES in one plot."""
    found, people = analysis.primary, reference_people(analysis)
    series = {person: one for person in people[:SERIES] if (one := series_of(found.profiles, person, "priority"))}
    if not series:
        return ()
    codes = found.panel.values
    draw = partial(
        dot_plot,
        Panel("", tuple(series.values()), found.unit),
        values_of(codes),
        codes,
        names=_names(analysis, list(series)) if len(series) > 1 else (),
    )
    caption = f"Each value against the mean of the respondent's own values. {how(found.profiles, 'priority')}" + _left(
        len(people) - len(series)
    )
    title = "Priority of each respondent" if len(series) > 1 else f"Priority of {short(people[0], 60)}"
    return (figure(name, title, draw, caption, 500),)


def _names(analysis: Analysis, people: list[str]) -> list[str]:
    """Reference respondents go by their model, where that names them; of one model alone, by what follows it."""
    panel = analysis.primary.panel
    models = {name: model for name, model in zip(panel.respondents, panel.models, strict=True) if name in people}
    plays = len(panel.of(analysis.primary.contrast)) > 0
    if plays and len(set(models.values())) == len(people):
        return [models[name] for name in people]
    alone = len(set(models.values())) == 1
    return [name.removeprefix(f"{models[name]} · ") if alone else name for name in people]


def _circles(analysis: Analysis) -> tuple[Figure, ...]:
    """Priorities on the circle, one figure a respondent, all on one scale."""
    found, people = analysis.primary, reference_people(analysis)
    series = [one for person in people[:CIRCLES] if (one := series_of(found.profiles, person, "priority"))]
    limit = limit_of(series) * 1.02
    codes = found.panel.values
    caption = "Priority: each value against the mean of the respondent's own. Further out is preferred more; the dark ring is 0."
    caption += f" {how(found.profiles, 'priority')}" + _left(len(people) - len(series))
    return tuple(
        figure(f"circle-{place}", one.name, partial(circle, one, values_of(codes), codes, limit), caption, 0)
        for place, one in enumerate(series, 1)
    )


def _left(more: int) -> str:
    return f" {more} more are in profiles.csv." if more > 0 else ""


def _channels(analysis: Analysis) -> tuple[Figure, ...]:
    """The common preference on each channel, or the first respondent's priority where there is no common one."""
    codes, panels = analysis.primary.panel.values, []
    for name, found in analysis.decompositions.items():
        common = next(iter(estimates_of(found.profiles, "common").values()), None)
        series = common or next(iter(estimates_of(found.profiles, "priority").values()), None)
        if series is not None and set(series.by_value) <= set(codes):
            limit = limit_of([series]) * 1.06
            panels.append(Panel(name, (series,), found.unit, scale=(-limit, limit)))
    if len(panels) < 2:
        return ()
    draw = partial(dot_panels, panels, values_of(codes), codes, columns=min(4, len(panels)), row=23)
    caption = "Each channel has a unit of its own: compare signs and orders, not lengths."
    return (figure("channels", "The same preference on each channel", draw, caption, 640),)


def _spectrum(analysis: Analysis) -> tuple[Figure, ...]:
    """Value-Spectrum's score of the reference respondents beside the published models'."""
    people = reference_people(analysis)
    return spectrum_figures(analysis.spectrum, people, _names(analysis, people))


def _refusals(analysis: Analysis) -> tuple[Figure, ...]:
    """Rates of refused and unparsable answers by value."""
    panel = analysis.primary.panel
    rates = refusals(panel)
    if not rates:
        return ()
    found = {code: Estimate(100 * rate.estimate, 100 * (rate.low or 0), 100 * (rate.high or 0)) for code, rate in rates.items()}
    series = Series("refused or unparsable", found)
    drawn = Panel("", (series,), "% refused or unparsable", scale=(0, max(1.0, limit_of([series]) * 1.06)))
    caption = "Of the questions about clips that promote the value, respondents together. "
    caption += "Lines are 95% Wilson intervals at the effective sample size, for the questions about one clip are not independent."
    draw = partial(dot_plot, drawn, values_of(panel.values), panel.values)
    return (figure("refusals", "Refusals by value", draw, caption, 500),)
