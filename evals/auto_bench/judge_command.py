"""`python -m evals.auto_bench judge`: answers that no rule can decide, to judges, through `evals.judging`."""

from __future__ import annotations

import argparse
import contextlib
import json
import sys
import tempfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from agent.experiments.command import checked_counts
from agent.protocols.registry import make_protocol
from evals.auto_bench.declining import CRITERIA, CRITERION, declines
from evals.auto_bench.taxonomy import VALUE
from evals.benchmark.asking import ItemRun, plan_of, write_decks
from evals.judging.asking import work_of
from evals.judging.collecting import collect
from evals.judging.judgements import Judgement, Unmapped, judgement_run
from evals.running import Asked, dry_run, listed_models, run_plan
from personas.errors import SpecError

__all__ = ["run", "to_judge"]


def run(options: argparse.Namespace) -> int:
    """Judge what is left, then score. Returns the exit code. Raises AxiofeedError."""
    from agent.logs import configure_logs  # noqa: PLC0415 - structlog loads when used

    configure_logs(20 if options.verbose else 40)
    checked_counts(options)
    cells = make_protocol("verdict").cells
    if not 1 <= options.wordings <= cells:
        raise SpecError(f"--wordings takes a whole number from 1 to {cells}, not {options.wordings}")
    if options.runs is None:
        options.runs = str(Path(options.source[0]).resolve().parent)
    asked = _judges(options)
    wanted = to_judge(options.source, pictures=options.pictures)
    with tempfile.TemporaryDirectory() as place:
        made = judgement_run(wanted, asked, Path(place), cells=tuple(range(options.wordings)), pictures=options.pictures, seed=options.seed)
        return _asked(made, options)


def _judges(options: argparse.Namespace) -> Asked:
    try:
        return listed_models(options.judges, options.model_option)
    except SpecError as error:
        raise SpecError(str(error).replace("--model ", "--judges ")) from None


def _asked(made: ItemRun, options: argparse.Namespace) -> int:
    """Carry on what was begun, then what is new; the first that does not end well ends it."""
    work = work_of(made, Path(options.runs), options.name)
    told: list[dict[str, Any]] = []
    code = 0
    for name, each in work.runs:
        if options.dry_run:
            code = _dry(name, each, options)
            continue
        folder = Path(options.runs).resolve() / name
        plan = plan_of(name, each, folder)
        result = run_plan(plan, options, "python -m evals.judging score", partial(_decks, each))
        told.append({"folder": str(folder), **result.totals(), "remaining": result.remaining})
        code = result.exit_code
        if code not in {0, 1}:
            break
    if options.dry_run:
        return code
    if code in {0, 1} and not options.no_report:
        _report(options)
    if options.json:
        sys.stdout.write(json.dumps({"judgements": len(made.items), "new": work.new, "runs": told}, ensure_ascii=False) + "\n")
    return code


def _decks(made: ItemRun, place: Path) -> None:
    """A run's decks; those that are there stay as they are."""
    if made.deck.folder.resolve() != place.resolve():
        write_decks(made, place)


def _dry(name: str, made: ItemRun, options: argparse.Namespace) -> int:
    with tempfile.TemporaryDirectory() as place:
        write_decks(made, Path(place))
        return dry_run(plan_of(name, made, Path(place).resolve()), options)


def _report(options: argparse.Namespace) -> None:
    """The report beside the run that was judged, anew."""
    from evals.auto_bench.__main__ import main as command  # noqa: PLC0415 - it has the border for errors

    first = Path(options.source[0])
    out = ["--out", str(first / "report")] if len(options.source) == 1 and (first / "benchmark.json").is_file() else []
    with contextlib.redirect_stdout(sys.stderr) if options.json else contextlib.nullcontext():
        command(["score", *options.source, "--verdicts", str(options.runs), *out])


def to_judge(paths: Sequence[str | Path], *, pictures: bool = False) -> list[Judgement | Unmapped]:
    """The answers in the runs that no rule decides, those of Value with their criterion. Raises UserError where there are none."""
    found = collect(paths, pictures=pictures)
    return [*(_with_criterion(each) for each in found.answers if not _by_rule(each)), *found.unmapped]


def _by_rule(answer: Judgement) -> bool:
    """Whether it is known without a judge: an answer to a question of Value that opens like a refusal."""
    return answer.about.get("capacity") == VALUE and declines(answer.prediction)


def _with_criterion(answer: Judgement) -> Judgement:
    kind = answer.about.get("kind", "")
    criterion = CRITERIA.get(kind) if answer.about.get("capacity") == VALUE else None
    if criterion is None:
        return answer
    return replace(
        answer,
        id=content_hash(["judgement with criterion", answer.id, criterion])[:24],
        reasoning=f"{criterion} {answer.reasoning}".strip(),
        about={**answer.about, CRITERION: kind},
    )
