"""`python -m agent.browse`: one browsing session from the command line, or two on the same clips."""

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
    from agent.browsing import Browsing
    from agent.session import SessionResult
    from agent.spec import Limits, SessionSpec

__all__ = ["main"]

EXAMPLE = """\
examples:
  python -m agent.browse --persona hedonist
  python -m agent.browse --persona hedonist --versus default
  python -m agent.browse --persona ./me.toml --feed path/to/videos --model openai/NAME --videos 40 --seed 7
  python -m agent.browse --model vllm/HF-ID --base-url http://127.0.0.1:8000/v1
  python -m agent.browse --model anthropic/NAME --protocol staged --memory recent:5 --max-usd 2

exit codes: 0 done, 1 failed, 2 bad usage, 3 stopped by a limit, 130 interrupted. The same command carries on with an unfinished session.
"""


def build_parser() -> argparse.ArgumentParser:
    """The options. Their values are checked by the spec, so that files and commands meet the same rules."""
    parser = CommandParser(
        prog="python -m agent.browse",
        description="Let a persona, played by a model, browse a feed of short videos; every decision is logged.",
        epilog=EXAMPLE,
        allow_abbrev=False,
    )
    who = parser.add_argument_group("respondent")
    who.add_argument(
        "--persona", metavar="NAME|FILE", help="a library persona (see `python -m personas list`) or a TOML file (default: default)"
    )
    who.add_argument("--paraphrase", type=int, metavar="N", help="which wording of the persona, from 0 (default: 0)")
    who.add_argument(
        "--strategy",
        metavar="narrative|none|simple|isq",
        help="how the persona is told: as it stands, not at all, as numbered sentences, with a questionnaire (default: narrative)",
    )
    who.add_argument("--placement", metavar="system|user", help="the message in which the persona stands (default: system)")
    who.add_argument("--versus", metavar="NAME|FILE", help="browse the same clips as this persona too, and compare")
    who.add_argument("--model", metavar="PROVIDER/NAME", help="who answers; see docs/models.md (default: reader, the embedded baseline)")
    who.add_argument("--base-url", metavar="URL", help="where the model is served")
    who.add_argument("--serve", action="store_true", help="start and stop `vllm serve` for a vllm/ model")
    who.add_argument(
        "--model-option", action="append", default=[], metavar="KEY=VALUE", help="what the provider takes besides; may be repeated"
    )
    what = parser.add_argument_group("stimuli and questions")
    what.add_argument("--environment", metavar="simulated|browser|recorded|deck", help="where the feed plays (default: simulated)")
    what.add_argument(
        "--feed",
        metavar="catalogue|FOLDER|CORPUS|POOL.toml",
        help="the embedded clips, a folder of videos, a corpus, a pool of one, a recorded feed (default: catalogue)",
    )
    what.add_argument(
        "--policy", metavar="balanced|shuffled|adaptive|recorded", help="order of the feed (default: balanced; a recorded feed: recorded)"
    )
    what.add_argument(
        "--protocol",
        metavar="feed|staged|spectrum|…",
        help="one question a clip, glance then react, like or not; of a deck likert, choice, rating, open … (default: feed)",
    )
    what.add_argument("--cell", metavar="rotate|N", help="prompt wording: all in turn, or one of them (default: rotate)")
    what.add_argument("--memory", metavar="none|recent:N", help="whether the model is told its last N actions (default: none)")
    what.add_argument("--frames", type=int, metavar="K", help="pictures a clip (default: 3)")
    what.add_argument("--videos", type=int, metavar="N", help="clips to be shown (default: 40)")
    what.add_argument("--seed", type=int, metavar="N", help="all randomness derives from it (default: 0)")
    what.add_argument("--condition", metavar="shown|none|wrong", help="of a deck of questions: what is done with pictures (default: shown)")
    what.add_argument(
        "--examples",
        metavar="none|KIND:K",
        help="of a deck of questions: K answered ones before each; random, similar, fixed (default: none)",
    )
    browser = parser.add_argument_group("browser", "only with --environment browser")
    browser.add_argument("--site", metavar="local|tiktok|youtube_shorts|instagram_reels", help="the page to open (default: local)")
    browser.add_argument("--headed", action="store_true", help="show the browser's window")
    browser.add_argument("--profile", metavar="DIR", help="on a platform's site: keep what you do by hand, such as logging in")
    browser.add_argument("--time-scale", type=float, metavar="X", help="seconds of clip a second on the local page (default: 1)")
    browser.add_argument("--counts", metavar="shown|hidden|random", help="counts on the local page (default: shown)")
    run = parser.add_argument_group("run")
    run.add_argument(
        "--session", metavar="NAME", help="name of the session (default: the unfinished one with this spec, else a new number)"
    )
    run.add_argument("--runs", default="runs", metavar="DIR", help="where sessions are kept (default: runs)")
    run.add_argument("--record", metavar="DIR", help="keep the feed as it is shown, to be replayed with --environment recorded --feed DIR")
    run.add_argument("--max-usd", metavar="X", help="stop before more than X US dollars are spent")
    run.add_argument("--max-minutes", metavar="X", help="stop after X minutes of work")
    run.add_argument("--max-steps", metavar="N", help="stop after N clips")
    run.add_argument("--json", action="store_true", help="one JSON summary on stdout, last line")
    run.add_argument("--quiet", action="store_true", help="no progress")
    run.add_argument("--verbose", action="store_true", help="log when the session begins, resumes and ends, too")
    return parser


