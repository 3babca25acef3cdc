"""The command lines' parser: the standard one, but a mistake is one line that says what is wrong and where help is."""

from __future__ import annotations

import argparse
from typing import NoReturn

__all__ = ["CommandParser"]


class CommandParser(argparse.ArgumentParser):
    """As `argparse.ArgumentParser`, with epilogs kept as written. Exit code 2 for bad usage."""

    def __init__(self, **options: object) -> None:
        super().__init__(formatter_class=argparse.RawDescriptionHelpFormatter, **options)  # type: ignore[arg-type]

    def error(self, message: str) -> NoReturn:
        """End with one line on stderr."""
        line = "".join(c if c.isprintable() else " " for c in message)
        self.exit(2, f"error: {line}; see `{self.prog} --help`\n")
