"""Replications: drawn, estimated and compared, in chunks, over several processes.

All randomness derives from (seed, arm, planting, number), so that the figures do not depend on chunks or processes.
"""

from __future__ import annotations

import os
import signal
import zlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass, fields
from multiprocessing import get_context

import numpy as np

from evals.values.calibration.arms import FULL, PLANTINGS, Arm
from evals.values.calibration.estimates import Found, bounds_hold, estimate, make_panel
from evals.values.calibration.metrics import metrics
from evals.values.calibration.process import complete, draw, plant

__all__ = ["Chunk", "Part", "chunks", "replicate", "run_all"]

SIZE = 10
DRAWS = 499
"""Of the bootstrap-t, here: with 2,000, as users get, its arm alone would take half an hour. Fewer only make an interval's ends noisier."""
FEWEST = 2
BOUNDS_EVERY = 20
"""In arms with missing answers, the bounds are checked in one of so many replications."""
THREADS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "POLARS_MAX_THREADS")


@dataclass(frozen=True)
class Chunk:
    """Replications `first` to `last` (excluded) of an arm and planting."""

    arm: Arm
    planting: str
    first: int
    last: int
    seed: int
    draws: int = DRAWS


@dataclass(frozen=True)
class Part:
    """What a chunk found: the arrays of `Found` with a leading axis of replications, and (checks, rows, V) of the bounds."""

    arm: str
    planting: str
    found: dict[str, Found]
    bounds: tuple[int, int]
    """How many bounds held what the complete answers give, of how many."""


def chunks(arms: Sequence[Arm], replications: int, seed: int, *, after: int = 0, draws: int = DRAWS, size: int = SIZE) -> list[Chunk]:
    """Replications of the arms, both plantings, in turns, so that the time that is left can be told early on; those `after` so many."""
    found = []
    for arm in arms:
        share = 1 if replications >= FULL else arm.share
        begin, end = after // share, max(FEWEST, replications // share)
        step = max(1, size // arm.share)
        found += [Chunk(arm, planting, at, min(at + step, end), seed, draws) for planting in PLANTINGS for at in range(begin, end, step)]
    return sorted(found, key=lambda chunk: chunk.first)


def replicate(chunk: Chunk) -> Part:
    """Do the replications of a chunk."""
    each: list[dict[str, Found]] = []
    held = checked = 0
    for number in range(chunk.first, chunk.last):
        key = [chunk.seed, zlib.crc32(chunk.arm.name.encode()), PLANTINGS.index(chunk.planting), number]
        rng = np.random.default_rng(key)
        one = draw(chunk.arm, plant(chunk.planting, rng), rng)
        if chunk.arm.metrics:
            each.append(metrics(one, rng, seed=number))
            continue
        panel = make_panel(one)
        each.append(estimate(chunk.arm, one, panel, draws=chunk.draws, seed=number))
        if not one.answered.all() and number % BOUNDS_EVERY == 0:
            inside = bounds_hold(panel, make_panel(complete(one)))
            held, checked = held + int(inside.sum()), checked + inside.size
    return Part(chunk.arm.name, chunk.planting, joined(each), (held, checked))


def joined(each: Sequence[dict[str, Found]]) -> dict[str, Found]:
    """One `Found` an estimand, stacked over replications."""
    return {
        name: Found(**{field.name: np.stack([getattr(one[name], field.name) for one in each]) for field in fields(Found)})
        for name in each[0]
    }


def run_all(work: Sequence[Chunk], processes: int, done: Callable[[int], None]) -> dict[tuple[str, str], list[Part]]:
    """The parts by (arm, planting). `done` is told how many replications were finished. Ends its processes when it is interrupted."""
    parts: dict[tuple[str, str], list[tuple[int, Part]]] = {}
    for chunk, part in _each(work, processes):
        parts.setdefault((chunk.arm.name, chunk.planting), []).append((chunk.first, part))
        done(chunk.last - chunk.first)
    return {key: [part for _, part in sorted(found, key=lambda pair: pair[0])] for key, found in parts.items()}


def _each(work: Sequence[Chunk], processes: int) -> Iterator[tuple[Chunk, Part]]:
    if processes <= 1:
        yield from ((chunk, replicate(chunk)) for chunk in work)
        return
    with _one_thread_each(), ProcessPoolExecutor(processes, get_context("spawn"), _deaf) as executor:
        futures: dict[Future[Part], Chunk] = {executor.submit(replicate, chunk): chunk for chunk in work}
        try:
            for future in as_completed(futures):
                yield futures.pop(future), future.result()
        finally:
            executor.shutdown(wait=False, cancel_futures=True)


def _deaf() -> None:
    """Ctrl-C is for the process that shares out the work; it ends the others when their chunk is done."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


@contextmanager
def _one_thread_each() -> Iterator[None]:
    """Processes that start here do their linear algebra on one thread; the matrices are small, and there are as many processes as cores."""
    before = {name: os.environ.get(name) for name in THREADS}
    os.environ.update(dict.fromkeys(THREADS, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