SPEC_FIELDS = (
    "persona",
    "paraphrase",
    "strategy",
    "placement",
    "model",
    "base_url",
    "environment",
    "site",
    "counts",
    "time_scale",
    "feed",
    "condition",
    "examples",
    "policy",
    "protocol",
    "memory",
    "frames",
    "videos",
    "seed",
)


def spec_from(options: argparse.Namespace) -> SessionSpec:
    """The session's spec. Raises SpecError."""
    from agent.option_scopes import SCOPES, misplaced
    from agent.spec import make_spec
    from personas.errors import SpecError

    fields: dict[str, Any] = {name: getattr(options, name) for name in SPEC_FIELDS if getattr(options, name) is not None}
    if options.cell is not None:
        fields["cell"] = int(options.cell) if options.cell.isdecimal() else options.cell
    pairs = [option.partition("=") for option in options.model_option]
    wrong = [key for key, equals, _ in pairs if not equals or not key]
    if wrong:
        raise SpecError(f"--model-option {wrong[0]!r}: write KEY=VALUE")
    keys = [key for key, _, _ in pairs]
    if twice := [key for key in keys if keys.count(key) > 1]:
        raise SpecError(f"--model-option {twice[0][:60]} is given twice: give it once")
    spec = make_spec(**fields, serve=options.serve, model_options={key: value for key, _, value in pairs})
    given = [name for name in SCOPES if getattr(options, name) not in (None, False)]  # also at its default: the user meant something by it
    if complaint := misplaced(given, spec.environment, spec.site):
        raise SpecError(complaint)
    return spec


