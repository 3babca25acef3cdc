"""Takes what judges' sessions hold into the corpus, once, however often a run was broken off; and counts what became of each question."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from agent.protocols.base import AnswerState
from environments.corpus.sql import in_list, quoted
from evals.labels.batches import Ledger
from evals.labels.folding import Judgement, codes_frame, judgements

if TYPE_CHECKING:
    from environments.corpus.store import Corpus

__all__ = ["Tally", "file_codes"]

AT_ONCE = 5_000
"""Judgements that are written together."""


@dataclass
class Tally:
    """What became of the questions.

    states      (judge, state) → answers
    kinds       (judge, kind of evidence) → codes other than 0
    unlabelled  (video, judge) → answers without labels; `asked`: all answers
    new         judgements that were not in the corpus before
    """

    states: Counter[tuple[str, str]] = field(default_factory=Counter)
    kinds: Counter[tuple[str, str]] = field(default_factory=Counter)
    unlabelled: Counter[tuple[str, str]] = field(default_factory=Counter)
    asked: Counter[tuple[str, str]] = field(default_factory=Counter)
    new: int = 0

    def see(self, each: Judgement) -> None:
        """Take one judgement in."""
        self.states[each.rater, each.state.value] += 1
        self.asked[each.video, each.rater] += 1
        if each.state is not AnswerState.ANSWERED:
            self.unlabelled[each.video, each.rater] += 1
        for kind in each.kinds.values():
            self.kinds[each.rater, kind] += 1

    @property
    def judges(self) -> list[str]:
        """Who was asked, by name."""
        return sorted({judge for judge, _ in self.states})

    def as_dict(self) -> dict[str, Any]:
        """As JSON-able data."""
        states = {judge: {state.value: self.states[judge, state.value] for state in AnswerState} for judge in self.judges}
        kinds = {judge: {kind: count for (who, kind), count in sorted(self.kinds.items()) if who == judge} for judge in self.judges}
        return {"answers": states, "evidence": kinds, "new": self.new}


def file_codes(corpus: Corpus, folder: Path, sessions: Sequence[str], *, anew: bool = False) -> Tally:
    """Add to the corpus the labels in an experiment's sessions that it does not have yet. Raises CorpusError, UserError, StorageFailed.

    A judgement is known by video, judge and prompt cell: killed between two writes, the next run adds the rest. With `anew` it takes the
    place of that of another experiment. Other commands that take labels into the same corpus wait meanwhile.
    """
    tally = Tally()
    with Ledger(folder.parent).held():
        mine = corpus.codes().filter(pl.col("kind") == "judge").unique(["video", "rater", "cell"])
        known = {(video, rater, cell): session for video, rater, cell, session in mine.select(*_KEY, "session").iter_rows()}
        waiting: list[Judgement] = []
        for each in _all(folder, sessions):
            tally.see(each)
            key = (each.video, each.rater, each.cell)
            other = anew and not known.get(key, each.session).startswith(f"{folder.name}/")
            if each.labels and (key not in known or other):
                known[key] = each.session
                waiting.append(each)
                tally.new += 1
            if len(waiting) >= AT_ONCE:
                _write(corpus, waiting, anew=anew)
                waiting = []
        _write(corpus, waiting, anew=anew)
    return tally


_KEY = ("video", "rater", "cell")


def _write(corpus: Corpus, found: Sequence[Judgement], *, anew: bool) -> None:
    if not anew:
        if found:
            corpus.add_codes(codes_frame(found))
        return
    groups: dict[tuple[str, int], list[Judgement]] = {}
    for each in found:
        groups.setdefault((each.rater, each.cell), []).append(each)
    for (rater, cell), some in groups.items():
        where = f"kind = 'judge' AND rater = {quoted(rater)} AND cell = {cell} AND {in_list('video', (each.video for each in some))}"
        corpus.replace_codes(codes_frame(some), where)


def _all(folder: Path, sessions: Iterable[str]) -> Iterator[Judgement]:
    for name in sessions:
        if (folder / name / "session.json").is_file():
            yield from judgements(folder / name, f"{folder.name}/{name}")
