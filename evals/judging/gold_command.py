"""`python -m evals.judging gold`: draw the sample of answers that people judge, serve them the page, say how far they are."""

from __future__ import annotations

import argparse
import json
import shlex
import sys
from pathlib import Path
from typing import Any

from personas.errors import UserError
from personas.one_line import one_line

__all__ = ["GOLD_FOLDER", "run"]

GOLD_FOLDER = "judging-gold"
_RATERS = 2
"""So many tell how reliable people are."""


def run(options: argparse.Namespace) -> int:
    """Draw, serve, tell. Returns the exit code. Raises AxiofeedError."""
    from evals.annotating.answers import check_raters  # noqa: PLC0415 - pydantic and Polars load when used
    from evals.judging.gold import SAMPLE, read_sample  # noqa: PLC0415

    folder = Path(options.answers) if options.answers else Path(options.runs) / GOLD_FOLDER
    raters = [name.strip() for name in options.raters.split(",") if name.strip()] if options.raters is not None else None
    if raters is not None:
        check_raters(raters)
    if options.sample is not None or not (folder / SAMPLE).exists():
        _draw(options, folder)
    sample = read_sample(folder)
    if raters is not None:
        from evals.annotating.serving import serve_annotation  # noqa: PLC0415
        from evals.judging.gold import card_source, gold_form  # noqa: PLC0415

        source = card_source(sample, folder)
        serve_annotation(
            source, sample.ids, gold_form(), folder, raters, seed=options.seed, port=options.port, open_browser=not options.no_open
        )
    about = _standing(folder) | {"runs": options.runs}
    sys.stdout.write((json.dumps(about, ensure_ascii=False) if options.json else _told(about, len(raters or ()))) + "\n")
    return 0


def _draw(options: argparse.Namespace, folder: Path) -> None:
    """Draw the sample and keep it. Raises UserError where it is not said of what, SpecError for its size."""
    from evals.judging.collecting import collect  # noqa: PLC0415
    from evals.judging.gold import ADVISED, draw_gold, write_sample  # noqa: PLC0415

    if not options.source:
        where = one_line(str(folder), 200)
        raise UserError(f"no sample is drawn in {where}: name the runs whose answers people judge, and --sample {ADVISED}")
    collected = collect(options.source, pictures=options.pictures)
    write_sample(draw_gold(collected.answers, ADVISED if options.sample is None else options.sample, options.seed), folder)


def _standing(folder: Path) -> dict[str, Any]:
    """How much of the sample is judged, and by how many."""
    from evals.judging.gold import read_gold, read_sample  # noqa: PLC0415

    said = read_gold([folder])
    per = said.group_by("judgement").len()["len"].to_list()
    raters = {str(judge).removeprefix("person/"): int(count) for judge, count in said.group_by("judge").len().sort("judge").iter_rows()}
    sample = len(read_sample(folder).rows)
    return {"folder": str(folder), "sample": sample, "judged": len(per), "by_two": sum(count > 1 for count in per), "raters": raters}


def _told(about: dict[str, Any], asked: int) -> str:
    lines = [f"{about['judged']:,} of {about['sample']:,} answers of the sample are judged, {about['by_two']:,} by two people or more"]
    lines += [f"{one_line(rater)}: {count:,}" for rater, count in about["raters"].items()]
    if max(asked, len(about["raters"])) < _RATERS:
        lines.append("answers that two people judged tell how reliable people are: give two raters (--raters anna,ben)")
    elif about["by_two"] < about["sample"]:
        lines.append(f"{about['sample'] - about['by_two']:,} answers are not judged by two people yet: the same links go on")
    folder = one_line(about["folder"], 200)
    return "\n".join([*lines, f"folder: {folder}   next: python -m evals.judging score {_quoted(about)}"])


def _quoted(about: dict[str, Any]) -> str:
    """The folder of runs, as a shell takes it; with --gold where the sample lies elsewhere."""
    folder, runs = Path(about["folder"]), Path(about["runs"])
    beside = folder.resolve().parent == runs.resolve()
    return shlex.quote(str(runs)) + ("" if beside else f" --gold {shlex.quote(str(folder))}")
