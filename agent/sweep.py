"""`python -m agent.sweep FILE`: an experiment of many sessions from a TOML file, run or carried on."""

from __future__ import annotations

import argparse
import io
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agent.experiments.command import EXIT_CODES, add_limit_options, checked_counts, limited, run_with_view
from personas.command import CommandParser, complain
from personas.one_line import one_line

if TYPE_CHECKING:
    from agent.experiments.plan import Plan
    from agent.experiments.running import Result

__all__ = ["main"]

EXAMPLE = """\
examples:
  python -m agent.sweep experiments/quick.toml
  python -m agent.sweep experiments/personas.toml --dry-run
  python -m agent.sweep experiments/models.toml --max-usd 20 --concurrency 64
  python -m agent.sweep experiments/personas.toml --executor ray --ray-address auto --runs /shared/runs

"""


def build_parser() -> argparse.ArgumentParser:
    """The options."""
    parser = CommandParser(
        prog="python -m agent.sweep",
        description="Run an experiment: models × personas × strategies × prompts × seeds × feeds, from a TOML file.",
        epilog=f"{EXAMPLE}{EXIT_CODES}\n",
        allow_abbrev=False,
    )
    parser.add_argument("experiment", metavar="FILE.toml", help="the experiment; see docs/sweep.md")
    parser.add_argument("--dry-run", action="store_true", help="print the plan: matrix, tokens, cost, power; run nothing")
    parser.add_argument(
        "--runs",
        default="runs",
        metavar="DIR|URL",
        help="the experiment's folder is made in there (default: runs); s3://… too",
    )
    parser.add_argument("--work", metavar="DIR", help="with --runs URL: where sessions run before they are stored (default: in the cache)")
    parser.add_argument("--new", action="store_true", help="where the file has changed since: run it beside the old one, as NAME-002")
    parser.add_argument(
        "--executor", choices=("asyncio", "ray"), default="asyncio", help="where workers run; ray: extra `ray` (default: asyncio)"
    )
    parser.add_argument("--ray-address", metavar="ADDR", help="a Ray cluster that is there, such as auto (default: one on this machine)")
    add_limit_options(parser)
    parser.add_argument("--no-report", action="store_true", help="do not analyse the decisions at the end")
    parser.add_argument("--json", action="store_true", help="one JSON summary on stdout, last line")
    parser.add_argument("--quiet", action="store_true", help="no progress")
    parser.add_argument("--verbose", action="store_true", help="log retries and other details; show where a fault of axiofeed lies")
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit code."""
    options = build_parser().parse_args(arguments)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    from personas.errors import AxiofeedError

    try:
        return _sweep(options)
    except AxiofeedError as error:
        complain(str(error))
        return error.exit_code
    except KeyboardInterrupt:
        return 130
    except Exception as bug:  # the border: what ran has been written
        if options.verbose:
            raise
        complain(f"{type(bug).__name__}: {one_line(str(bug), None, fold=True)} (a fault of axiofeed; --verbose shows where)")
        return 1


def _sweep(options: argparse.Namespace) -> int:
    from rich.console import Console

    from agent.experiments.plan import make_plan, new_name
    from agent.experiments.remote import free_name
    from agent.experiments.running import Sweep
    from agent.logs import configure_logs

    configure_logs(20 if options.verbose else 40)
    checked_counts(options)
    plan = limited(make_plan(Path(options.experiment)), options)
    runs, store = _places(options)
    if options.dry_run:
        return _dry_run(plan, options)
    if options.new:
        plan = _renamed(plan, free_name(store, plan.name) if store else new_name(plan.name, runs))
    sweep = Sweep(
        plan,
        runs,
        workers=options.workers,
        concurrency=options.concurrency,
        store=store,
        executor=options.executor,
        ray_address=options.ray_address,
        verbose=options.verbose,
    )
    result = run_with_view(sweep, quiet=options.quiet)
    reported = not result.remaining and not options.no_report and _report(plan, result, options)
    from agent.experiments.printing import print_result

    if sweep.mirror and reported:
        sweep.mirror.push_report()
    print_result(result, Console(stderr=True, soft_wrap=True), _values_command(plan, result, sweep.url))
    if options.json:
        print(json.dumps(_summary(plan, result, reported), ensure_ascii=False))
    return result.exit_code


def _places(options: argparse.Namespace) -> tuple[Path, str | None]:
    """Where sessions run, and the URL where they are kept, if any. Raises SpecError."""
    from agent.experiments.remote import is_url, work_folder
    from personas.errors import SpecError

    if options.ray_address and options.executor != "ray":
        raise SpecError("--ray-address goes with --executor ray")
    if is_url(options.runs):
        return Path(options.work) if options.work else work_folder(options.runs), options.runs
    if options.work:
        raise SpecError("--work goes with --runs URL; a folder needs none")
    return Path(options.runs), None


def _renamed(plan: Plan, name: str) -> Plan:
    from dataclasses import replace

    return replace(plan, experiment=plan.experiment.model_copy(update={"name": name}))


def _dry_run(plan: Plan, options: argparse.Namespace) -> int:
    """Print the plan; nothing is written."""
    from dataclasses import asdict

    from rich.console import Console

    from agent.experiments.estimate import estimates
    from agent.experiments.printing import print_plan

    found, power = estimates(plan), _power(plan)
    if options.json:
        models = [asdict(each) | {"usd": None if each.usd is None else str(each.usd)} for each in found]
        totals = {"sessions": len(plan.sessions), "decisions": plan.decisions, "unpaired": plan.unpaired()}
        about: dict[str, Any] = {"name": plan.name, "hash": plan.hash, "constants": plan.constants, "variables": plan.variables}
        print(json.dumps(about | totals | {"models": models, "power": power}, ensure_ascii=False))
        return 0
    print_plan(plan, found, power, Console(width=None if sys.stdout.isatty() else 140, highlight=False))
    return 0


def _power(plan: Plan) -> list[str]:
    """What the planned contrasts can detect, in a sentence or two; nothing where videos carry no labels that are known beforehand."""
    specs = [planned.spec for planned in plan.sessions]
    if any(spec.environment not in {"simulated", "browser"} or spec.feed != "catalogue" or spec.policy == "adaptive" for spec in specs):
        return []
    import math

    from environments.feeds import load_feed
    from evals.values.power import smallest_effect
    from personas.errors import UserError

    items = load_feed("catalogue").items
    values = sorted({value for item in items for value in item.labels or {}})
    share = sum(sum((item.labels or {}).get(value, 0) > 0 for item in items) / len(items) for value in values) / len(values)
    own = [spec for spec in specs if (spec.model, spec.persona) == (specs[0].model, plan.experiment.contrast)] or specs[:1]
    drawn = {spec.seed: min(spec.videos, len(items)) for spec in own}
    clips = len(items) * (1 - math.prod(1 - videos / len(items) for videos in drawn.values()))  # draws of different seeds overlap
    cells = max(1, round(sum(spec.videos for spec in own) / clips))
    present, models = clips * share, len(plan.models)
    try:
        one = smallest_effect("paired", cells, present, clips - present)
        all_models = smallest_effect("paired_models", cells, present, clips - present, models=models)
    except UserError:
        return []
    told = f"{present:.0f} of {clips:.0f} clips promote a value on average, each asked about {cells} times: a persona against "
    told += f"{plan.experiment.contrast} detects d = {one:.2f} at 80% power for one model"
    return [told + (f", {all_models:.2f} over {models} models" if models > 1 else "") + "."]


def _values_command(plan: Plan, result: Result, url: str | None) -> str:
    contrast = "" if plan.experiment.contrast == "default" else f" --contrast {plan.experiment.contrast}"
    return f"python -m evals.values {url or result.folder}{contrast} --out {result.folder}/report"


def _report(plan: Plan, result: Result, options: argparse.Namespace) -> bool:
    """The persona report beside the sessions; where there is nothing to decompose, why not. Never fails the sweep."""
    import contextlib

    from evals.values.__main__ import main as values

    if not options.quiet:
        sys.stderr.write("analysing the decisions\n")
    arguments = [str(result.folder), "--contrast", plan.experiment.contrast, "--out", str(result.folder / "report")]
    with contextlib.redirect_stdout(sys.stderr) if options.json else contextlib.nullcontext():
        return values(arguments) == 0


def _summary(plan: Plan, result: Result, reported: bool) -> dict[str, Any]:
    return {
        "experiment": plan.name,
        "folder": str(result.folder),
        "hash": plan.hash,
        **result.totals(),
        "remaining": result.remaining,
        "stopped": dict(result.stopped),
        "seconds": round(result.seconds, 1),
        "report": str(result.folder / "report" / "report.html") if reported else None,
    }


if __name__ == "__main__":
    sys.exit(main())
