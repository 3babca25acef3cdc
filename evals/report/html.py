"""The page: one self-contained HTML file. All text is escaped, no script runs, and nothing is fetched."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from evals.report.canvas import Drawing
from evals.report.figures import Figures
from evals.report.page import page_of
from evals.report.style import short
from evals.report.words import prose
from evals.values.findings import Analysis
from personas.one_line import one_line

__all__ = ["html_page"]

_SPACES = re.compile(r"[ \t\r\n\f\v]+")
LONGEST = 4000
"""Characters of one text; a longer one is cut."""


def html_page(analysis: Analysis, figures: Figures, drawings: Sequence[Drawing], written: Sequence[str] = ()) -> str:
    """The page with its plots inside. `written` are the names of the files beside it."""
    drawn = {drawing.plot.name: drawing for drawing in drawings}
    return (
        _environment()
        .get_template("report.html.j2")
        .render(
            analysis=analysis,
            page=page_of(analysis),
            figures=figures,
            drawn=drawn,
            written=written,
            style=Markup(_style()),  # noqa: S704 - our own file
        )
    )


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("evals.report", "assets"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_clean,
    )
    environment.filters["inline"] = lambda drawing: Markup(drawing.inline)  # noqa: S704 - written by `canvas`, its texts escaped
    environment.filters["short"] = short
    environment.filters["prose"] = prose
    return environment


def _clean(value: Any) -> Any:
    """Text from outside without what steers a page's reading: control characters and direction marks become visible."""
    if isinstance(value, str) and not isinstance(value, Markup):
        return one_line(_SPACES.sub(" ", value), LONGEST)
    return value


@cache
def _style() -> str:
    return files("evals.report").joinpath("assets/report.css").read_text(encoding="utf-8")
