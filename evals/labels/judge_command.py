"""`python -m evals.labels judge CORPUS`: models label what each video promotes, on the engine of experiments; then the loadings are set."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agent.experiments.command import EXIT_CODES, add_run_options
from evals.command_line import seed
from personas.command import CommandParser

if TYPE_CHECKING:
    from environments.corpus.store import Corpus
    from evals.labels.batches import Request

__all__ = ["main", "runs_folder"]

_EXAMPLE = """\
examples:
  python -m evals.labels judge corpus/ --judges openai/NAME,anthropic/NAME,vllm/NAME@http://127.0.0.1:8000/v1 --dry-run
  python -m evals.labels judge corpus/ --judges openai/NAME,anthropic/NAME,vllm/NAME@http://127.0.0.1:8000/v1 --two-step --max-usd 40
  python -m evals.labels judge corpus/ --judges openai/NAME --where "platform = 'tiktok'" --limit 500
  python -m evals.labels judge corpus/ --judges noisy-judge/sensitivity=0.8,noisy-judge/sensitivity=0.7

Take at least three judges, of families other than the models that will be studied: a judge is no independent witness of its own family.
"""


def main(arguments: Sequence[str]) -> int:
    """Plan, ask what is left, set the loadings. Returns the exit code. Raises AxiofeedError."""
    options = _parser().parse_args(arguments)
    from agent.experiments.command import checked_counts, limited  # noqa: PLC0415 - what runs loads when used
    from agent.experiments.running import check_models  # noqa: PLC0415
    from agent.logs import configure_logs  # noqa: PLC0415
    from environments.corpus.feed import open_corpus  # noqa: PLC0415
    from evals.labels.batches import Ledger  # noqa: PLC0415
    from evals.labels.costing import costs_of  # noqa: PLC0415
    from evals.labels.judge_printing import print_found, print_plan  # noqa: PLC0415
    from evals.labels.planning import next_batch, plan_of, wanted_videos  # noqa: PLC0415

    configure_logs(20 if options.verbose else 40)
    checked_counts(options)
    request = _request(options)
    corpus = open_corpus(options.corpus)
    wanted = wanted_videos(corpus, request, _within(options))
    ledger = Ledger(runs_folder(options.corpus, options.runs))
    with nullcontext() if options.dry_run else ledger.held():
        found = next_batch(request, wanted, corpus.codes(), ledger)
        batch = found.batch
        print_found(found, len(wanted.ids))
        if batch is not None:
            plan = limited(plan_of(batch, ledger), options)
            costs = costs_of(batch, corpus)
            if not options.quiet or options.dry_run:
                print_plan(batch, costs, resumed=found.resumed, to_stdout=options.dry_run and not options.json)
            if options.dry_run:
                told = {"batch": batch.name, "questions": batch.asked, "judges": [_cost(each) for each in costs]}
                _say(options, told | {"resumed": found.resumed})
                return 0
            _check_design(corpus, batch)
            check_models(plan)
            ledger.keep(batch)
            ledger.keep_pools(batch, options.corpus, wanted.words, labelled=_synthetic(batch))
    if batch is None and options.dry_run:
        _say(options, {"batch": None, "questions": 0, "judges": [], "resumed": False})
        return int(bool(found.unfinished))
    if batch is None:
        return _settle(corpus, ledger, options) or int(bool(found.unfinished))
    return _run(corpus, ledger, batch, plan, options)


def runs_folder(corpus: str, given: str | None) -> Path:
    """Where judges' sessions and batches are kept: as given, else within a local corpus, or beside where one works for a remote one."""
    if given is not None:
        return Path(given)
    if "://" in corpus:
        return Path("labels") / corpus.rstrip("/").rsplit("/", 1)[-1]
    return Path(corpus).expanduser() / "labels"


def _parser() -> argparse.ArgumentParser:
    parser = CommandParser(
        prog="python -m evals.labels judge",
        description="Have models label, value by value, what each video of a corpus promotes. What is there already is not asked again.",
        epilog=f"{_EXAMPLE}\n{EXIT_CODES}\n",
        allow_abbrev=False,
    )
    parser.add_argument("corpus", metavar="CORPUS", help="a corpus: its folder or URL")
    parser.add_argument(
        "--judges", action="append", required=True, metavar="MODEL[@URL],…", help="who judges; of a vllm/… or compatible/… one, its URL"
    )
    parser.add_argument("--two-step", action="store_true", help="first a neutral script of each video, then the values from it alone")
    parser.add_argument("--orders", type=int, default=2, metavar="N", help="prompt cells, 1 to 12; two are both orders (default: 2)")
    parser.add_argument("--frames", type=int, default=4, metavar="N", help="pictures of a video at most, 1 to 32 (default: 4)")
    parser.add_argument("--where", metavar="SQL", help="only these videos, such as \"platform = 'tiktok' AND duration_s < 60\"")
    parser.add_argument("--pool", metavar="FILE.toml", help="only the videos of this pool")
    parser.add_argument("--limit", type=int, metavar="N", help="only N videos, a random sample that a larger N contains")
    parser.add_argument(
        "--least", type=int, metavar="N", help="judges that a video's loadings need (default: 2; 1 where there is one judge)"
    )
    parser.add_argument("--again", action="store_true", help="ask again where a judge refused, failed, or could not be understood")
    parser.add_argument(
        "--anew", action="store_true", help="ask again what was labelled with other frames, model options or URL, and replace those labels"
    )
    parser.add_argument("--seed", type=seed, default=0, metavar="N", help="of the order in which videos are asked about (default: 0)")
    parser.add_argument("--model-option", action="append", default=[], metavar="KEY=VALUE", help="of every judge, such as temperature=0")
    add_run_options(parser, runs=None)
    return parser


