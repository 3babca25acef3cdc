"""A page of sentences, plots, tables and notes: one self-contained HTML file. All text is escaped, no script runs, nothing is fetched."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files
from typing import Any

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from evals.report.canvas import render
from evals.report.figure import Figure
from evals.report.sections import Section
from evals.report.style import short
from evals.report.words import prose
from personas.one_line import one_line

__all__ = ["plain_page"]


def plain_page(
    title: str,
    conclusions: Sequence[str],
    notes: Sequence[str],
    *,
    figures: Sequence[Figure] = (),
    tables: Sequence[Section] = (),
    written: Sequence[str] = (),
    template: tuple[str, str] | None = None,
    **more: Any,
) -> str:
    """The page. `written`: the files beside it. `template`: (package, name in its folder `assets`) of one that extends `plain.html.j2`, for
    which `more` is.
    """
    package, name = template or ("evals.report", "plain.html.j2")
    environment = Environment(
        loader=ChoiceLoader([PackageLoader(package, "assets"), PackageLoader("evals.report", "assets")]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["short"] = short
    drawn = {each.plot.name: render(each.plot) for each in figures}
    return environment.get_template(name).render(
        title=title,
        conclusions=[prose(one_line(each, None)) for each in conclusions],
        notes=[prose(one_line(each, None)) for each in notes],
        figures=figures,
        widths={name: drawing.width for name, drawing in drawn.items()},
        drawings={name: Markup(drawing.inline) for name, drawing in drawn.items()},  # noqa: S704 - its texts are escaped
        tables=tables,
        files=written,
        style=Markup(files("evals.report").joinpath("assets/report.css").read_text(encoding="utf-8")),  # noqa: S704 - our own file
        **more,
    )
