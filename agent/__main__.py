"""`axiofeed COMMAND …` (or `python -m agent COMMAND …`): the command lines of all packages under one name."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module

__all__ = ["COMMANDS", "main"]

COMMANDS = {
    "browse": ("agent.browse", "let a persona browse a feed"),
    "sweep": ("agent.sweep", "run an experiment of many sessions from a file"),
    "replay": ("agent.replay", "see what an agent saw: sessions as a page"),
    "rate": ("agent.rate", "let people rate a feed on the local page"),
    "personas": ("personas.__main__", "list, show and check personas"),
    "feedapp": ("environments.feedapp.__main__", "serve the local feed page"),
    "sites": ("environments.browser.__main__", "check the adapters of platforms' sites"),
    "recorded": ("environments.recorded.__main__", "what a recorded feed holds"),
    "adaptive": ("evals.adaptive.__main__", "what a recommender makes of a persona"),
    "values": ("evals.values.__main__", "from decisions to value-consistent preferences"),
    "catalogue": ("environments.catalogue.__main__", "the embedded clips: design table, rendering, contact sheet"),
}
"""Sub-command, the module with its `main(arguments) -> int`, and what it does."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Hand over to a sub-command; returns its exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    usage = "usage: axiofeed COMMAND [options]\n\n" + "\n".join(f"  {name:<10} {what}" for name, (_, what) in COMMANDS.items())
    if given and given[0] in {"-h", "--help"}:
        print(f"{usage}\n\n`axiofeed COMMAND --help` says more, with examples.")
        return 0
    if given == ["--version"]:
        from importlib.metadata import version  # noqa: PLC0415

        print(f"axiofeed {version('axiofeed')}")
        return 0
    if not given or given[0] not in COMMANDS:
        wrong = f"there is no command {given[0][:40]!r}" if given else "a command is missing"
        print(f"error: {wrong}; choose one of: {', '.join(COMMANDS)} (axiofeed --help)", file=sys.stderr)
        return 2
    code: int = import_module(COMMANDS[given[0]][0]).main(given[1:])
    return code


if __name__ == "__main__":
    sys.exit(main())
