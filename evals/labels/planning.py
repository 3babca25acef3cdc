"""Which labels are wanted, and are not there yet, as a batch; and the batch as an experiment of the engine."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agent.experiments.matrix import expanded
from agent.experiments.plan import Plan
from agent.experiments.spec import ExperimentSpec
from environments.canonical import derived_seed
from evals.labels.batches import Batch, Ledger, Request, Task, hashed_order, shards
from evals.labels.judges import SYNTHETIC, Judge
from personas.errors import UserError
from personas.one_line import one_line

if TYPE_CHECKING:
    import polars as pl

    from environments.corpus.store import Corpus

__all__ = ["Wanted", "is_synthetic", "next_batch", "plan_of", "wanted_videos"]


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


def next_batch(request: Request, wanted: Wanted, codes: pl.DataFrame, ledger: Ledger) -> tuple[Batch | None, bool]:
    """The batch to be run, None where every label that is wanted has been asked for; and whether it was begun before.

    An unfinished batch of the same request comes first, as it was written down. A new one holds what neither has a code nor stands in a
    batch, of the same judge and prompt cell; with `request.again` also what was asked for in vain.
    """
    known = ledger.batches()
    for batch in known:
        if not batch.complete and batch.request.key == request.key:
            return batch, True
    tasks = [task for judge in request.judges for task in _tasks(judge, request, wanted, codes, known)]
    return (Batch(request, tuple(tasks)), False) if tasks else (None, False)


def _tasks(judge: Judge, request: Request, wanted: Wanted, codes: pl.DataFrame, known: Sequence[Batch]) -> list[Task]:
    """What one judge is still to be asked: cells with the same videos together."""
    import polars as pl  # noqa: PLC0415

    mine = codes.filter((pl.col("kind") == "judge") & (pl.col("rater") == judge.rater(two_step=request.two_step)))
    groups: dict[tuple[tuple[str, ...], int], list[int]] = {}
    for cell in range(request.orders):
        there = set(mine.filter(pl.col("cell") == cell)["video"].to_list())
        asked, unfinished = _asked(judge, request.two_step, cell, known)
        barred = there | (unfinished if request.again else set(asked))
        left = tuple(name for name in wanted.ids if name not in barred)
        if left:
            groups.setdefault((left, max((asked[name] for name in left), default=0)), []).append(cell)
    tasks: list[Task] = []
    for (left, repeat), cells in groups.items():
        pools = [*shards([name for name in left if wanted.pictures[name]]), *shards([name for name in left if not wanted.pictures[name]])]
        frames = [min(request.frames, max(wanted.pictures[name] for name in pool)) for pool in pools]
        tasks.append(Task(judge, tuple(cells), tuple(pools), tuple(frames), repeat))
    return tasks


def _asked(judge: Judge, two_step: bool, cell: int, known: Sequence[Batch]) -> tuple[Counter[str], set[str]]:
    """How often batches ask a judge about each video in a prompt cell, and the videos of unfinished ones."""
    times: Counter[str] = Counter()
    unfinished: set[str] = set()
    for batch in known:
        for task in batch.tasks:
            if task.judge.model == judge.model and batch.request.two_step == two_step and cell in task.cells:
                times.update(task.videos)
                if not batch.complete:
                    unfinished.update(task.videos)
    return times, unfinished


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


def is_synthetic(judge: Judge) -> bool:
    """Whether it answers from the design's labels, which its pools then carry."""
    return judge.model.startswith(f"{SYNTHETIC}/")
