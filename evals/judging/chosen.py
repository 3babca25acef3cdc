"""Which judges count in a score: those that the user names, never one that cannot judge; and what a reader is told of the rest."""

from __future__ import annotations

import re
from collections.abc import Sequence

import polars as pl

from evals.judging.able import can
from evals.judging.verdicts import UNJUDGED
from personas.errors import SpecError
from personas.one_line import one_line

__all__ = ["counting", "given_judges", "idle"]

_COMMA = re.compile(r",(?![^\[]*\])")
"""Between two names; those within brackets are of one judge's settings."""


def given_judges(given: str | None) -> tuple[str, ...]:
    """The judges in "A,B [x=1, y=2]", as typed; none where nothing was. Raises SpecError for a list without a name."""
    if given is None:
        return ()
    names = tuple(dict.fromkeys(" ".join(part.split()) for part in _COMMA.split(given) if part.strip()))
    if not names:
        raise SpecError("--judges names nothing: give judges as the report calls them, with commas between")
    return names


def counting(judged: pl.DataFrame, names: Sequence[str] = ()) -> tuple[pl.DataFrame, tuple[str, ...]]:
    """The rows of judges that count, and sentences on those that do not. `names`: only these; a model stands for all its settings and
    wordings, a name without wording for all of them. Raises SpecError for a name that no judge has."""
    unable = [judge for judge, model in _judges(judged) if not can(model, "judge")]
    there = [(judge, model) for judge, model in _judges(judged) if judge not in unable]
    for name in names:
        if not any(_is(name, judge, model) for judge, model in there):
            known = one_line(", ".join(judge for judge, _ in there) or "none", 300)
            raise SpecError(f"--judges: no judge here is called {one_line(name, 80)!r}; there are: {known}")
    kept = [judge for judge, model in there if not names or any(_is(name, judge, model) for name in names)]
    out = [judge for judge, _ in there if judge not in kept]
    notes = []
    if unable:
        notes.append(f"Left out, since it answers by rule and cannot judge: {one_line(', '.join(unable), 300)}.")
    if out:
        notes.append(f"Left out by --judges: {one_line(', '.join(out), 300)}.")
    return judged.filter(pl.col("judge").is_in(kept)), tuple(notes)


def _judges(judged: pl.DataFrame) -> list[tuple[str, str]]:
    """(name, model) of each judge."""
    return [(str(judge), str(model)) for judge, model in judged.select("judge", "model").unique(maintain_order=True).iter_rows()]


def _is(name: str, judge: str, model: str) -> bool:
    return name in {judge, model} or judge.startswith(f"{name} · ")


def idle(judged: pl.DataFrame) -> str | None:
    """A sentence on judges that decided nothing at all; None where there is none."""
    by_judge = judged.group_by("judge", maintain_order=True).agg((pl.col("verdict") != UNJUDGED).any().alias("any"))
    names = by_judge.filter(~pl.col("any"))["judge"].to_list()
    return f"Decided nothing, and so has no part in any score: {one_line(', '.join(names), 300)}." if names else None
