"""`python -m evals.values`: sessions or a table of decisions in, value-consistent preferences out; and the sub-commands around it."""

from __future__ import annotations

import argparse
import json
import shlex
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from personas.command import CommandParser

if TYPE_CHECKING:
    import polars as pl

    from evals.values.findings import Analysis
    from evals.values.studies import Study

__all__ = ["SUBCOMMANDS", "run"]

SUBCOMMANDS = {
    "export": ("evals.values.export_command", "write the decisions as one Parquet or CSV table"),
    "power": ("evals.values.power_command", "how many videos are needed"),
    "questionnaire": ("evals.values.questionnaire.command", "ask or score one of Schwartz's questionnaires"),
    "calibrate": ("evals.values.calibration.command", "does the instrument measure? (planted respondents)"),
}
"""First word, the module with its `main(arguments) -> int`, and what it does. A folder of that name is reached as ./NAME."""

_EXAMPLE = """\
examples:
  python -m evals.values runs/
  python -m evals.values runs/ --out report/
  python -m evals.values runs/hedonist-reader-001 runs/default-reader-001 --channel like
  python -m evals.values decisions.parquet --loadings loadings.csv --out report/
  python -m evals.values export runs/ decisions.parquet

sub-commands, each with its own --help:
{commands}

exit codes: 0 done, 1 failed, 2 bad usage, 130 interrupted
"""


def run(arguments: Sequence[str]) -> int:
    """Hand over to a sub-command, or decompose. Returns the exit code. Raises AxiofeedError."""
    if arguments and arguments[0] in SUBCOMMANDS:
        code: int = import_module(SUBCOMMANDS[arguments[0]][0]).main(list(arguments[1:]))
        return code
    options = _parser().parse_args(arguments)
    study = _study(options)
    found = _results(study, options, f"python -m evals.values {shlex.join(arguments)}")
    written = _write(study, found, Path(options.out)) if options.out else []
    if options.json:
        sys.stdout.write(json.dumps(found.data, ensure_ascii=False, allow_nan=False) + "\n")
        return 0
    from evals.values.profile_printing import print_results  # noqa: PLC0415 - rich loads when used

    print_results(study, found.profiles, found.data, [str(path) for path in written])
    return 0


def _parser() -> argparse.ArgumentParser:
    listing = "\n".join(f"  {name:<14} {what}" for name, (_, what) in SUBCOMMANDS.items())
    parser = CommandParser(
        prog="python -m evals.values",
        description="Decompose decisions about videos into value-consistent preferences, with their uncertainty.",
        epilog=_EXAMPLE.format(commands=listing),
        allow_abbrev=False,
    )
    parser.add_argument(
        "source", nargs="+", metavar="SOURCE", help="a run folder, session folders, or one table of decisions (.parquet, .csv)"
    )
    parser.add_argument("--out", metavar="DIR", help="write profiles.csv, results.json, decisions.parquet and the report there")
    parser.add_argument("--contrast", default="default", metavar="PERSONA", help="what personas are compared with (default: default)")
    parser.add_argument("--channel", metavar="NAME", help="rating, like, skip, watch or dwell (default: the first of these with answers)")
    parser.add_argument(
        "--loadings", metavar="FILE", help='labels of the items (.csv, .parquet), or "embedding" (default: those in the traces)'
    )
    parser.add_argument(
        "--targets", metavar="FILE", help="what personas are meant to value: persona, SD, …, UN (default: those in the traces)"
    )
    parser.add_argument(
        "--estimator", choices=("a", "b"), default="a", help="a: least squares; b: Bayes, extra `bayes`, minutes (default: a)"
    )
    parser.add_argument("--interval", choices=("hc3", "bootstrap-t"), default="hc3", help="intervals of estimator a (default: hc3)")
    parser.add_argument("--draws", type=_whole, default=2000, metavar="B", help="draws of the bootstrap (default: 2000)")
    parser.add_argument("--level", type=_level, default=0.95, metavar="P", help="level of the intervals (default: 0.95)")
    parser.add_argument("--seed", type=_whole, default=0, metavar="N", help="of all random draws (default: 0)")
    parser.add_argument("--json", action="store_true", help="print JSON for machines")
    parser.add_argument("--verbose", action="store_true", help="show where a fault of axiofeed lies")
    return parser


