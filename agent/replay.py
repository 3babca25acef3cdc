"""`python -m agent.replay`: see what an agent saw and did: a page over run folders, or one file of it to send to a colleague."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from personas.command import CommandParser, complain

if TYPE_CHECKING:
    from agent.viewer.library import Library

__all__ = ["main"]

EXAMPLE = """\
examples:
  python -m agent.replay runs/
  python -m agent.replay runs/hedonist-reader-001
  python -m agent.replay runs/ --compare default hedonist
  python -m agent.replay runs/hedonist-reader-001 --export replay.html

The page is served to this machine alone, until Ctrl-C. Nothing is written but the export.
exit codes: 0 exported, 1 failed, 2 bad usage, 130 ended by Ctrl-C.
"""


def build_parser() -> argparse.ArgumentParser:
    """The options."""
    parser = CommandParser(
        prog="python -m agent.replay",
        description="Replay sessions: what was shown, asked, answered and done; compare them; follow those that run.",
        epilog=EXAMPLE,
        allow_abbrev=False,
    )
    parser.add_argument("runs", metavar="RUNS", help="a run folder, the folder of an experiment, or a session's folder")
    parser.add_argument("--port", type=int, default=0, metavar="N", help="serve on this port (default: a free one)")
    parser.add_argument("--no-open", action="store_true", help="do not open the page in a browser; its address is printed")
    parser.add_argument(
        "--compare", nargs="+", default=[], metavar="NAME", help="open on two or more side by side: names of sessions, personas or models"
    )
    parser.add_argument(
        "--export", metavar="FILE.html|FOLDER", help="write what the page shows into one file that needs no server, or into a folder"
    )
    parser.add_argument("--max-mb", type=float, default=50, metavar="X", help="the largest file to write, in MB (default: 50)")
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit code."""
    options = build_parser().parse_args(arguments)
    from personas.errors import AxiofeedError

    try:
        return _replay(options)
    except AxiofeedError as error:
        complain(str(error))
        return error.exit_code
    except KeyboardInterrupt:
        return 130


def _replay(options: argparse.Namespace) -> int:
    from pathlib import Path

    from agent.viewer.choosing import chosen_sessions
    from agent.viewer.library import open_library

    library = open_library(Path(options.runs))
    compare = chosen_sessions(library, options.compare) if options.compare else []
    if options.export is None:
        return _serve(library, compare, options)
    from agent.viewer.export import export

    written = export(library, Path(options.export), compare=compare, most_mb=options.max_mb)
    held = f"{written.sessions} session{'s' if written.sessions > 1 else ''}"
    without = f"; {written.frames_missing} pictures are not there any more" if written.frames_missing else ""
    print(f"wrote {written.path} ({written.bytes / 1e6:.1f} MB, {held}): open it in any browser{without}")
    return 0


def _serve(library: Library, compare: Sequence[str], options: argparse.Namespace) -> int:
    """Serve until Ctrl-C."""
    import asyncio
    import webbrowser
    from urllib.parse import quote

    from agent.viewer.app import create_app
    from environments.feedapp.serve import serve

    place = f"#/compare/{','.join(quote(name, safe='') for name in compare)}" if compare else ""

    async def run() -> None:
        async with serve(create_app(library), options.port) as address:
            page = f"{address}/{place}"
            print(f"replay of {library.title}: {page} (Ctrl-C ends it)", flush=True)
            if not options.no_open:
                await asyncio.to_thread(webbrowser.open, page)
            await asyncio.Event().wait()

    asyncio.run(run())
    return 0


if __name__ == "__main__":
    sys.exit(main())
