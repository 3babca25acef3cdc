"""`python -m evals.ch3ef check`: the figures of `evals.ch3ef.checking`, in words."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from evals.ch3ef.checking import Check

__all__ = ["run"]


def run(options: argparse.Namespace) -> int:
    """Print what was found. Returns 0, or 1 where an item cannot be scored or options are not turned. Raises FeedError."""
    from environments.decks.questions import read_questions  # noqa: PLC0415 - pydantic loads when used
    from evals.ch3ef.checking import checked  # noqa: PLC0415
    from evals.ch3ef.deck import faults_of  # noqa: PLC0415
    from evals.ch3ef.sample_items import SAMPLE, sample_folder  # noqa: PLC0415
    from evals.report.words import plural  # noqa: PLC0415

    deck = read_questions(sample_folder() if options.items == SAMPLE else Path(options.items).expanduser(), pictures=False)
    faults = faults_of(deck)
    found = checked([item for item in deck.items if item.options], options.seed) if any(item.options for item in deck.items) else None
    ok = not faults and (found is None or found.turned)
    if options.json:
        figures = {} if found is None else {name: _plain(value) for name, value in vars(found).items()}
        sys.stdout.write(json.dumps({"ok": ok, "faults": faults, **figures}) + "\n")
        return 0 if ok else 1
    lines = [f"wrong: {fault}" for fault in faults[:20]] + ([f"wrong: {len(faults) - 20} more"] if len(faults) > 20 else [])
    if found is None and not faults:
        lines.append(f"{plural(len(deck.items), 'item')} without options, each with a reference: there are no places to check")
    if found is not None:
        k = ", ".join(f"{count} with {options}" for options, count in found.options.items())
        lines += [
            f"{plural(found.items, 'item')}: {', '.join(f'{h} {count}' for h, count in found.by_h.items())}; options: {k}",
            f"tasks without items: {', '.join(found.lacking) or 'none'}",
            f"two right answers (one may say not to know): {found.two_right}",
            f"always A: {float(found.always_a):.4f} right over as many repeats as options, {float(found.expected):.4f} by chance"
            f" ({'equal' if found.turned else 'NOT EQUAL: the options are not turned'}); in one repeat of seed {options.seed}: "
            f"{float(found.once):.4f}",
            *(f"places of right options among {k}: {', '.join(map(str, row))}" for k, row in found.key_places.items()),
            f"always the longest option: {float(found.longest):.4f} right, {float(found.expected):.4f} by chance ({_longest(found)})",
        ]
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    return 0 if ok else 1


def _longest(found: Check) -> str:
    if found.given_away:
        return "above it by more than chance would do: the right answers give themselves away"
    return "as chance has it"


def _plain(value: object) -> object:
    from fractions import Fraction  # noqa: PLC0415

    return float(value) if isinstance(value, Fraction) else value
