"""A benchmark in one file: which of two sums is larger. What `docs/benchmarks.md` walks through."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from environments.decks.questions import QuestionDeck, read_questions
from evals.benchmark.base import Benchmark


def open_items(given: str) -> QuestionDeck:
    """Twenty questions written here, or those of a folder."""
    if given != "sample":
        return read_questions(Path(given))
    rows = [
        {
            "id": f"sum-{number:02d}",
            "text": f"Which is larger, {number} + 2 or {number} + 5?",
            "options": [f"{number} + 5", f"{number} + 2", "They are equal"],
            "key": [0],
            "about": {"kind": "even" if number % 2 == 0 else "odd"},
        }
        for number in range(20)
    ]
    file = Path(tempfile.mkdtemp(prefix="toy-")) / "items.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return read_questions(file.parent)


BENCHMARK = Benchmark("toy", "Which sum is larger?", open_items, lambda item: "choice")
