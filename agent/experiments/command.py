"""What every command that runs an experiment shares: its options, the limits they set, and a run with a view that Ctrl-C can stop.

Imports the standard library alone, so that a command's help stays quick; the rest loads when used.
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from agent.experiments.driver import Driver
    from agent.experiments.plan import Plan
    from agent.experiments.running import Result, Sweep

__all__ = ["EXIT_CODES", "add_limit_options", "add_run_options", "checked_counts", "limited", "run_with_view"]

EXIT_CODES = "exit codes: 0 complete, 1 sessions failed, 2 bad usage, 3 stopped by a limit, 130 interrupted. The same command carries on."

_LIMITS = (("usd", "X US dollars"), ("tokens", "N tokens"), ("requests", "N requests"), ("minutes", "X minutes"))


def add_limit_options(parser: argparse.ArgumentParser) -> None:
    """--workers, --concurrency, --max-usd, --max-tokens, --max-requests, --max-minutes."""
    parser.add_argument("--workers", type=int, metavar="N", help="processes (default: one a core, at most 4; 1 for a small run)")
    parser.add_argument("--concurrency", type=int, metavar="N", help="sessions at once of each model (default: 32 over HTTP, 8 in process)")
    for name, what in _LIMITS:
        parser.add_argument(f"--max-{name}", metavar=what.split()[0], help=f"stop at {what} over all runs")


def add_run_options(parser: argparse.ArgumentParser, runs: str | None = "runs") -> None:
    """The limits, and --runs, --dry-run, --json, --quiet, --verbose. `runs`: the default folder; None where the command chooses one."""
    told = f"default: {runs}" if runs else "default: beside the data"
    parser.add_argument("--runs", default=runs, metavar="DIR", help=f"the sessions' folder is made in there ({told})")
    parser.add_argument("--dry-run", action="store_true", help="print the plan: sessions, tokens, cost; run nothing")
    add_limit_options(parser)
    parser.add_argument("--json", action="store_true", help="one JSON summary on stdout, last line")
    parser.add_argument("--quiet", action="store_true", help="no progress")
    parser.add_argument("--verbose", action="store_true", help="log retries and other details; show where a fault of axiofeed lies")


def checked_counts(options: argparse.Namespace) -> None:
    """Raises SpecError for a number of workers or sessions that makes no sense."""
    from personas.errors import SpecError

    for name in ("workers", "concurrency"):
        if (given := getattr(options, name)) is not None and not 1 <= given <= 10_000:
            raise SpecError(f"--{name} takes a whole number from 1 to 10000, not {given}")


def limited(plan: Plan, options: argparse.Namespace) -> Plan:
    """The plan with the limits of the command line in place of the file's. Raises SpecError."""
    from dataclasses import replace

    from pydantic import ValidationError

    from agent.spec import complaint
    from personas.errors import SpecError

    given = {f"max_{name}": getattr(options, f"max_{name}") for name, _ in _LIMITS}
    stated = {name: value for name, value in given.items() if value is not None}
    limits = plan.experiment.limits
    try:
        limits = type(limits).model_validate(limits.model_dump() | stated)
    except ValidationError as error:
        raise SpecError(complaint(error)) from error
    return replace(plan, experiment=plan.experiment.model_copy(update={"limits": limits}))


def run_with_view(sweep: Sweep, *, quiet: bool = False) -> Result:
    """Run what is left, with a view on stderr. Ctrl-C once: what is in flight is finished; twice: stop now. The sweep is closed after."""
    import asyncio
    import contextlib
    import signal

    from rich.console import Console

    from agent.experiments.printing import SweepView

    async def run() -> Result:
        loop = asyncio.get_running_loop()

        def ready(driver: Driver) -> None:
            def stop() -> None:
                driver.stop("stopping: what is in flight is finished (Ctrl-C again: stop now)", now=bool(driver.stopping))

            for number in (signal.SIGINT, signal.SIGTERM):
                with contextlib.suppress(NotImplementedError):
                    loop.add_signal_handler(number, stop)

        with SweepView(Console(stderr=True), quiet=quiet) as view:
            return await sweep.run(view.see, ready)

    with contextlib.closing(sweep):
        return asyncio.run(run())
