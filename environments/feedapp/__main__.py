"""The local short-video page's command line: `python -m environments.feedapp --feed catalogue`."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import IO, TYPE_CHECKING

from environments.feeds import POLICIES
from personas.command import CommandParser, complain
from personas.errors import AxiofeedError, StorageFailed, UserError

if TYPE_CHECKING:
    from environments.feedapp.events import FeedEvent

__all__ = ["main"]

_EXAMPLE = """examples:
  python -m environments.feedapp --feed catalogue
  python -m environments.feedapp --feed ./my-clips --policy shuffled --seed 7 --events watched.jsonl

Prints the page's address and serves it to this machine alone until Ctrl-C.
exit codes: 1 failed, 2 bad usage (also: the port is in use), 130 stopped by Ctrl-C"""


def main(argv: Sequence[str] | None = None) -> int:
    """Serve the page until interrupted. Returns the exit code."""
    options = _parser().parse_args(argv)
    try:
        asyncio.run(_serve(options))
    except AxiofeedError as error:
        complain(str(error))
        return error.exit_code
    except KeyboardInterrupt:
        return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = CommandParser(
        prog="python -m environments.feedapp", description="A short-video feed as a web page, on this machine.", epilog=_EXAMPLE
    )
    parser.add_argument("--feed", default="catalogue", metavar="catalogue|FOLDER", help="what to show (default: %(default)s)")
    parser.add_argument("--port", type=int, default=0, metavar="N", help="port on 127.0.0.1 (default: a free one)")
    parser.add_argument("--policy", choices=POLICIES, default="balanced", help="the order of the clips (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of the order and of random counts (default: %(default)s)")
    parser.add_argument("--videos", type=int, metavar="N", help="end after N clips (default: all)")
    parser.add_argument(
        "--counts", choices=("shown", "hidden", "random"), default="shown", help="likes and comments on display (default: %(default)s)"
    )
    parser.add_argument(
        "--time-scale", type=float, default=1.0, metavar="X", help="clip seconds in a second, 0.1 to 16 (default: %(default)g)"
    )
    parser.add_argument("--events", type=Path, metavar="FILE", help="append what happens on the page to FILE, one JSON object a line")
    return parser


async def _serve(options: argparse.Namespace) -> None:
    from environments.feedapp.app import create_app, new_token  # noqa: PLC0415 - the server and the decoder load when used
    from environments.feedapp.serve import serve  # noqa: PLC0415
    from environments.feedapp.settings import PageSettings  # noqa: PLC0415
    from environments.feedapp.viewing import PolicyViewing  # noqa: PLC0415
    from environments.feeds import check_playable, load_feed  # noqa: PLC0415

    if options.videos is not None and options.videos < 1:
        raise UserError(f"--videos must be at least 1, not {options.videos}")
    settings = PageSettings(counts=options.counts, seed=options.seed, time_scale=options.time_scale)
    loaded = await asyncio.to_thread(load_feed, options.feed)
    check_playable(options.feed, loaded)
    for problem in loaded.problems:
        print(f"not shown: {problem}", file=sys.stderr)
    with _event_file(options.events) as file:
        viewing = PolicyViewing(
            loaded.items,
            policy=options.policy,
            seed=options.seed,
            videos=options.videos,
            settings=settings,
            on_event=_writer(file) if file else None,
        )
        token = new_token()
        async with serve(create_app({token: viewing}), options.port) as address:
            print(f"{address}/v/{token}", flush=True)
            await asyncio.Event().wait()


def _event_file(path: Path | None) -> AbstractContextManager[IO[str] | None]:
    if path is None:
        return nullcontext()
    try:
        return path.open("a", encoding="utf-8")
    except OSError as error:
        raise UserError(f"--events {path}: it cannot be written ({error.strerror}); name another file") from error


def _writer(file: IO[str]) -> Callable[[FeedEvent], None]:
    def write(event: FeedEvent) -> None:
        told = {name: value for name, value in asdict(event).items() if value not in (None, {})}
        try:
            file.write(json.dumps(told, ensure_ascii=False) + "\n")
            file.flush()
        except OSError as error:
            raise StorageFailed(f"events cannot be kept in {file.name}: {error.strerror}; free some space") from error

    return write


if __name__ == "__main__":
    sys.exit(main())