def _request(options: argparse.Namespace) -> Request:
    """The request, checked. Raises UserError."""
    from agent.models.registry import ModelOptions, make_model  # noqa: PLC0415
    from agent.protocols.judging import CELLS  # noqa: PLC0415
    from evals.labels.batches import Request  # noqa: PLC0415
    from evals.labels.judges import parsed_judges  # noqa: PLC0415
    from evals.labels.settings import is_synthetic  # noqa: PLC0415
    from evals.running import option_pairs  # noqa: PLC0415
    from personas.errors import UserError  # noqa: PLC0415

    for name, low, high in (("orders", 1, CELLS), ("frames", 1, 32), ("limit", 1, 10**9), ("least", 1, 1000)):
        given = getattr(options, name)
        if given is not None and not low <= given <= high:
            raise UserError(f"--{name} takes a whole number from {low}{f' to {high}' if high < 1000 else ''}, not {given}")
    model_options = option_pairs(options.model_option)
    judges = parsed_judges(options.judges)
    for judge in judges:
        if is_synthetic(judge):  # it needs no key and no server: what is wrong with its name or options can be told at once
            make_model(judge.model, ModelOptions(judge.base_url, extra=model_options))
    return Request(
        judges=judges,
        two_step=options.two_step,
        orders=options.orders,
        frames=options.frames,
        where=options.where,
        limit=options.limit,
        seed=options.seed,
        again=options.again,
        anew=options.anew,
        pool=options.pool,
        model_options=model_options or None,
    )


def _within(options: argparse.Namespace) -> Sequence[str] | None:
    if options.pool is None:
        return None
    from environments.corpus.pool import read_pool  # noqa: PLC0415

    return read_pool(Path(options.pool)).ids()


def _synthetic(batch: Any) -> list[str]:
    from evals.labels.settings import is_synthetic  # noqa: PLC0415

    return sorted({task.judge.model for task in batch.tasks if is_synthetic(task.judge)})


def _check_design(corpus: Corpus, batch: Any) -> None:
    """Raises UserError where a judge that answers from the design's labels would answer from something else."""
    from evals.labels.corpus_loadings import design_is_there  # noqa: PLC0415
    from personas.errors import UserError  # noqa: PLC0415

    synthetic = set(_synthetic(batch))
    ids = {name for task in batch.tasks if task.judge.model in synthetic for name in task.videos}
    if ids and not design_is_there(corpus, ids):
        raise UserError(
            f"{min(synthetic)} answers from the design's labels, which not all of these videos have now; where judges' labels have taken "
            "their place, `python -m evals.labels loadings CORPUS --source design` puts them back"
        )


def _run(corpus: Corpus, ledger: Any, batch: Any, plan: Any, options: argparse.Namespace) -> int:
    """Ask what is left; keep the codes, and set the loadings once all is asked."""
    from rich.console import Console  # noqa: PLC0415

    from agent.experiments.command import run_with_view  # noqa: PLC0415
    from agent.experiments.running import Sweep  # noqa: PLC0415
    from evals.labels.changes import changed_sessions  # noqa: PLC0415
    from evals.labels.filing import file_codes  # noqa: PLC0415
    from evals.labels.judge_printing import print_end, print_tally  # noqa: PLC0415
    from evals.running import own_name  # noqa: PLC0415

    with own_name("choose another --runs, or restore what was there"):
        sweep = Sweep(plan, ledger.folder, workers=options.workers, concurrency=options.concurrency, verbose=options.verbose)
    result = run_with_view(sweep, quiet=options.quiet)
    tally = file_codes(corpus, result.folder, [planned.name for planned in plan.sessions], anew=batch.request.anew)
    changed = changed_sessions(plan, result)
    if changed:
        ledger.close(batch)
    print_end(result, Console(stderr=True, soft_wrap=True), changed=changed)
    if result.remaining:
        print_tally(tally)
        _say(options, {"batch": batch.name, **tally.as_dict(), "remaining_sessions": result.remaining, "folder": str(result.folder)})
        return result.exit_code
    ledger.done(batch)
    return _settle(corpus, ledger, options, tally=tally, batch=batch.name)


def _settle(corpus: Corpus, ledger: Any, options: argparse.Namespace, *, tally: Any = None, batch: str = "") -> int:
    """Set the loadings from all codes that are there, and tell what came of it."""
    from evals.labels.corpus_loadings import settle  # noqa: PLC0415
    from evals.labels.judge_printing import print_settled, print_tally  # noqa: PLC0415

    asked = {name for each in ledger.batches() if each.complete for task in each.tasks for name in task.videos}
    settled = settle(corpus, least=options.least, asked=asked)
    if not options.json:
        if tally is not None:
            print_tally(tally, settled.frame)
        print_settled(settled, corpus)
    about = {"batch": batch or None, **(tally.as_dict() if tally else {})}
    _say(options, about | {"videos": settled.frame.height, "without": len(settled.without), "by_judges": settled.by_judges})
    return 0


def _cost(each: Any) -> dict[str, Any]:
    from dataclasses import asdict  # noqa: PLC0415

    return asdict(each) | {"usd": None if each.usd is None else str(each.usd)}


def _say(options: argparse.Namespace, about: dict[str, Any]) -> None:
    if options.json:
        sys.stdout.write(json.dumps(about, ensure_ascii=False) + "\n")
