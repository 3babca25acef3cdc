"""What the command lines of evals share: the border where every error becomes one line and an exit code, and kinds of arguments."""

from __future__ import annotations

import argparse
import io
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module

from personas.command import CommandParser, complain
from personas.errors import AxiofeedError
from personas.one_line import one_line

__all__ = ["SubCommand", "bordered", "hand_over", "seed", "share"]

Adder = Callable[[argparse.ArgumentParser], None]


def bordered(run: Callable[[Sequence[str]], int], arguments: Sequence[str] | None) -> int:
    """Run a command; returns its exit code: 0 done, 1 failed, 2 bad usage, 130 interrupted. `--verbose` lets a fault of ours through."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # where the terminal cannot write a persona's name
    try:
        code = run(given)
        sys.stdout.flush()
    except AxiofeedError as error:
        complain(str(error))
        return error.exit_code
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or Python complains when it flushes at exit
        return 1
    except Exception as bug:  # the border
        if "--verbose" in given:
            raise
        complain(f"{type(bug).__name__}: {one_line(str(bug), None, fold=True)} (a fault of axiofeed; --verbose shows where)")
        return 1
    return code


@dataclass(frozen=True)
class SubCommand:
    """`module` has `run(options) -> int` and loads when used; `add` puts in its options: None where the module has `add_options`."""

    module: str
    what: str
    add: Adder | None = None
    epilog: str | None = None


def hand_over(package: str, description: str, epilog: str, commands: Mapping[str, SubCommand], arguments: Sequence[str]) -> int:
    """Run the sub-command that `arguments` name, of `python -m package`. Returns its exit code. Raises AxiofeedError."""
    parser = CommandParser(prog=f"python -m {package}", description=description, epilog=epilog, allow_abbrev=False)
    parsers = parser.add_subparsers(dest="command", required=True, metavar="COMMAND", parser_class=CommandParser)
    for name, command in commands.items():
        what = f"{command.what[0].upper()}{command.what[1:]}."
        sub = parsers.add_parser(name, help=command.what, description=what, epilog=command.epilog, allow_abbrev=False)
        if command.add is not None:
            command.add(sub)
        elif list(arguments[:1]) == [name]:
            import_module(command.module).add_options(sub)
    options = parser.parse_args(arguments)
    code: int = import_module(commands[options.command].module).run(options)
    return code


def seed(text: str) -> int:
    """A whole number from 0 to 2^63 − 1. Raises ArgumentTypeError."""
    try:
        found = int(text)
    except ValueError:
        found = -1
    if not 0 <= found < 2**63:
        raise argparse.ArgumentTypeError(f"give a whole number from 0, not {text[:40]!r}")
    return found


def share(text: str) -> float:
    """A number between 0 and 1. Raises ArgumentTypeError."""
    try:
        found = float(text)
    except ValueError:
        found = 0.0
    if not 1e-6 <= found <= 1 - 1e-6:
        raise argparse.ArgumentTypeError(f"give a number between 0 and 1, such as 0.95, not {text!r}")
    return found
