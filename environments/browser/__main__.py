"""`python -m environments.browser check SITE`: one table of what works on a site today."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from environments.browser.sites.registry import SITES
from personas.command import CommandParser
from personas.errors import AxiofeedError

if TYPE_CHECKING:
    from environments.browser.checking import Finding

__all__ = ["main"]

EXAMPLE = """examples:
  python -m environments.browser check youtube_shorts
  python -m environments.browser check tiktok --headed --profile ~/axiofeed-profile   log in by hand in the window, once
  python -m environments.browser check local

Looks at a few items as slowly as a person would. Nothing is pressed without --like; walls are told, never passed.
exit codes: 0 all works, 1 something does not, 2 bad usage, 130 interrupted. See docs/sites.md."""

MARKS = {"works": "ok", "fails": "NO", "unseen": "-", "note": ""}


def main(argv: Sequence[str] | None = None) -> int:
    """Check a site and print the table. Returns the exit code."""
    options = _parser().parse_args(argv)
    try:
        findings = asyncio.run(_check(options))
    except AxiofeedError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        return 130
    print(json.dumps([asdict(each) for each in findings]) if options.json else _table(options.site, findings))
    return int(any(each.state == "fails" for each in findings))


def _parser() -> argparse.ArgumentParser:
    parser = CommandParser(
        prog="python -m environments.browser",
        description="Feeds in a real browser.",
        epilog=EXAMPLE,
    )
    parser.add_argument("command", choices=("check",), help="check: what works on a site today")
    parser.add_argument("site", choices=tuple(SITES), metavar="SITE", help=", ".join(SITES))
    parser.add_argument("--headed", action="store_true", help="show the browser, and wait for you at a login or consent page")
    parser.add_argument("--profile", type=Path, metavar="DIR", help="folder that keeps the login from one time to the next")
    parser.add_argument("--like", action="store_true", help="press like on the first item, in your name (default: nothing is pressed)")
    parser.add_argument("--items", type=_some, default=3, metavar="N", help="how many items to look at, 1 to 20 (default: %(default)s)")
    parser.add_argument("--json", action="store_true", help="for machines")
    parser.add_argument("--base-url", default="", help=argparse.SUPPRESS)
    return parser


def _some(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 20:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1 to 20")
    return int(text)


async def _check(options: argparse.Namespace) -> list[Finding]:
    from environments.browser.checking import check_site, opened_site  # noqa: PLC0415 - a browser is loaded when it is used

    async with opened_site(options.site, options.base_url) as site:
        return await check_site(
            site,
            items=options.items,
            press_like=options.like,
            headed=options.headed,
            profile=options.profile,
            tell=lambda line: print(line, file=sys.stderr),
        )


def _table(site: str, findings: Sequence[Finding]) -> str:
    wide = max(len(each.what) for each in findings)
    lines = [f"{each.what:<{wide}}  {MARKS[each.state]:<2}  {each.detail}".rstrip() for each in findings]
    failed = [each.what for each in findings if each.state == "fails"]
    verdict = f"{site}: does not work: {', '.join(failed)}" if failed else f"{site}: works"
    return "\n".join([*lines, "", verdict])


if __name__ == "__main__":
    sys.exit(main())
