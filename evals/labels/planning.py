"""Which labels are wanted, and are not there yet, as a batch; and the batch as an experiment of the engine."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agent.experiments.matrix import expanded
from agent.experiments.plan import Plan
from agent.experiments.spec import ExperimentSpec
from environments.canonical import derived_seed
from evals.labels.batches import Batch, Ledger, Request, Task, hashed_order, shards
from evals.labels.judges import Judge
from evals.labels.settings import Settings, is_synthetic, settings_of, told_apart
from personas.errors import UserError
from personas.one_line import one_line

if TYPE_CHECKING:
    import polars as pl

    from environments.corpus.store import Corpus

__all__ = ["Found", "Wanted", "next_batch", "plan_of", "wanted_videos"]


@dataclass(frozen=True)
class Wanted:
    """The videos that a request is about, in the order in which they are taken; of each the pictures that are stored; and the words of
    those that have none."""

    ids: tuple[str, ...]
    pictures: Mapping[str, int]
    words: Mapping[str, str]


def wanted_videos(corpus: Corpus, request: Request, within: Sequence[str] | None = None) -> Wanted:
    """The videos to be labelled. `within`: only these, such as those of a pool. Raises UserError for none, CorpusError for a bad filter."""
    import polars as pl  # noqa: PLC0415 - loads when used

    rows = corpus.table(["id", "words", "frames"], where=request.where).with_columns(pl.col("frames").list.len().fill_null(0))
    if within is not None:
        rows = rows.filter(pl.col("id").is_in(pl.Series(within, dtype=pl.String).implode()))
    if rows.is_empty():
        told = f" that the filter {one_line(request.where)!r} lets through" if request.where else ""
        raise UserError(f"{one_line(corpus.uri)} has no video{told}: nothing is to be labelled")
    ids = hashed_order(rows["id"].to_list())[: request.limit]
    kept = rows.filter(pl.col("id").is_in(pl.Series(ids, dtype=pl.String).implode()))
    bare = kept.filter(pl.col("frames") == 0)
    return Wanted(tuple(ids), dict(kept.select("id", "frames").iter_rows()), dict(bare.select("id", "words").iter_rows()))


@dataclass
class Found:
    """What is there already of a request, counted in judgements, and what is left.

    batch      to be run; None where there is nothing to ask
    resumed    whether it was begun before
    otherwise  (judge, settings of then, settings of now) → labels that were made with other settings, and are kept
    unfinished name of another request's unfinished batch → judgements that wait in it
    in_vain    judgements that were asked for and gave no label
    """

    batch: Batch | None = None
    resumed: bool = False
    otherwise: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    unfinished: Counter[str] = field(default_factory=Counter)
    in_vain: int = 0


def next_batch(request: Request, wanted: Wanted, codes: pl.DataFrame, ledger: Ledger) -> Found:
    """What to ask next, and what is not asked, and why.

    An unfinished batch of the same request comes first, as it was written down. A new one holds what neither has a code nor stands in a
    batch, of the same judge and prompt cell; with `request.again` also what was asked for in vain, with `request.anew` also what was made
    with other settings. What a closed batch did not label is free.
    """
    known = ledger.batches()
    found = Found()
    for batch in known:
        if batch.unfinished and batch.request.key == request.key:
            found.batch, found.resumed = batch, True
            return found
    tasks = [task for judge in request.judges for task in _tasks(judge, request, wanted, codes, known=known, found=found)]
    found.batch = Batch(request, tuple(tasks)) if tasks else None
    return found


def _tasks(judge: Judge, request: Request, wanted: Wanted, codes: pl.DataFrame, *, known: Sequence[Batch], found: Found) -> list[Task]:
    """What one judge is still to be asked: cells with the same videos together."""
    import polars as pl  # noqa: PLC0415

    mine = codes.filter((pl.col("kind") == "judge") & (pl.col("rater") == judge.rater(two_step=request.two_step)))
    groups: dict[tuple[tuple[str, ...], int], list[int]] = {}
    for cell in range(request.orders):
        there = dict(mine.filter(pl.col("cell") == cell).select("video", "session").unique("video").iter_rows())
        asked = _Asked(judge, request, wanted, cell, known)
        left = tuple(name for name in wanted.ids if asked.is_open(name, there.get(name), found))
        if left:
            groups.setdefault((left, max(asked.times[name] for name in left)), []).append(cell)
    tasks: list[Task] = []
    for (left, repeat), cells in groups.items():
        pools = [*shards([name for name in left if wanted.pictures[name]]), *shards([name for name in left if not wanted.pictures[name]])]
        frames = [min(request.frames, max(wanted.pictures[name] for name in pool)) for pool in pools]
        tasks.append(Task(judge, tuple(cells), tuple(pools), tuple(frames), repeat))
    return tasks


class _Asked:
    """What batches have asked a judge in a prompt cell. `times`: how often about each video."""

    def __init__(self, judge: Judge, request: Request, wanted: Wanted, cell: int, known: Sequence[Batch]) -> None:
        self.times: Counter[str] = Counter()
        self._judge, self._request, self._wanted = judge, request, wanted
        self._batches: dict[str, tuple[Batch, Judge]] = {}
        self._of: dict[str, list[str]] = {}
        for batch in known:
            for task in batch.tasks:
                if task.judge.model == judge.model and batch.request.two_step == request.two_step and cell in task.cells:
                    self._batches[batch.name] = (batch, task.judge)
                    self.times.update(task.videos)
                    for name in task.videos:
                        self._of.setdefault(name, []).append(batch.name)

    def is_open(self, video: str, session: str | None, found: Found) -> bool:
        """Whether the video is to be asked about; `session`: that of the code that is there. Counts in `found` what is not asked."""
        now = self._settings(self._judge, self._request, video)
        request = self._request
        if session is not None:
            then = self._made(session.partition("/")[0], video)
            if then == now:
                return False
            if not request.anew:
                told = ("settings of which there is no record here", str(now)) if then is None else told_apart(then, now)
                found.otherwise[(self._judge.model, *told)] += 1
                return False
        batches = [self._batches[name][0] for name in self._of.get(video, ())]
        if request.anew:
            batches = [batch for batch in batches if self._made(batch.name, video) == now]
        if waits := next((batch.name for batch in batches if batch.unfinished), None):
            found.unfinished[waits] += 1
            return False
        if session is None and not request.again and any(batch.complete for batch in batches):
            found.in_vain += 1
            return False
        return True

    def _made(self, batch: str, video: str) -> Settings | None:
        """How a batch asked about the video; None where there is no such batch."""
        known = self._batches.get(batch)
        return None if known is None else self._settings(known[1], known[0].request, video)

    def _settings(self, judge: Judge, request: Request, video: str) -> Settings:
        return settings_of(judge, request, self._wanted.pictures[video])


def plan_of(batch: Batch, ledger: Ledger) -> Plan:
    """The batch as an experiment: a session for each judge, prompt cell and pool. Raises SpecError, ModelSetupError."""
    request = batch.request
    models: dict[str, Any] = {}
    cross: list[dict[str, Any]] = []
    for task in batch.tasks:
        synthetic = is_synthetic(task.judge)
        options = {} if synthetic else dict(request.model_options or {})
        models[task.judge.model] = {"base_url": task.judge.base_url, "options": options}
        cross.append(
            {
                "model": task.judge.model,
                "cell": list(task.cells),
                "feed": [
                    str(ledger.place(pool, text=not frames, labelled=synthetic))
                    for pool, frames in zip(task.pools, task.frames, strict=True)
                ],
                "videos": [len(pool) for pool in task.pools],
                "frames": [max(frames, 1) for frames in task.frames],
                "together": [["feed", "videos", "frames"]],
                "seed": derived_seed(request.seed, "again", task.repeat) % 2**31 if task.repeat else request.seed,
            }
        )
    common = {"protocol": request.protocol, "strategy": "none", "policy": "shuffled"}
    spec = ExperimentSpec(name=batch.name, summary="labels of videos by judges", common=common, cross=cross, models=models)
    return Plan(spec, expanded(spec, Path()))