def _whole(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"give a whole number from 0, not {text!r}")
    return int(text)


def _level(text: str) -> float:
    try:
        level = float(text)
    except ValueError:
        level = 0.0
    if not 0 < level < 1:
        raise argparse.ArgumentTypeError(f"give a level between 0 and 1, such as 0.95, not {text!r}")
    return level


def _study(options: argparse.Namespace) -> Study:
    """What is to be decomposed: the decisions about items with loadings. Raises UserError."""
    from evals.values.interchange import open_study  # noqa: PLC0415 - Polars loads when used
    from evals.values.studies import measurable  # noqa: PLC0415

    study = open_study(options.source, loadings=options.loadings, targets=options.targets)
    kept, left_out = measurable(study.decisions, study.required_loadings())
    return replace(study, decisions=kept, problems=(*study.problems, left_out)) if left_out else study


@dataclass(frozen=True)
class _Results:
    """What came out: the profiles of all channels, everything as JSON-able data, and the analysis, which estimator B does not give."""

    profiles: pl.DataFrame
    data: dict[str, Any]
    analysis: Analysis | None


def _results(study: Study, options: argparse.Namespace, command: str) -> _Results:
    """The one place where estimators are called. Raises UserError."""
    if options.estimator == "b":
        return _bayes(study, options, command)
    from evals.values.analysis import analyse  # noqa: PLC0415 - SciPy loads when used
    from evals.values.results import all_profiles, as_data  # noqa: PLC0415

    found = analyse(
        study,
        channel=options.channel,
        contrast=options.contrast,
        interval=options.interval,
        draws=options.draws,
        seed=options.seed,
        level=options.level,
        command=command,
    )
    return _Results(all_profiles(found), as_data(found), found)


def _bayes(study: Study, options: argparse.Namespace, command: str) -> _Results:
    from evals.values.estimator_b import fit_bayes  # noqa: PLC0415 - numpyro loads when used
    from evals.values.results import plain  # noqa: PLC0415

    fit = fit_bayes(
        study.decisions,
        study.required_loadings(),
        channel=options.channel or "rating",
        contrast=options.contrast,
        seed=options.seed,
        level=options.level,
        progress=sys.stderr.isatty(),
    )
    caveats = [*fit.notes, *study.problems]
    about = {"conclusions": [fit.sentence], "caveats": caveats, "provenance": study.provenance.as_dict(), "command": command}
    return _Results(fit.profiles, about | {"profiles": plain(fit.profiles)}, None)


def _write(study: Study, found: _Results, out: Path) -> list[Path]:
    """The report of an analysis, or profiles.csv and results.json without one; the decisions and what belongs to them beside it.

    Raises UserError for a folder that holds something else, StorageFailed.
    """
    from evals.values.interchange import export  # noqa: PLC0415
    from evals.values.results import as_json  # noqa: PLC0415
    from personas.errors import StorageFailed, UserError  # noqa: PLC0415

    if found.analysis is not None:
        from evals.report import write_report  # noqa: PLC0415 - Matplotlib loads when used

        return [*write_report(found.analysis, out), *export(study, out / "decisions.parquet")]
    if out.exists() and not out.is_dir():
        raise UserError(f"--out {out} is a file; give a folder")
    try:
        out.mkdir(parents=True, exist_ok=True)
        found.profiles.write_csv(out / "profiles.csv")
        (out / "results.json").write_bytes(as_json(found.data))
    except OSError as error:
        raise StorageFailed(f"cannot write to {out}: {error.strerror or error}; mend it or choose another --out") from error
    return [out / "profiles.csv", out / "results.json", *export(study, out / "decisions.parquet")]
