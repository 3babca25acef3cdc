"""`python -m evals.ch3ef import`: original files as items."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from evals.ch3ef.levels.registry import FORMATS
from personas.errors import SpecError

__all__ = ["run"]

_MOST_GROUPS = 8


def run(options: argparse.Namespace) -> int:
    """Read all of it, then write. Returns 0. Raises FeedError, SpecError, StorageFailed."""
    from evals.ch3ef.levels.base import Wanted  # noqa: PLC0415 - pydantic loads when used
    from evals.ch3ef.levels.keeping import LEFT_OUT, keep  # noqa: PLC0415

    if options.sample is not None and options.sample < 1:
        raise SpecError(f"--sample takes a whole number from 1, not {options.sample}")
    form, out = FORMATS[options.format], Path(options.out).expanduser()
    found = form.reader(Path(options.original).expanduser(), Wanted(options.split, options.seed))
    kept = keep(found, out, sample=options.sample, seed=options.seed, skip_faulty=options.skip_faulty)
    asides = len(kept.asides)
    if options.json:
        faults = [str(fault) for fault in kept.faults]
        groups = {"by_h" if form.level == "A3" else "by_task": kept.groups}
        about = {"dataset": form.dataset, "level": form.level, "rows": kept.rows, "items": kept.items}
        sys.stdout.write(json.dumps(about | groups | {"left_out": faults, "no_items": asides}, ensure_ascii=False) + "\n")
        return 0
    told = ", ".join(f"{name} {count}" for name, count in list(kept.groups.items())[:_MOST_GROUPS])
    more = f", and {len(kept.groups) - _MOST_GROUPS} more" if len(kept.groups) > _MOST_GROUPS else ""
    sys.stdout.write(f"{kept.items} items of {kept.rows} rows ({told}{more}) in {out}\n")
    listed = out / LEFT_OUT
    if kept.faults:
        sys.stdout.write(f"{len(kept.faults)} rows were left out, each with its reason in {listed}; the first: {kept.faults[0]}\n")
    if asides:
        sys.stdout.write(f"{asides} rows are no items, each with its reason in {listed}; the first: {kept.asides[0]}\n")
    sys.stdout.write(f"next: python -m evals.ch3ef {'check' if form.level == 'A3' else 'run --items'} {out}\n")
    return 0
