"""`python -m evals.values questionnaire`: ask a model a value questionnaire and score it, or score answers that are there."""

from __future__ import annotations

import argparse
import io
import json
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from personas.command import CommandParser, complain
from personas.one_line import one_line

if TYPE_CHECKING:
    from evals.values.questionnaire.answers import Answers
    from evals.values.questionnaire.scoring import Scores

__all__ = ["main"]

EXAMPLE = """\
examples:
  python -m evals.values questionnaire --instrument pvq21 --answers answers.csv
  python -m evals.values questionnaire --instrument pvq21 --answers ess.csv --ess --out scores/
  python -m evals.values questionnaire --instrument own --items items.csv --answers runs/
  python -m evals.values questionnaire --instrument portraits --model reader --persona hedonist --persona default
  python -m evals.values questionnaire --instrument pvq40 --items items.csv --model openai/NAME --persona hedonist --max-usd 2

The texts of the published instruments are licensed: bring them in --items, a CSV file with the columns number and text.
`portraits` is a short form written for this package. It is unvalidated.
exit codes: 0 done, 1 failed, 2 bad usage, 3 stopped by a limit, 130 interrupted. The same command carries on with unfinished sessions.
"""


def _parser() -> argparse.ArgumentParser:
    parser = CommandParser(
        prog="python -m evals.values questionnaire",
        description="Schwartz value questionnaires: ask a model and score its answers, or score answers that are there.",
        epilog=EXAMPLE,
        allow_abbrev=False,
    )
    parser.add_argument("--instrument", required=True, metavar="NAME", help="pvq21, pvq40, pvqrr, svs57, portraits, or own")
    parser.add_argument("--items", metavar="FILE.csv", help="the texts: columns number, text and, for own instruments, code")
    given = parser.add_argument_group("answers that are there")
    given.add_argument(
        "--answers",
        metavar="FILE",
        help="CSV or Parquet: a row a respondent, or columns respondent, item, answer; or a run folder: sessions of people and models",
    )
    given.add_argument(
        "--ess",
        action=argparse.BooleanOptionalAction,
        default=None,
        help="codes of the European Social Survey, 1 = very much like me, to be reversed (default: where its names are used)",
    )
    asked = parser.add_argument_group("asking a model")
    asked.add_argument("--model", metavar="PROVIDER/NAME", help="who answers; see docs/models.md")
    asked.add_argument("--persona", action="append", metavar="NAME|FILE", help="who is played; may be repeated (default: default)")
    asked.add_argument("--paraphrase", type=int, metavar="N", help="which wording of the persona, from 0 (default: 0)")
    asked.add_argument("--base-url", metavar="URL", help="where the model is served")
    asked.add_argument("--model-option", action="append", metavar="KEY=VALUE", help="what the provider takes besides; may be repeated")
    asked.add_argument(
        "--repeats", type=int, metavar="N", help="times the whole questionnaire is asked; 6 use every wording and order once (default: 6)"
    )
    asked.add_argument("--seed", type=int, metavar="N", help="of the order of the items (default: 0)")
    asked.add_argument("--session", metavar="NAME", help="beginning of the sessions' names (default: from what is asked)")
    asked.add_argument("--runs", metavar="DIR", help="where sessions are kept (default: runs)")
    asked.add_argument("--max-usd", metavar="X", help="stop before more than X US dollars are spent")
    asked.add_argument("--quiet", action="store_true", help="no progress")
    out = parser.add_argument_group("output")
    out.add_argument("--out", metavar="DIR", help="write scores.csv, values.csv, retest.csv, answers.csv and notes.txt there")
    out.add_argument("--json", action="store_true", help="one JSON summary on stdout, last line")
    return parser


