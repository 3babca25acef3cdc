"""`python -m evals.culture run`: from the options to decks, to sessions of the engine, to the report."""

from __future__ import annotations

import argparse
import contextlib
import json
import sys
import tempfile
from pathlib import Path

from agent.experiments.command import checked_counts
from evals.culture.asking import Wanted, checked_conditions, checked_countries, plan_of, run_name
from evals.culture.conditions import CONDITIONS, needs_pictures
from evals.culture.decks import Design, designed
from evals.culture.pictures import Picture, read_pictures
from evals.culture.question_rows import read_survey
from evals.culture.sample import NAME, sample_pictures, sample_survey
from evals.culture.survey import as_asked
from evals.running import dry_run, listed_models, run_plan
from personas.errors import SpecError
from personas.one_line import one_line

__all__ = ["design_of", "run", "wanted_of"]


def run(options: argparse.Namespace) -> int:
    """Ask, then score. Returns the exit code. Raises AxiofeedError."""
    from agent.logs import configure_logs  # noqa: PLC0415 - structlog loads when used

    configure_logs(20 if options.verbose else 40)
    checked_counts(options)
    wanted, design = wanted_of(options), design_of(options)
    name = run_name(options.name, wanted, design)
    folder = Path(options.runs).resolve() / name
    if options.dry_run:
        return _dry_run(name, wanted, design, options)
    result = run_plan(plan_of(name, wanted, design, folder), options, "python -m evals.culture score", design.write)
    reported = not result.exit_code and not options.no_report and _report(folder, options)
    if options.json:
        about = {"folder": str(folder), **result.totals(), "remaining": result.remaining, "stopped": dict(result.stopped)}
        told = about | {"report": str(folder / "report" / "report.html") if reported else None}
        sys.stdout.write(json.dumps(told, ensure_ascii=False) + "\n")
    return result.exit_code


def wanted_of(options: argparse.Namespace) -> Wanted:
    """Whom to ask, and how often. Raises SpecError."""
    if options.repeats < 2 or options.repeats % 2 or options.repeats > 10_000:
        raise SpecError(f"--repeats takes an even number from 2, not {options.repeats}: each scale is shown forwards and backwards")
    asked = listed_models(options.model, options.model_option)
    return Wanted(asked, options.repeats, options.cells == "all", options.seed)


def design_of(options: argparse.Namespace) -> Design:
    """What is asked. Raises SpecError for options that do not go together, FeedError for files."""
    conditions = checked_conditions(options.conditions or (",".join(CONDITIONS) if options.images else "text,none"))
    shown = [condition for condition in conditions if needs_pictures(condition)]
    if shown and not options.images:
        raise SpecError(f"condition {shown[0]} shows pictures: give --images MANIFEST, or leave it out of --conditions")
    if not 1 <= options.pictures <= 16:
        raise SpecError(f"--pictures takes a whole number from 1 to 16, not {options.pictures}")
    whole = sample_survey() if options.questions == NAME else read_survey(Path(options.questions).expanduser())
    countries = checked_countries(options.countries, whole)
    survey, left = as_asked(whole, options.dont_know)
    if not survey.questions:
        raise SpecError(f"no question of the survey can be asked: {left[0].reason}")
    album = _album(options.images) if shown else ()
    return designed(
        survey,
        countries,
        conditions,
        album,
        dont_know=options.dont_know,
        count=options.pictures,
        seed=options.seed,
        exclusions=[each for each in left if not each.country or each.country in countries],
    )


def _album(given: str) -> tuple[Picture, ...]:
    return sample_pictures() if given == NAME else read_pictures(Path(given).expanduser())


def _dry_run(name: str, wanted: Wanted, design: Design, options: argparse.Namespace) -> int:
    """Print what would be asked, and what is left out. The decks are made in a folder that is gone afterwards."""
    with tempfile.TemporaryDirectory() as place:
        design.write(Path(place))
        code = dry_run(plan_of(name, wanted, design, Path(place).resolve()), options)
    if not options.json:
        for each in design.exclusions:
            named = " · ".join(filter(None, (each.question, each.country, each.condition)))
            sys.stdout.write(one_line(f"left out: {named}: {each.reason}", 400) + "\n")
    return code


def _report(folder: Path, options: argparse.Namespace) -> bool:
    """The report beside the sessions; where there is nothing to score, why not. Never fails the run."""
    from evals.culture.__main__ import main as command  # noqa: PLC0415 - it has the border for errors

    if not options.quiet:
        sys.stderr.write("scoring\n")
    with contextlib.redirect_stdout(sys.stderr) if options.json else contextlib.nullcontext():
        return command(["score", str(folder), "--out", str(folder / "report")]) == 0
