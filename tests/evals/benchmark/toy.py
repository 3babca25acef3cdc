"""Which of two sums is larger? A benchmark in one file."""

from __future__ import annotations

from environments.decks.questions import Question
from evals.benchmark.base import Benchmark


def sample() -> list[dict[str, object]]:
    """Twenty questions, the right option first: the deck turns the options."""
    return [
        {
            "id": f"sum-{number:02d}",
            "text": f"Which is larger, {number} + 2 or {number} + 5?",
            "options": [f"{number} + 5", f"{number} + 2", "They are equal"],
            "key": [0],
            "about": {"kind": "odd" if number % 2 else "even"},
        }
        for number in range(20)
    ]


def check(item: Question) -> str:
    """Items of a user's own folder have to have a key."""
    return "" if item.key else "key: there is none; say which option is right"


BENCHMARK = Benchmark("toy", "Which sum is larger?", sample, protocol_of=lambda item: "choice", check=check)
