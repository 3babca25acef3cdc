"""`python -m evals.culture run`: from the options to decks, to sessions of the engine, to the report."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from evals.benchmark.running import run_decks
from evals.culture.asking import Wanted, checked_conditions, checked_countries, plan_of, run_name
from evals.culture.conditions import CONDITIONS, needs_pictures
from evals.culture.decks import Design, designed
from evals.culture.pictures import Picture, read_pictures
from evals.culture.question_rows import read_survey
from evals.culture.sample import NAME, sample_pictures, sample_survey
from evals.culture.survey import as_asked
from evals.running import listed_models
from personas.errors import SpecError
from personas.one_line import one_line

__all__ = ["design_of", "run", "wanted_of"]


def run(options: argparse.Namespace) -> int:
    """Ask, then score. Returns the exit code. Raises AxiofeedError."""
    from evals.culture.__main__ import main as command  # noqa: PLC0415 - it has the border for errors

    def score(folder: Path) -> int:
        return command(["score", str(folder), "--out", str(folder / "report")])

    wanted, design = wanted_of(options), design_of(options)
    name = run_name(options.name, wanted, design)
    code = run_decks(
        name,
        lambda folder: plan_of(name, wanted, design, folder),
        design.write,
        options,
        score=score,
        command="python -m evals.culture score",
    )
    if options.dry_run and not options.json:
        for each in design.exclusions:
            named = " · ".join(filter(None, (each.question, each.country, each.condition)))
            sys.stdout.write(one_line(f"left out: {named}: {each.reason}", 400) + "\n")
    return code


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
