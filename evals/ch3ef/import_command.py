"""`python -m evals.ch3ef import`: the original folder as items."""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from pathlib import Path

__all__ = ["run"]


def run(options: argparse.Namespace) -> int:
    """Read all of it, then write. Returns 0. Raises FeedError, StorageFailed."""
    from evals.ch3ef.importing import LEFT_OUT, read_original, write_items  # noqa: PLC0415 - pydantic loads when used

    found, out = read_original(Path(options.original).expanduser()), Path(options.out).expanduser()
    write_items(found, out, skip_faulty=options.skip_faulty)
    by_h = Counter(item.about["h"] for item in found.items)
    if options.json:
        faults = [str(fault) for fault in found.faults]
        sys.stdout.write(json.dumps({"rows": found.rows, "items": len(found.items), "by_h": by_h, "left_out": faults}) + "\n")
        return 0
    told = ", ".join(f"{h} {count}" for h, count in by_h.items())
    sys.stdout.write(f"{len(found.items)} items of {found.rows} rows ({told}) in {out}\n")
    if found.faults:
        sys.stdout.write(
            f"{len(found.faults)} rows were left out, each with its reason in {out / LEFT_OUT}; the first: {found.faults[0]}\n"
        )
    sys.stdout.write(f"next: python -m evals.ch3ef check {out}\n")
    return 0
