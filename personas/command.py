"""What all command lines share: a parser whose mistakes are one line that says what is wrong, and how a command complains."""

from __future__ import annotations

import argparse
import sys
from typing import NoReturn

from personas.one_line import one_line

__all__ = ["CommandParser", "complain"]


class CommandParser(argparse.ArgumentParser):
    """As `argparse.ArgumentParser`, with epilogs kept as written. Exit code 2 for bad usage."""

    def __init__(self, **options: object) -> None:
        super().__init__(formatter_class=argparse.RawDescriptionHelpFormatter, **options)  # type: ignore[arg-type]

    def error(self, message: str) -> NoReturn:
        """End with one line on stderr."""
        complain(f"{message}; see `{self.prog} --help`")
        sys.exit(2)


def complain(message: str) -> None:
    """One line on stderr. File names and servers' words may be in it, so nothing that steers a terminal goes through."""
    sys.stderr.write(f"error: {one_line(message, None)}\n")
    sys.stderr.flush()
