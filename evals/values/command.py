"""`python -m evals.values`: sessions or a table of decisions in, value-consistent preferences out; and the sub-commands around it."""

from __future__ import annotations

import argparse
import json
import shlex
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from difflib import get_close_matches
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from evals.command_line import share
from personas.command import CommandParser
from personas.errors import StorageFailed, UserError
from personas.schwartz import VALUES

if TYPE_CHECKING:
    import polars as pl

    from evals.values.findings import Analysis
    from evals.values.loadings import Loadings
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
  python -m evals.values runs/ --loadings corpus/
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
    _check(options)
    out = None if options.out is None else _place(options.out)
    with _waiting("reading the decisions"):
        study = _study(options)
    with _waiting("estimating") if options.estimator == "a" else nullcontext():  # b has a bar of its own
        found = _results(study, options, f"python -m evals.values {shlex.join(arguments)}")
    if out is not None:
        with _waiting("writing the report"):
            _write(study, found, out)
    if options.json:
        sys.stdout.write(json.dumps(found.data, ensure_ascii=False, allow_nan=False) + "\n")
        return 0
    from evals.values.profile_printing import print_results  # noqa: PLC0415 - rich loads when used

    print_results(study, found.profiles, found.data, level=options.level, out=out)
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
    parser.add_argument("--out", metavar="DIR", help="write report.html, plots, tables and the decisions there")
    parser.add_argument("--contrast", metavar="PERSONA", help="what personas are compared with (default: default)")
    parser.add_argument("--channel", metavar="NAME", help="rating, like, skip, watch or dwell (default: the first of these with answers)")
    parser.add_argument(
        "--loadings", metavar="FILE", help='labels of the items (.csv, .parquet, a corpus), or "embedding" (default: those in the traces)'
    )
    parser.add_argument(
        "--targets", metavar="FILE", help="what personas are meant to value: persona, SD, …, UN (default: those in the traces)"
    )
    parser.add_argument(
        "--estimator", choices=("a", "b"), default="a", help="a: least squares; b: Bayes, extra `bayes`, minutes (default: a)"
    )
    parser.add_argument("--interval", choices=("hc3", "bootstrap-t"), help="intervals of estimator a (default: hc3)")
    parser.add_argument(
        "--draws", type=_whole, metavar="B", help="of --interval bootstrap-t, 199 or more (default: 2000), or of each chain of b (1000)"
    )
    parser.add_argument("--warmup", type=_whole, metavar="B", help="warm-up steps of each chain of estimator b (default: 1000)")
    parser.add_argument(
        "--target-accept", type=share, metavar="P", help="higher, such as 0.98, where chains of b diverge: smaller steps (default: 0.9)"
    )
    parser.add_argument("--level", type=share, default=0.95, metavar="P", help="level of the intervals (default: 0.95)")
    parser.add_argument("--seed", type=_whole, default=0, metavar="N", help="of all random draws (default: 0)")
    parser.add_argument("--json", action="store_true", help="print JSON for machines")
    parser.add_argument("--verbose", action="store_true", help="show where a fault of axiofeed lies")
    return parser


def _whole(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"give a whole number from 0, not {text!r}")
    return int(text)


def _check(options: argparse.Namespace) -> None:
    """What can be told before anything is read. Raises UserError."""
    for source in options.source:
        _check_source(source)
    other = {"a": ("warmup", "target_accept"), "b": ("interval", "targets")}[options.estimator]
    for name in other:
        if getattr(options, name) is not None:
            wanted = "b" if options.estimator == "a" else "a"
            raise UserError(f"--{name.replace('_', '-')} belongs to estimator {wanted}; leave it out, or give --estimator {wanted}")
    if options.draws is not None and options.estimator == "a" and options.interval != "bootstrap-t":
        raise UserError("--draws belongs to --interval bootstrap-t (or --estimator b); add that, or leave --draws out")
    if options.estimator == "b" and (options.warmup == 0 or (options.draws is not None and options.draws < 10)):
        raise UserError("of estimator b --draws is at least 10 and --warmup at least 1, and both 1000 or more to pass its gate")


def _check_source(source: str) -> None:
    """A mistyped sub-command, and a file within a session, which would be told as a missing folder."""
    path = Path(source)
    if not path.exists() and (near := get_close_matches(source, SUBCOMMANDS, 1)):
        raise UserError(f"there is no folder {source!r}; the sub-command is `{near[0]}`, and stands first")
    if path.is_file() and path.name in {"session.json", "trace.jsonl"}:
        raise UserError(f"{source} is a file of a session; give the session's folder, {path.parent}, or the run folder above it")
    if path.is_file() and path.suffix.lower() not in {".parquet", ".pq", ".csv", ".tsv", ".txt"}:
        raise UserError(f"{source} is no table of decisions; give a .parquet or .csv file, a run folder or session folders")


