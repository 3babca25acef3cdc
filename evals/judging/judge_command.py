"""`python -m evals.judging judge` and `pairs`: answers to judgements, what is new of them to sessions of the engine, then the report."""

from __future__ import annotations

import argparse
import contextlib
import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from agent.experiments.command import checked_counts
from evals.judging.able import check_able
from evals.judging.asking import Work, work_of
from evals.judging.collecting import Collected, collect, pairings
from evals.judging.going import dry, go
from evals.judging.judgements import BENCHMARK, Judgement, Pairing, Unmapped, judgement_run
from evals.report.folder import check_place
from evals.report.words import plural
from evals.running import listed_models
from personas.errors import SpecError, UserError
from personas.one_line import one_line

__all__ = ["run"]

_WORDINGS = 2


def run(options: argparse.Namespace) -> int:
    """Ask what is new, then score. Returns the exit code. Raises AxiofeedError."""
    from agent.logs import configure_logs  # noqa: PLC0415 - structlog loads when used

    configure_logs(20 if options.verbose else 40)
    checked_counts(options)
    if not 1 <= options.wordings <= _WORDINGS:
        raise SpecError(f"--wordings takes 1 or 2, not {options.wordings}")
    try:
        asked = listed_models(options.judges, options.model_option)
    except SpecError as error:
        raise SpecError(str(error).replace("--model ", "--judges ")) from None
    check_able(asked.models, "judge", "--judges")
    if options.out is not None:
        check_place(Path(options.out), f"axiofeed.{BENCHMARK}", BENCHMARK)  # before anything is paid for
    collected = collect(options.source, pictures=options.pictures)
    cells = tuple(range(options.wordings))
    with tempfile.TemporaryDirectory() as place:
        wanted = judgement_run(_wanted(collected, options), asked, Path(place), cells=cells, pictures=options.pictures, seed=options.seed)
        work = work_of(wanted, Path(options.runs), options.name, again=options.again)
        if not options.quiet and not options.json:
            _tell(collected, work)
        return dry(work.runs, options) if options.dry_run else _go(work, options)


def _wanted(collected: Collected, options: argparse.Namespace) -> Sequence[Judgement | Pairing | Unmapped]:
    if options.command == "pairs":
        return pairings(collected.answers)
    return [*collected.answers, *collected.unmapped]


def _tell(collected: Collected, work: Work) -> None:
    """What is asked, and what is not."""
    parts = [f"{plural(len(collected.answers), 'answer')} in words"]
    if collected.unmapped:
        parts.append(f"{plural(len(collected.unmapped), 'reply', 'replies')} that no rule could map to an option")
    left = ", ".join(f"{count:,} {state}" for state, count in sorted(collected.left.items()))
    told = f"{' and '.join(parts)}{f'; not judged: {left}' if left else ''}"
    for problem in collected.problems:
        if "they count as repeats" not in problem:  # other decks are other questions
            sys.stderr.write(one_line(problem, 300) + "\n")
    sys.stderr.write(f"{told}\n{plural(work.new, 'judgement')} to ask, {work.known:,} asked or begun before\n")


def _go(work: Work, options: argparse.Namespace) -> int:
    runs = Path(options.runs).resolve()
    code, about = go(work.runs, options, "python -m evals.judging score")
    report = None if code or options.no_report else _report([runs / name for name, _ in work.runs], runs, options)
    if options.json:
        told = {"runs": about, "asked": work.new, "known": work.known, "report": None if report is None else str(report)}
        sys.stdout.write(json.dumps(told, ensure_ascii=False) + "\n")
    return code


def _report(folders: Sequence[Path], runs: Path, options: argparse.Namespace) -> Path | None:
    """The report on all that was wanted; None where there is nothing to score, which has been said. Never fails the run."""
    from evals.judging.__main__ import main as command  # noqa: PLC0415 - it has the border for errors
    from evals.judging.gold_command import GOLD_FOLDER  # noqa: PLC0415

    if not folders:
        raise UserError("there is nothing to judge")
    out = Path(options.out) if options.out else folders[-1] / "report"
    gold = ["--gold", str(runs / GOLD_FOLDER)] if any((runs / GOLD_FOLDER).glob("*.jsonl")) else []
    if not options.quiet:
        sys.stderr.write("scoring\n")
    with contextlib.redirect_stdout(sys.stderr) if options.json else contextlib.nullcontext():
        done = command(["score", *map(str, folders), *gold, "--out", str(out)]) == 0
    return out / "report.html" if done else None
