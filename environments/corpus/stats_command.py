"""`python -m environments.corpus stats`: what is in a corpus, and what is missing."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING

from personas.schwartz import NAMES

if TYPE_CHECKING:
    from environments.corpus.stats import Stats

__all__ = ["EXAMPLE", "add_options", "run"]

EXAMPLE = """example:
  python -m environments.corpus stats corpus/

A value is promoted where its loading is at least 0.25, opposed where it is at most -0.25, as in pools and scores. exit codes: 0 done,
2 bad usage or no corpus, 130 interrupted. See docs/corpus.md."""

_NAMED = 8  # of a facet; the rest is summed


def add_options(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    parser.add_argument("corpus", metavar="CORPUS", help="the corpus: a folder, or the URL of an object store")
    parser.add_argument("--json", action="store_true", help="for machines, with every count")


def run(options: argparse.Namespace) -> int:
    """Count and print. Returns the exit code; raises UserError in one line."""
    from environments.corpus.stats import stats_of  # noqa: PLC0415 - so that --help loads nothing
    from environments.corpus.store import Corpus  # noqa: PLC0415

    found = stats_of(Corpus.open(options.corpus))
    sys.stdout.write(json.dumps(asdict(found)) + "\n" if options.json else "\n".join(_lines(found)) + "\n")
    return 0


def _lines(found: Stats) -> list[str]:
    from environments.corpus.indexing import INDEX_FROM_ROWS  # noqa: PLC0415

    space = found.text_space if found.image_space is None else f"text {found.text_space}, pictures {found.image_space}"
    lines = [
        f"{'videos':<15}{found.videos:,}, {found.seconds / 60:,.1f} minutes, {found.frames:,} frames ({found.frame_files:,} different)",
        f"{'embedder':<15}{space}",
        *(f"{facet:<15}{_counted(counts)}" for facet, counts in found.by.items() if counts),
        f"{'duplicates':<15}{found.near_duplicates:,} videos in {found.near_duplicate_clusters:,} near-duplicate clusters",
        f"{'twins':<15}{found.twin_clusters:,} clusters",
        f"{'transcripts':<15}{found.transcripts:,}",
    ]
    lines += ["", *_value_lines(found), ""]
    for each in found.indices:
        lines.append(f"index over {each.table}.{each.column}: {each.kind}, {each.rows:,} rows, {each.rows_outside:,} besides")
    if found.videos < INDEX_FROM_ROWS:
        lines.append(f"vectors are scanned: below {INDEX_FROM_ROWS:,} videos that is as quick as an index")
    if found.missing:
        lines += ["", "missing: " + ", ".join(f"{name} {count:,}" for name, count in found.missing.items())]
    return lines


def _counted(counts: dict[str, int]) -> str:
    from personas.one_line import one_line  # noqa: PLC0415

    names = list(counts)
    rest = names[_NAMED:]
    shown = [f"{one_line(name, 30) or 'unknown'} {counts[name]:,}" for name in names[:_NAMED]]
    return ", ".join([*shown, *([f"{len(rest):,} more {sum(counts[name] for name in rest):,}"] if rest else [])])


def _value_lines(found: Stats) -> list[str]:
    from environments.corpus.strata import LEAST  # noqa: PLC0415

    if not found.labelled:
        return ["No video has loadings: label them first (python -m evals.labels judge …)."]
    head = f"{found.labelled:,} videos have loadings, {found.value_free:,} of them all 0."
    head += f" A value counts from a loading of {LEAST} or −{LEAST} on, as in pools and scores."
    table = [f"  {'':<18}{'promote':>8}{'topics':>8}{'oppose':>8}{'topics':>8}"]
    table += [
        f"  {NAMES[each.value]:<15}{each.value:<3}{each.promote:>8,}{each.promote_topics:>8,}{each.oppose:>8,}{each.oppose_topics:>8,}"
        for each in found.values
    ]
    return [head, *table]