def _place(given: str) -> Path:
    """Where the report goes, before minutes are spent on it. Raises UserError for a file, and for a folder that holds something else."""
    out = Path(given)
    above = next((path for path in (out, *out.parents) if path.exists()), out)
    if above.exists() and not above.is_dir():
        raise UserError(f"--out {given}: {above} is a file; give a folder")
    if out.is_dir() and not (out / "results.json").is_file() and any(out.iterdir()):
        raise UserError(f"--out {given} holds something else than a report; give an empty or a new folder")
    return out


@contextmanager
def _waiting(what: str) -> Iterator[None]:
    """A word on the terminal while it lasts; nothing elsewhere."""
    if not sys.stderr.isatty():
        yield
        return
    from rich.console import Console  # noqa: PLC0415 - rich loads when used

    with Console(stderr=True).status(f"{what} …"):
        yield


def _study(options: argparse.Namespace) -> Study:
    """What is to be decomposed: the decisions about items with loadings. Raises UserError."""
    from evals.values.interchange import open_study  # noqa: PLC0415 - Polars loads when used
    from evals.values.studies import measurable  # noqa: PLC0415

    study = open_study(options.source, loadings=options.loadings, targets=options.targets)
    kept, left_out = measurable(study.decisions, study.required_loadings())
    _check_contrast(options, kept["persona"].unique().sort().to_list())
    told = [sentence for sentence in (left_out, _unnamed(options, study.required_loadings())) if sentence]
    return replace(study, decisions=kept, problems=(*study.problems, *told))


def _check_contrast(options: argparse.Namespace, personas: Sequence[str]) -> None:
    """A --contrast that was given has to be there; the default may be missing, which the result says. Raises UserError."""
    if options.contrast is None:
        options.contrast = "default"
    elif options.contrast not in personas:
        from evals.values.tables import listed  # noqa: PLC0415

        raise UserError(f"nobody plays {options.contrast!r}; --contrast takes one of: {listed(personas, 12)}")


def _unnamed(options: argparse.Namespace, loadings: Loadings) -> str | None:
    """A sentence where a file of labels has some of the ten values and further columns, for one of these may be a value misspelt."""
    missing = [value for value in VALUES if value not in loadings.values]
    if options.loadings in {None, "embedding"} or not missing or not set(loadings.values) < set(VALUES):
        return None
    others = f"; further columns are held constant: {', '.join(loadings.covariates)}" if loadings.covariates else ""
    return f"The labels have no column for {', '.join(missing)}, so nothing is said about {'it' if len(missing) == 1 else 'them'}{others}."


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
        interval=options.interval or "hc3",
        draws=2000 if options.draws is None else options.draws,
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
        warmup=1000 if options.warmup is None else options.warmup,
        draws=1000 if options.draws is None else options.draws,
        target_accept=options.target_accept or 0.9,
        progress=sys.stderr.isatty(),
    )
    always = "These are value-consistent preferences under this elicitation, not values that a model holds."
    caveats = [always, *fit.notes, *study.problems]
    about = {"conclusions": [fit.sentence], "caveats": caveats, "provenance": study.provenance.as_dict(), "command": command}
    return _Results(fit.profiles, about | {"profiles": plain(fit.profiles)}, None)


def _write(study: Study, found: _Results, out: Path) -> None:
    """The report of an analysis, or profiles.csv and results.json without one; the decisions and what belongs to them beside it.

    Raises UserError for a folder that holds something else, StorageFailed.
    """
    from evals.values.interchange import export  # noqa: PLC0415
    from evals.values.results import as_json  # noqa: PLC0415

    if found.analysis is not None:
        from evals.report import write_report  # noqa: PLC0415 - Matplotlib loads when used

        write_report(found.analysis, out)
    else:
        try:
            out.mkdir(parents=True, exist_ok=True)
            found.profiles.write_csv(out / "profiles.csv")
            (out / "results.json").write_bytes(as_json(found.data))
        except OSError as error:
            raise StorageFailed(f"cannot write to {out}: {error.strerror or error}; mend it or choose another --out") from error
    export(study, out / "decisions.parquet")
