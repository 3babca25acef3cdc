"""`python -m evals.mm_scale annotate`: people rate on the local page; what they said is exported as records."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from personas.errors import SpecError

__all__ = ["run"]


def run(options: argparse.Namespace) -> int:
    """Serve until stopped, then say how far it is, and export. Returns 0. Raises AxiofeedError."""
    from evals.mm_scale.annotating import card_source, rating_form, records_of, write_records  # noqa: PLC0415 - Starlette loads when used
    from evals.mm_scale.items import open_items  # noqa: PLC0415
    from evals.mm_scale.run_command import limited  # noqa: PLC0415
    from evals.mm_scale.sample import SAMPLE  # noqa: PLC0415

    if options.raters is None and options.export is None:
        raise SpecError("say who rates with --raters A,B, or write what was said with --export RECORDS.jsonl")
    if options.limit is not None and options.limit < 1:
        raise SpecError(f"--limit takes a whole number from 1, not {options.limit}")
    deck = open_items(options.items)
    items = limited(deck.items, options.limit, options.seed)
    folder = Path("annotations") if options.items == SAMPLE else deck.folder / "annotations"
    folder = folder if options.answers is None else Path(options.answers).expanduser()
    told: dict[str, Any] = {"answers": str(folder), "items": len(items)}
    if options.raters is not None:
        from evals.annotating.serving import serve_annotation  # noqa: PLC0415

        names = [name.strip() for name in options.raters.split(",") if name.strip()]
        ids = [item.id for item in items]
        opened = {"seed": options.seed, "port": options.port, "open_browser": not options.no_open}
        standings = serve_annotation(card_source(deck), ids, rating_form(), folder, names, **opened)
        told["done"] = {each.rater: each.done for each in standings}
    found = records_of(folder, items)
    told |= {"rated": len(found.rows), "shared": found.shared, "raters": found.raters, "elsewhere": found.elsewhere}
    if options.export is not None and (found.rows or options.raters is None):
        write_records(found, Path(options.export).expanduser())
        told["export"] = options.export
    _tell(told, as_json=options.json)
    return 0


def _tell(told: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        sys.stdout.write(json.dumps(told, ensure_ascii=False) + "\n")
        return
    people = ", ".join(f"{rater} {count:,}" for rater, count in told["raters"].items()) or "nobody yet"
    sys.stdout.write(f"{told['rated']:,} of {told['items']:,} scenarios rated ({people}), {told['shared']:,} by two or more\n")
    if told["elsewhere"]:
        sys.stdout.write(f"{told['elsewhere']:,} answers are about scenarios that are not among these: they stay in {told['answers']}\n")
    if "export" in told:
        sys.stdout.write(f"written: {told['export']}\n")
