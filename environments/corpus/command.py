"""The sub-commands of `python -m environments.corpus`. Each names its module, which is imported when it is asked for."""

from __future__ import annotations

import io
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module

from personas.command import CommandParser

__all__ = ["COMMANDS", "Entry", "run"]

_PROGRAM = "python -m environments.corpus"


@dataclass(frozen=True)
class Entry:
    """A sub-command: the module with `add_options(parser)`, `run(options) -> int` and perhaps `EXAMPLE`, and what it does, in one line."""

    module: str
    does: str


COMMANDS: Mapping[str, Entry] = {
    "add": Entry("environments.corpus.ingest.command", "add videos: folders, tables, links, recordings, the catalogue"),
    "search": Entry("environments.corpus.search_command", "find videos by words, by likeness and by a filter"),
    "stats": Entry("environments.corpus.stats_command", "what is in it, and what is missing"),
    "index": Entry("environments.corpus.index_command", "build and extend indices where they pay, tidy the files"),
    "pool": Entry("environments.corpus.pool_command", "draw a pool that is balanced over values and topics"),
}

_EXAMPLE = """examples:
  python -m environments.corpus add corpus/ catalogue path/to/videos
  python -m environments.corpus search corpus/ "family dinner" -k 5
  python -m environments.corpus stats corpus/
  python -m environments.corpus pool corpus/ --per-value 60 --topics 5 --out pool.toml

`python -m environments.corpus COMMAND --help` says more. CORPUS is a folder, or the URL of an object store (s3://…).
exit codes: 0 done, 1 failed, 2 bad usage or no corpus, 130 interrupted. See docs/corpus.md."""


def run(arguments: Sequence[str]) -> int:
    """Parse and run. Returns the exit code; raises AxiofeedError in one line."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # where the terminal cannot write a caption
    name = arguments[0] if arguments else ""
    if name not in COMMANDS:
        parser = CommandParser(prog=_PROGRAM, description="A corpus of short videos.", epilog=_EXAMPLE)
        commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
        for each, entry in COMMANDS.items():
            commands.add_parser(each, help=entry.does)
        parser.parse_args(list(arguments))
        return 0
    entry = COMMANDS[name]
    module = import_module(entry.module)
    does = entry.does[0].upper() + entry.does[1:] + "."
    parser = CommandParser(prog=f"{_PROGRAM} {name}", description=does, epilog=getattr(module, "EXAMPLE", _EXAMPLE))
    module.add_options(parser)
    return int(module.run(parser.parse_args(list(arguments[1:]))))