_ASKING = ("model", "persona", "paraphrase", "base_url", "model_option", "repeats", "seed", "session", "runs", "max_usd")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command. Returns the exit code."""
    options = _parser().parse_args(arguments)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    from personas.errors import AxiofeedError  # noqa: PLC0415 - so that --help loads nothing

    try:
        return _score(options) if _given(options) else _ask(options)
    except AxiofeedError as error:
        complain(str(error))
        return error.exit_code
    except KeyboardInterrupt:
        return 130


def _given(options: argparse.Namespace) -> bool:
    """Whether answers are there already. Raises UserError for options that do not go together."""
    from personas.errors import UserError  # noqa: PLC0415

    asking = [f"--{name.replace('_', '-')}" for name in _ASKING if getattr(options, name) is not None]
    if options.answers is not None and asking:
        raise UserError(f"--answers scores what was answered before, and {asking[0]} is for asking a model: leave one of them out")
    if options.answers is None and options.ess is not None:
        raise UserError("--ess is about the codes in a file of answers: give --answers FILE")
    if options.answers is None and options.model is None:
        raise UserError("give --answers FILE to score answers that are there, or --model PROVIDER/NAME to ask a model")
    return options.answers is not None


def _score(options: argparse.Namespace) -> int:
    from pathlib import Path  # noqa: PLC0415

    from evals.values.questionnaire.scoring import find_answers, scored  # noqa: PLC0415
    from personas.errors import UserError  # noqa: PLC0415

    folder = Path(options.answers).is_dir()
    if folder and options.ess is not None:
        raise UserError("--ess is about the codes in a file of answers, and --answers is a run folder: leave it out")
    answers, instrument = find_answers(options.answers, options.instrument, ess=options.ess, items=options.items)
    if options.items is not None and instrument.name != "own" and not folder:
        raise UserError(f"--items is not needed to score answers to {instrument.name}: leave it out")
    _report(scored(answers, instrument), answers, options)
    return 0


def _ask(options: argparse.Namespace) -> int:
    from pathlib import Path  # noqa: PLC0415

    from agent.logs import configure_logs  # noqa: PLC0415
    from evals.values.questionnaire.asking import answers_of, ask, plan  # noqa: PLC0415
    from evals.values.questionnaire.instruments import find_instrument  # noqa: PLC0415
    from evals.values.questionnaire.scoring import scored  # noqa: PLC0415

    configure_logs()
    instrument = find_instrument(options.instrument, options.items)
    runs = Path(options.runs or "runs")
    administrations = plan(
        instrument,
        options.items,
        options.persona or ["default"],
        repeats=6 if options.repeats is None else options.repeats,
        seed=options.seed or 0,
        session=options.session,
        **_fields(options),
    )
    asked = ask(administrations, runs, _limits(options), None if options.quiet else _progress(len(administrations)))
    _say_how_it_went(asked.results[-1], options)
    if asked.exit_code and not any(result.reason == "complete" and not result.exit_code for result in asked.results):
        return asked.exit_code
    answers = answers_of(asked.administrations, runs, instrument)
    _report(scored(answers, instrument), answers, options)
    return asked.exit_code


def _fields(options: argparse.Namespace) -> dict[str, Any]:
    from personas.errors import SpecError  # noqa: PLC0415

    pairs = [option.partition("=") for option in options.model_option or []]
    wrong = [key for key, equals, _ in pairs if not equals or not key]
    if wrong:
        raise SpecError(f"--model-option {wrong[0]!r}: write KEY=VALUE")
    if (options.seed or 0) < 0:
        raise SpecError(f"seed: must be 0 or more, not {options.seed}")
    fields = {name: getattr(options, name) for name in ("model", "paraphrase", "base_url") if getattr(options, name) is not None}
    return fields | {"model_options": {key: value for key, _, value in pairs}}


def _limits(options: argparse.Namespace) -> Any:
    from pydantic import ValidationError  # noqa: PLC0415

    from agent.spec import Limits, complaint  # noqa: PLC0415
    from personas.errors import SpecError  # noqa: PLC0415

    try:
        return Limits(max_usd=options.max_usd)
    except ValidationError as error:
        raise SpecError(complaint(error)) from error


def _progress(administrations: int) -> Any:
    """One line that is rewritten on a terminal, a line an administration elsewhere."""
    live = sys.stderr.isatty()
    begun: dict[str, int] = {}

    def progressed(session: str, done: int, items: int) -> None:
        number = begun.setdefault(session, len(begun) + 1)
        if live or done == items:
            again, end = "\r" if live else "", "\n" if done == items else ""
            sys.stderr.write(f"{again}{one_line(session, 100)}: {done}/{items} items ({number} of {administrations}){end}")
            sys.stderr.flush()

    return progressed


def _say_how_it_went(result: Any, options: argparse.Namespace) -> None:
    """One line on stderr where a session did not end as it should, and how to go on."""
    if result.reason == "complete" and result.exit_code == 0:
        return
    if result.reason == "complete":
        complain(f"no question was answered: all {result.totals['steps']} failed. run folder: {result.path}")
        return
    after = "" if "same command" in result.detail else f"; the same command {'with a higher limit ' * (result.reason == 'limit')}goes on"
    complain(f"{result.detail}{after}. run folder: {result.path}")


def _report(scores: Scores, answers: Answers, options: argparse.Namespace) -> None:
    from pathlib import Path  # noqa: PLC0415

    from rich.console import Console  # noqa: PLC0415

    from evals.values.questionnaire.printing import print_scores, summary, write_files  # noqa: PLC0415

    print_scores(scores, answers, Console(highlight=False, width=None if sys.stdout.isatty() else 120))
    if options.out is not None:
        written = write_files(scores, answers, Path(options.out))
        sys.stdout.write(f"written: {', '.join(written)} in {one_line(options.out, None)}\n")
    if options.json:
        sys.stdout.write(json.dumps(summary(scores, answers), ensure_ascii=False, allow_nan=False) + "\n")
