"""`python -m agent.rate`: people watch the feed on the local page, and leave the same sessions as agents do."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from personas.command import CommandParser, complain
from personas.one_line import one_line

if TYPE_CHECKING:
    from agent.people.rater import RaterResult, Study

__all__ = ["main"]

EXAMPLE = """\
examples:
  python -m agent.rate --rater ana
  python -m agent.rate --feed ./my-clips --rater ana --rater ben --videos 20 --seed 7
  python -m agent.rate --rater ana --consent consent.txt --instructions instructions.txt --items questions.csv

Prints one link a rater and serves them to this machine until all are done. Ctrl-C stops; the same command goes on with the same links.
exit codes: 0 all are done, 1 failed, 2 bad usage (also: the port is in use), 130 stopped before all were done
"""


def build_parser() -> argparse.ArgumentParser:
    """The options. Names and files are checked when used."""
    parser = CommandParser(
        prog="python -m agent.rate",
        description="Let people watch a feed of short videos in their browser; everything they do is logged as an agent's session is.",
        epilog=EXAMPLE,
        allow_abbrev=False,
    )
    parser.add_argument(
        "--rater", action="append", required=True, metavar="NAME", help="who watches: letters, digits, - and _; may be repeated"
    )
    what = parser.add_argument_group("what is shown")
    what.add_argument("--feed", default="catalogue", metavar="catalogue|FOLDER", help="the embedded clips, or a folder of videos")
    what.add_argument("--videos", type=int, default=40, metavar="N", help="clips a rater (default: %(default)s)")
    what.add_argument(
        "--seed", type=int, default=0, metavar="N", help="of each rater's own order, and of random counts (default: %(default)s)"
    )
    what.add_argument("--policy", default="balanced", choices=("balanced", "shuffled"), help="order of the clips (default: %(default)s)")
    what.add_argument("--frames", type=int, default=3, metavar="K", help="pictures a clip in the trace (default: %(default)s)")
    what.add_argument(
        "--counts", choices=("shown", "hidden", "random"), default="shown", help="likes and comments on display (default: %(default)s)"
    )
    asked = parser.add_argument_group("what is asked")
    asked.add_argument("--consent", type=Path, metavar="FILE", help="text to agree to first; an empty file leaves it out")
    asked.add_argument("--instructions", type=Path, metavar="FILE", help="text before the first clip; an empty file leaves it out")
    asked.add_argument("--no-rating", action="store_true", help="do not ask for 0 to 5 after each clip")
    asked.add_argument("--items", type=Path, metavar="FILE.csv", help="questions at the end: columns text and, if wanted, code")
    asked.add_argument("--scale", nargs="+", metavar="LABEL", help="labels of the questions' points, from low to high (default: six)")
    run = parser.add_argument_group("run")
    run.add_argument("--runs", default="runs", metavar="DIR", help="where sessions and links are kept (default: runs)")
    run.add_argument("--port", type=int, metavar="N", help="port on 127.0.0.1 (default: the one of the links, else a free one)")
    run.add_argument("--json", action="store_true", help="one JSON summary on stdout, last line")
    run.add_argument("--quiet", action="store_true", help="no line after each clip")
    return parser


def study_from(options: argparse.Namespace) -> Study:
    """What all raters share. Raises UserError for what cannot be used."""
    from agent.people.questionnaire import SCALE, load_items  # noqa: PLC0415 - so that --help loads nothing
    from agent.people.rater import Study, check_rater_name  # noqa: PLC0415
    from agent.people.texts import CONSENT, INSTRUCTIONS, read_text  # noqa: PLC0415
    from personas.errors import SpecError  # noqa: PLC0415

    for name in options.rater:
        check_rater_name(name)
    if len({name.casefold() for name in options.rater}) < len(options.rater):
        raise SpecError("two raters have the same name; names differ in more than capitals")
    study = Study(
        feed=options.feed,
        videos=options.videos,
        seed=options.seed,
        policy=options.policy,
        frames=options.frames,
        rating=not options.no_rating,
        counts=options.counts,
        consent=CONSENT.strip() if options.consent is None else read_text(options.consent, "--consent"),
        instructions=INSTRUCTIONS.strip() if options.instructions is None else read_text(options.instructions, "--instructions"),
        items=load_items(options.items) if options.items else (),
        scale=tuple(options.scale or SCALE),
        runs=Path(options.runs),
    )
    if options.scale and not options.items:
        raise SpecError("--scale is for the questions of --items: give both")
    if options.seed < 0:
        raise SpecError(f"seed: must be 0 or more, not {options.seed}")
    study.page()  # what the page cannot show is told before anything is served
    study.spec(options.rater[0])
    return study


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit code."""
    options = build_parser().parse_args(arguments)
    from personas.errors import AxiofeedError  # noqa: PLC0415

    try:
        return _rate(options)
    except AxiofeedError as error:
        complain(str(error))
        return error.exit_code
    except KeyboardInterrupt:
        return 130


def _rate(options: argparse.Namespace) -> int:
    import asyncio  # noqa: PLC0415

    from agent.logs import configure_logs  # noqa: PLC0415

    configure_logs()
    study = study_from(options)
    results = asyncio.run(_serve(study, options))
    _report(results, options)
    return max(result.exit_code for result in results)


async def _serve(study: Study, options: argparse.Namespace) -> list[RaterResult]:
    """Serve until all are done; Ctrl-C and SIGTERM stop at once, since nothing but the clips in progress can be lost."""
    import asyncio  # noqa: PLC0415
    import contextlib  # noqa: PLC0415
    import signal  # noqa: PLC0415

    from agent.people.serving import serve_raters  # noqa: PLC0415

    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        with contextlib.suppress(NotImplementedError):  # Windows: Ctrl-C raises KeyboardInterrupt there
            asyncio.get_running_loop().add_signal_handler(number, stop.set)

    def tell(line: str) -> None:
        if not options.quiet:
            _say(line)

    return await serve_raters(study, options.rater, port=options.port, invite=_invite, tell=tell, stop=stop)


def _invite(name: str, link: str) -> None:
    sys.stdout.write(f"{name}  {link}\n")
    sys.stdout.flush()


def _report(results: Sequence[RaterResult], options: argparse.Namespace) -> None:
    """One line a rater, and how to go on."""
    for result in results:
        told = result.summary()
        _say(f"{result.rater}: {_standing(result)}. run folder: {result.folder}")
        if told.get("detail") and told["status"] == "failed":
            complain(f"{result.rater}: {told['detail']}")
    if any(result.exit_code for result in results):
        _say("To go on: the same command, with the same links")
    if options.json:
        sys.stdout.write(json.dumps({"raters": [result.summary() for result in results]}, ensure_ascii=False) + "\n")


def _standing(result: RaterResult) -> str:
    if result.session is None:
        return "stopped"
    totals = result.session.totals
    actions = ", ".join(f"{count} {kind}" for kind, count in totals["actions"].items() if count)
    questions = {"none": "", "open": ", questionnaire open", "complete": ", questionnaire complete"}[result.questionnaire]
    how = {"complete": "complete", "interrupted": "stopped"}.get(result.session.reason, result.session.reason)
    return f"{how}, {totals['steps']} clips{f' ({actions})' if actions else ''}{questions}"


def _say(line: str) -> None:
    """One line on stderr. File names may be in it, so nothing that steers a terminal goes through."""
    sys.stderr.write(one_line(line, None) + "\n")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main())