def limits_from(options: argparse.Namespace) -> Limits:
    """The limits. Raises SpecError."""
    from pydantic import ValidationError

    from agent.spec import Limits, complaint
    from personas.errors import SpecError

    try:
        return Limits(max_usd=options.max_usd, max_minutes=options.max_minutes, max_steps=options.max_steps)
    except ValidationError as error:
        raise SpecError(complaint(error)) from error


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit code."""
    options = build_parser().parse_args(arguments)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a caption must not fail a session where the terminal cannot write it
    from personas.errors import AxiofeedError

    try:
        return _browse(options)
    except AxiofeedError as error:
        complain(str(error))
        return error.exit_code
    except KeyboardInterrupt:
        return 130
    except Exception as bug:  # the border: the session's record has been written
        if options.verbose:
            raise
        complain(f"{type(bug).__name__}: {one_line(str(bug), None, fold=True)} (a fault of axiofeed; --verbose shows where)")
        return 1


def _browse(options: argparse.Namespace) -> int:
    from agent.logs import configure_logs
    from agent.preparing import check_session_name
    from personas.errors import SpecError

    configure_logs(20 if options.verbose else 30)
    spec, limits = spec_from(options), limits_from(options)
    specs = [spec]
    if options.versus == spec.persona:
        raise SpecError(f"--versus {options.versus} is the persona itself: name another one")
    names: list[str | None] = [options.session]
    if options.versus is not None:
        specs.append(spec.model_copy(update={"persona": options.versus}))
        names = _names_of_two(specs, options)
    for name in names:
        if name is not None:
            check_session_name(name)
    results = []
    for name, each in zip(names, specs, strict=True):
        result = _run(each, limits, name, options)
        results.append(result)
        limits = _what_is_left(limits, result)
        if result.exit_code:
            break
    _report(results, options)
    return max((result.exit_code for result in results), default=0)


def _names_of_two(specs: Sequence[SessionSpec], options: argparse.Namespace) -> list[str | None]:
    """The names of the two sessions of `--versus`. If the second was left unfinished, the first is taken as it was completed then."""
    from pathlib import Path

    from agent.preparing import latest_session
    from agent.session import resolved
    from personas.persona import load_persona

    first, second = (load_persona(spec.persona) for spec in specs)  # a wrong name is told before anything runs
    if options.session is not None:
        return [options.session, f"{options.session}-versus"]
    runs = Path(options.runs)
    unfinished = latest_session(resolved(specs[1]), second, runs, complete=False)
    return [latest_session(resolved(specs[0]), first, runs, complete=True) if unfinished else None, unfinished]


def _what_is_left(limits: Limits, result: SessionResult) -> Limits:
    """The limits of a command hold for all of its sessions together; steps are counted by the session."""
    from decimal import Decimal

    left: dict[str, Any] = {}
    if limits.max_usd is not None:
        left["max_usd"] = max(limits.max_usd - Decimal(result.totals["budgeted_usd"]), Decimal("0.000001"))
    if limits.max_minutes is not None:
        left["max_minutes"] = max(limits.max_minutes - result.totals["seconds"] / 60, 0.000001)
    return limits.model_copy(update=left)


def _run(spec: SessionSpec, limits: Limits, session: str | None, options: argparse.Namespace) -> SessionResult:
    """One session with a view of it. Ctrl-C once: stop after the current answer; twice: at once."""
    import asyncio
    import contextlib
    import signal
    from pathlib import Path

    from rich.console import Console

    from agent.session import LiveOptions, arun_session
    from agent.terminal import make_view

    console = Console(stderr=True)
    who = "reader (a baseline that reads words, no VLM)" if spec.model == "reader" else spec.model
    view = make_view(f"{spec.persona}, played by {who}", spec.videos, console, quiet=options.quiet)

    live = LiveOptions(options.headed, options.profile and Path(options.profile), options.record and Path(options.record))

    async def run() -> SessionResult:
        loop, task = asyncio.get_running_loop(), asyncio.current_task()
        assert task is not None, "a coroutine under asyncio.run is a task"

        def listen(agent: Browsing) -> None:
            if spec.serve and not options.quiet:
                console.print("vllm serve is starting; loading a model takes minutes", highlight=False)

            def stop() -> None:
                if agent.stop_requested:
                    task.cancel()
                agent.stop_requested = True

            view.expect(min(spec.videos, getattr(agent.environment, "total", spec.videos)))
            for number in (signal.SIGINT, signal.SIGTERM):
                with contextlib.suppress(NotImplementedError):  # Windows: Ctrl-C stops at once there
                    loop.add_signal_handler(number, stop)

        return await arun_session(spec, runs=options.runs, session=session, limits=limits, observer=view.see, on_start=listen, live=live)

    with view:
        return asyncio.run(run())


def _report(results: Sequence[SessionResult], options: argparse.Namespace) -> None:
    """The end of the command: what was seen, where it lies, how to go on."""
    from dataclasses import asdict

    from rich.console import Console

    from evals.values.first_look import compare, first_look
    from evals.values.printing import print_comparison, print_look, print_profiles

    console = Console(highlight=False, width=None if sys.stdout.isatty() else 120)
    looks = [first_look(result.path) for result in results if result.totals["steps"]]
    comparison = compare(*looks) if len(looks) == 2 else None
    for look in looks:
        print_look(look, console)
    print_profiles(looks, console)
    if comparison:
        print_comparison(comparison, looks[0].persona, looks[1].persona, console)
    console.print()
    for result in results:
        if result.reason == "failed" or (result.exit_code == 1):
            complain(_closing(result))
        else:
            console.print(_closing(result), markup=False, soft_wrap=True)
    if options.json:
        profiles = {look.session: asdict(look)["groups"] for look in looks}
        summaries = [result.summary() | {"profile": profiles.get(result.name, [])} for result in results]
        versus = {"sessions": summaries, "comparison": asdict(comparison) if comparison else None}
        print(json.dumps(summaries[0] if options.versus is None else versus, ensure_ascii=False))


def _closing(result: SessionResult) -> str:
    """One line: how the session ended, and where it is."""
    where = f"run folder: {result.path}"
    if result.already_complete:
        return f"session {result.name!r} is already complete; use another --session for a new one. {where}"
    if result.reason == "complete" and result.exit_code == 1:
        return f"no clip was answered: all {result.totals['steps']} failed, so this session says nothing. {where}"
    if result.reason == "complete":
        return f"complete{f' ({result.detail})' if result.detail else ''}. {where}"
    how = {"limit": "To go on: the same command with a higher limit", "interrupted": "To go on: the same command"}
    after = how.get(result.reason, "When that is mended, the same command goes on")
    return f"{'stopped: ' if result.reason == 'limit' else ''}{result.detail}. {after}. {where}"


if __name__ == "__main__":
    sys.exit(main())
