"""`python -m environments.corpus index`: builds and extends indices where they pay, and tidies the files."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from environments.corpus.store import Corpus

__all__ = ["EXAMPLE", "add_options", "run"]

EXAMPLE = """example:
  python -m environments.corpus index corpus/

`add` does this at its end. exit codes: 0 done, 2 bad usage or no corpus, 130 interrupted. See docs/corpus.md."""


def add_options(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    parser.add_argument("corpus", metavar="CORPUS", help="the corpus: a folder, or the URL of an object store")
    parser.add_argument("--json", action="store_true", help="for machines")


def run(options: argparse.Namespace) -> int:
    """Build what pays, and print which indices there are. Returns the exit code; raises UserError in one line."""
    from environments.corpus.indexing import INDEX_FROM_ROWS, ensure_indices, index_states  # noqa: PLC0415 - so that --help loads nothing
    from environments.corpus.store import Corpus  # noqa: PLC0415

    corpus = Corpus.open(options.corpus)
    states = ensure_indices(corpus)
    large = len(corpus) >= INDEX_FROM_ROWS
    if large and any(each.rows_outside for each in states):
        _fold_in(corpus)
        states = index_states(corpus)
    if options.json:
        sys.stdout.write(json.dumps({"videos": len(corpus), "indices": [asdict(state) for state in states]}) + "\n")
        return 0
    lines = [f"{each.table}.{each.column:<13} {each.kind:<10} {each.rows:>9,} rows, {each.rows_outside:,} besides" for each in states]
    if not large and any(each.rows_outside for each in states):
        lines.append("rows besides an index are scanned, and found all the same; so few are not folded in")
    if not large:
        lines.append(f"{len(corpus):,} videos: vectors are scanned, which is as quick; an index is built from {INDEX_FROM_ROWS:,} on")
    sys.stdout.write("\n".join(lines) + "\n")
    return 0


def _fold_in(corpus: Corpus) -> None:
    """Take all rows into the indices that are there. Raises CorpusError."""
    from environments.corpus.making import told, writing  # noqa: PLC0415

    with told(corpus.uri), writing(corpus.folder):
        corpus.videos.optimize()
        corpus.frames.optimize()
