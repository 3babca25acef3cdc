"""`python -m evals.auto_bench export-sft`: curated items as training and test conversations."""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from pathlib import Path

from evals.auto_bench.exporting import check_place, export, write_export
from evals.auto_bench.sample import open_items
from evals.auto_bench.verification import answers_folder, read_checked
from personas.errors import SpecError, UserError

__all__ = ["run"]


def run(options: argparse.Namespace) -> int:
    """Read, split, write. Returns 0. Raises AxiofeedError."""
    path = Path(options.out).expanduser()
    check_place(path)
    if not 0 <= options.test < 1:
        raise SpecError(f"--test takes a share from 0 to below 1, not {options.test}")
    deck = open_items(options.items)
    good, checked = None, False
    if not options.all:
        try:
            good = read_checked(answers_folder(deck.folder, options.answers), deck.items).good
            checked = True
        except UserError:
            if options.answers is not None:
                raise
    found = export(deck, good, value=options.value, reasoning=options.reasoning, share=options.test, seed=options.seed)
    write_export(found, deck, path)
    held = path.with_suffix(".test.jsonl")
    if options.json:
        told = {"train": len(found.train), "test": len(found.test), "left": dict(found.left), "checked": checked}
        sys.stdout.write(json.dumps(told | {"by_skill": Counter(row["skill"] for row in found.train)}, ensure_ascii=False) + "\n")
        return 0
    sys.stdout.write(f"{len(found.train)} conversations to train on in {path}, {len(found.test)} held out in {held}; no image is in both\n")
    for why, count in found.left.items():
        sys.stdout.write(f"{count} items left out: {why}\n")
    if not checked and not options.all:
        sys.stdout.write("nobody has checked these items, so flawed ones are among them: `verify` first\n")
    return 0
