"""Hands the sessions of an experiment to workers: fairly between models, within limits, again when a worker is lost."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field

from agent.experiments.budget import Budget
from agent.experiments.matrix import Planned
from agent.experiments.worker import Job, Outcome, Worker, WorkerLost
from agent.logs import logger
from personas.errors import LimitReached, StorageFailed

__all__ = ["Driver", "Lane"]

BARREN_SESSIONS = 3
"""So many sessions of a model in a row without an answer stop the model: it is out of reach, and the others go on."""
LOST_WORKERS = 20
"""So many lost workers in one run stop it: something kills them all."""
BUSY_S = 60.0
"""How long to wait for a session that another process still has: one that is dying after its sweep was killed."""
TICK_S = 1.0


@dataclass
class Lane:
    """The sessions of one model: what waits, what runs, and why it stopped, if it did."""

    model: str
    cap: int
    waiting: deque[Job]
    running: int = 0
    barren: int = 0
    stopped: str = ""
    done: int = 0
    failures: dict[str, str] = field(default_factory=dict)
    limited: bool = False


@dataclass
class _Seat:
    worker: Worker
    running: int = 0


class Driver:
    """One run of an experiment.

    `hire` makes a worker; `caps`: sessions of each model at once; `alive` is called about every second.
    """

    def __init__(
        self,
        todo: Sequence[Planned],
        *,
        hire: Callable[[], Awaitable[Worker]],
        workers: int,
        caps: Mapping[str, int],
        budget: Budget,
        alive: Callable[[], None] = lambda: None,
    ) -> None:
        self._hire = hire
        self._workers = workers
        self._budget = budget
        self._alive = alive
        self._seats: list[_Seat] = []
        self._running: dict[asyncio.Task[Outcome], tuple[Lane, Job, _Seat]] = {}
        self._busy_since: dict[str, float] = {}
        self._resting: list[tuple[Lane, Job]] = []
        self._woken = 0.0
        self._lost = 0
        self.stopping = ""
        self.broken = ""
        self.lanes = {
            model: Lane(model, cap, deque(_job(planned) for planned in todo if planned.spec.model == model)) for model, cap in caps.items()
        }

    async def run(self) -> None:
        """Until nothing is left that can be run. Raises StorageFailed when the disk is full, after the sessions have stopped."""
        try:
            for _ in range(self._workers):
                if not self.stopping:  # Ctrl-C while workers start
                    await self._seat()
            while True:
                self._fill()
                if not self._running and not self._waits():
                    return
                await self._step()
        finally:
            for task in self._running:
                task.cancel()
            await asyncio.gather(*self._running, return_exceptions=True)
            await asyncio.gather(*(seat.worker.close() for seat in self._seats), return_exceptions=True)

    def stop(self, why: str, *, now: bool = False) -> None:
        """No new session; those under way end after their current answer, or `now`."""
        self.stopping = self.stopping or why
        for seat in self._seats:
            seat.worker.stop(now=now)

    def _waits(self) -> bool:
        """Whether a session waits that may still be run."""
        resting = bool(self._resting)
        return not self.stopping and (resting or any(lane.waiting for lane in self.lanes.values() if not lane.stopped))

    def _fill(self) -> None:
        """Give waiting sessions to workers: of the models, the one with the smallest share of its places taken comes first."""
        while not self.stopping:
            open_lanes = [lane for lane in self.lanes.values() if lane.waiting and not lane.stopped and lane.running < lane.cap]
            if not open_lanes or not self._seats:
                return
            lane = min(open_lanes, key=lambda each: (each.running / each.cap, each.done))
            try:
                self._budget.check(lane.model)
            except LimitReached as reached:
                self._stop_lane(lane, str(reached), limited=True)
                continue
            job, seat = lane.waiting.popleft(), min(self._seats, key=lambda each: each.running)
            lane.running += 1
            seat.running += 1
            self._running[asyncio.create_task(seat.worker.run(job))] = (lane, job, seat)

    async def _step(self) -> None:
        """Wait for a session to end, or a tick."""
        if not self._running:
            await asyncio.sleep(TICK_S)  # all that wait are still held by another process
        else:
            done, _ = await asyncio.wait(self._running, timeout=TICK_S, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                lane, job, seat = self._running.pop(task)
                lane.running -= 1
                seat.running -= 1
                try:
                    self._ended(lane, job, task.result())
                except WorkerLost:
                    lane.waiting.appendleft(job)
                    await self._replace(seat)
        self._wake()
        self._alive()

    def _wake(self) -> None:
        """Sessions that another process had are tried again, about once a second."""
        if time.monotonic() - self._woken >= TICK_S:
            self._woken = time.monotonic()
            for lane, job in self._resting:
                lane.waiting.append(job)
            self._resting.clear()

    def _ended(self, lane: Lane, job: Job, outcome: Outcome) -> None:
        """Take the end of a session in."""
        if outcome.blame == "busy" and self._still_waits(job):
            self._resting.append((lane, job))
            return
        if outcome.reason == "limit":
            self._at_limit(lane, job, outcome)
            return
        if outcome.reason == "failed":
            lane.failures[job.name] = outcome.detail
            if outcome.blame == "storage":
                self.stop(outcome.detail)
                raise StorageFailed(outcome.detail)
        lane.done += outcome.reason == "complete"
        lane.barren = lane.barren + 1 if outcome.barren else 0 if outcome.steps else lane.barren
        if lane.barren >= BARREN_SESSIONS and not lane.stopped:
            self._stop_lane(lane, outcome.detail or "it gave no answer")

    def _at_limit(self, lane: Lane, job: Job, outcome: Outcome) -> None:
        """What is set aside for calls under way may come back: one session at a time then tries to use it up."""
        if lane.running or lane.cap > 1:
            lane.cap = 1
            lane.waiting.appendleft(job)
        else:
            self._stop_lane(lane, outcome.detail, limited=True)

    def _still_waits(self, job: Job) -> bool:
        since = self._busy_since.setdefault(job.name, time.monotonic())
        return time.monotonic() - since < BUSY_S

    def _stop_lane(self, lane: Lane, why: str, *, limited: bool = False) -> None:
        """End a model early; the others go on."""
        lane.stopped, lane.limited = why, limited
        if not limited:
            for seat in self._seats:
                seat.worker.stop(model=lane.model)
        logger("experiments").warning("model stopped", model=lane.model, because=why, sessions_left=len(lane.waiting))

    async def _replace(self, seat: _Seat) -> None:
        """A lost worker's seat gets a new one, once for all the sessions that it took along."""
        if seat not in self._seats:
            return
        self._lost += 1
        self._seats.remove(seat)
        logger("experiments").warning("worker lost", lost=self._lost, sessions=seat.running + 1)
        if self._lost >= LOST_WORKERS:
            self._break(f"{self._lost} workers died: is there enough memory?")
        elif not self.stopping:
            await self._seat()

    async def _seat(self) -> None:
        """Hire a worker; the run goes on without where others are there."""
        try:
            self._seats.append(_Seat(await self._hire()))
        except WorkerLost as error:
            logger("experiments").warning("no worker", because=str(error))
            if not self._seats:
                self._break(f"no worker can be had: {error}")

    def _break(self, why: str) -> None:
        """End the run for a reason that is not the user's."""
        self.broken = why
        self.stop(why)


def _job(planned: Planned) -> Job:
    return Job(planned.name, planned.spec.model, planned.spec.model_dump(mode="json", exclude_defaults=True))
