"""The sub-commands of `python -m evals.labels`."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from importlib import import_module

from personas.command import CommandParser
from personas.errors import UserError

__all__ = ["SUBCOMMANDS", "run"]

SUBCOMMANDS = {
    "judge": ("evals.labels.judge_command", "have models label what videos promote"),
    "gold": ("evals.labels.gold_command", "draw a sample for people to label, write it out, take their labels in"),
    "agreement": ("evals.labels.agreement_command", "how far judges, orders and people agree"),
    "loadings": ("evals.labels.loadings_command", "set the corpus's loadings from the labels that are there"),
}
"""First word, the module with its `main(arguments) -> int`, and what it does."""

_EXAMPLE = """\
examples:
  python -m evals.labels judge corpus/ --judges openai/NAME,anthropic/NAME,vllm/NAME@http://127.0.0.1:8000/v1 --two-step
  python -m evals.labels gold corpus/ --sample 300
  python -m evals.labels gold corpus/ --export gold.csv
  python -m evals.labels gold corpus/ --import gold.csv
  python -m evals.labels agreement corpus/

sub-commands, each with its own --help:
{commands}

exit codes: 0 done, 1 failed, 2 bad usage, 3 stopped by a limit, 130 interrupted
"""


def run(arguments: Sequence[str]) -> int:
    """Hand over to a sub-command. Returns the exit code. Raises AxiofeedError."""
    if arguments and arguments[0] in SUBCOMMANDS:
        code: int = import_module(SUBCOMMANDS[arguments[0]][0]).main(list(arguments[1:]))
        return code
    listing = "\n".join(f"  {name:<12} {what}" for name, (_, what) in SUBCOMMANDS.items())
    parser = CommandParser(
        prog="python -m evals.labels",
        usage=f"%(prog)s {{{','.join(SUBCOMMANDS)}}} CORPUS …",
        description="Labels of a corpus's videos: judges that are models, people's gold codes, and how far they agree.",
        epilog=_EXAMPLE.format(commands=listing),
        allow_abbrev=False,
    )
    parser.add_argument("--verbose", action="store_true", help="show where a fault of axiofeed lies")
    if not arguments:
        parser.print_help()
        return 2
    if not arguments[0].startswith("-"):
        near = get_close_matches(arguments[0], SUBCOMMANDS, 1)
        meant = f"did you mean {near[0]}" if near else f"choose one of: {', '.join(SUBCOMMANDS)}"
        raise UserError(f"there is no sub-command {arguments[0]!r}; {meant}")
    parser.parse_args(arguments)
    return 2
