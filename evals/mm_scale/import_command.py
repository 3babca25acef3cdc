"""`python -m evals.mm_scale import`: records of ratings as items."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

__all__ = ["run"]


def run(options: argparse.Namespace) -> int:
    """Read all of it, then write. Returns 0. Raises FeedError, StorageFailed."""
    from evals.mm_scale.importing import LEFT_OUT, read_records, write_items  # noqa: PLC0415 - pydantic loads when used
    from evals.mm_scale.items import people_of  # noqa: PLC0415

    found = read_records(Path(options.records).expanduser(), Path(options.images).expanduser())
    out = Path(options.out).expanduser()
    write_items(found, out, skip_faulty=options.skip_faulty)
    people = [people_of(item).ratings for item in found.items]
    about = {
        "rows": found.rows,
        "items": len(found.items),
        "images": len({item.images[0] for item in found.items}),
        "ratings": sum(map(len, people)),
        "unrated": sum(not each for each in people),
    }
    if options.json:
        sys.stdout.write(json.dumps(about | {"left_out": [str(fault) for fault in found.faults]}, ensure_ascii=False) + "\n")
        return 0
    told = f"{about['items']} scenarios of {about['rows']} rows, with {about['images']} pictures and {about['ratings']} ratings"
    sys.stdout.write(f"{told}, in {out}\n")
    if about["unrated"]:
        sys.stdout.write(f"{about['unrated']} of them nobody has rated yet: python -m evals.mm_scale annotate --items {out} --raters A,B\n")
    if found.faults:
        sys.stdout.write(
            f"{len(found.faults)} rows were left out, each with its reason in {out / LEFT_OUT}; the first: {found.faults[0]}\n"
        )
    sys.stdout.write(f"next: python -m evals.mm_scale run --items {out} --model PROVIDER/NAME\n")
    return 0
