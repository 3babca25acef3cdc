"""`python -m evals.auto_bench judge`: answers that no rule can decide, to judges, through `evals.judging`."""

from __future__ import annotations

import argparse
import contextlib
import json
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from agent.experiments.command import checked_counts
from agent.protocols.registry import make_protocol
from environments.canonical import content_hash
from evals.auto_bench.declining import CRITERIA, CRITERION, declines
from evals.auto_bench.taxonomy import VALUE
from evals.benchmark.asking import ItemRun
from evals.judging.able import check_able
from evals.judging.asking import work_of
from evals.judging.collecting import collect
from evals.judging.going import CARRY_ON, dry, go
from evals.judging.judgements import Judgement, Unmapped, judgement_run
from evals.running import Asked, listed_models
from personas.errors import SpecError
from personas.one_line import one_line

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
        asked = listed_models(options.judges, options.model_option)
    except SpecError as error:
        raise SpecError(str(error).replace("--model ", "--judges ")) from None
    check_able(asked.models, "judge", "--judges")
    return asked


def _asked(made: ItemRun, options: argparse.Namespace) -> int:
    """Carry on what was begun, then what is new."""
    work = work_of(made, Path(options.runs), options.name, again=options.again)
    if options.dry_run:
        return dry(work.runs, options)
    code, told = go(work.runs, options, "python -m evals.judging score")
    if code in CARRY_ON and not options.no_report:
        _report(options)
    for run in told:  # after the report, which would hide it
        for why in [*(f"{name}: {why}" for name, why in run["stopped"].items()), *run["failures"]]:
            sys.stderr.write(one_line(f"not all is judged; {why} The same command goes on.", 400) + "\n")
    if options.json:
        sys.stdout.write(json.dumps({"judgements": len(made.items), "new": work.new, "runs": told}, ensure_ascii=False) + "\n")
    return code


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
