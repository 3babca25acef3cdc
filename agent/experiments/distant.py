"""Workers elsewhere, whatever carries the messages: what their sweep sees of one, and what the worker itself does with what comes in.

To a worker: {"run": job}, {"stop": {now, model}}, {"granted": number, "refused": why | null},
{"pause": [base URL, model, seconds]}. From it: {"ready": true}, {"done": outcome},
{"tally": …}, {"reserve": number, model, usd}, {"settle": number, spent}. When its input ends, its sweep is gone and it stops.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import asdict, dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from agent.browsing import Purse
from agent.experiments.budget import Budget, Spent
from agent.experiments.mirroring import MirroringWorker
from agent.experiments.remote import open_mirror
from agent.experiments.worker import Job, LocalWorker, Outcome, Tally, Worker, WorkerLost, collect_rarely
from agent.models.limiter import limiter_for, share_pauses
from agent.trace.events import AnswerEvent
from personas.errors import LimitReached

__all__ = ["DistantWorker", "Message", "serve"]

TALLY_EVERY_S = 0.5
MOST_CONCURRENCY = 10_000
"""No session asks for more places at an endpoint."""

Message = Mapping[str, Any]
"""JSON-able."""


class DistantWorker:
    """A worker elsewhere, as its sweep sees it (`agent.experiments.worker.Worker`). Who carries its messages is for a subclass to say."""

    def __init__(self, budget: Budget, tally: Tally) -> None:
        self._budget = budget
        self._tally = tally
        self._running: dict[str, asyncio.Future[Outcome]] = {}
        self._reserved: dict[int, tuple[str, Decimal | None, int]] = {}
        self._ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._lost = False
        budget.listen(self, lambda *pause: self._send({"pause": pause}))

    async def run(self, job: Job) -> Outcome:
        """See Worker. Raises WorkerLost."""
        if self._lost:
            raise WorkerLost("a worker has ended")
        self._running[job.name] = asyncio.get_running_loop().create_future()
        self._send({"run": asdict(job)})
        try:
            return await self._running[job.name]
        finally:
            self._running.pop(job.name, None)

    def stop(self, *, now: bool = False, model: str | None = None) -> None:
        """See Worker."""
        self._send({"stop": {"now": now, "model": model}})

    async def close(self) -> None:
        """See Worker."""
        raise NotImplementedError

    def _send(self, message: Message) -> None:
        """Give a message to the worker; nothing where it has ended."""
        raise NotImplementedError

    def _heard(self, message: Message) -> None:
        """A message of the worker has come."""
        if "tally" in message:
            self._tally.add(**message["tally"])
        elif "done" in message:
            outcome = Outcome(**message["done"])
            future = self._running.get(outcome.name)
            if future is not None and not future.done():
                future.set_result(outcome)
        elif "reserve" in message:
            self._reserve(message["reserve"], message["model"], message["usd"], message["calls"])
        elif "settle" in message:
            model, most, calls = self._reserved.pop(message["settle"])
            spent = message["spent"]
            self._budget.settle(model, most, Spent(**spent | {"usd": Decimal(spent["usd"])}), calls)
        elif "paused" in message:
            self._budget.pause(self, *message["paused"])
        elif "ready" in message and not self._ready.done():
            self._ready.set_result(None)

    def _reserve(self, number: int, model: str, usd: str | None, calls: int) -> None:
        most = None if usd is None else Decimal(usd)
        try:
            self._budget.reserve(model, most, calls)
        except LimitReached as reached:
            self._send({"granted": number, "refused": str(reached)})
            return
        self._reserved[number] = (model, most, calls)
        self._send({"granted": number, "refused": None})

    def _gone(self) -> None:
        """The worker has ended: calls that were under way may have been paid."""
        self._lost = True
        for model, most, calls in self._reserved.values():
            self._budget.settle(model, most, Spent(most or Decimal(0), 0, calls), calls)
        self._reserved.clear()
        waiting: list[asyncio.Future[Any]] = [*self._running.values(), self._ready]
        for future in waiting:
            if not future.done():
                future.set_exception(WorkerLost("a worker has ended"))
        if not self._ready.cancelled():
            self._ready.exception()  # whoever waits for it hears of it; where nobody does, it is no news


@dataclass
class _DistantPurse:
    """A budget that the sweep keeps, as a session elsewhere sees it (`agent.browsing.Purse`)."""

    model: str
    counts_usd: bool
    send: Callable[[Message], None]
    numbers: itertools.count[int]
    answers: dict[int, asyncio.Future[str | None]]
    _open: dict[tuple[str | None, int], list[int]] = field(default_factory=dict)

    async def reserve(self, most_usd: Decimal | None, calls: int) -> None:
        """Raises LimitReached."""
        number = next(self.numbers)
        self.answers[number] = asyncio.get_running_loop().create_future()
        usd = None if most_usd is None else str(most_usd)
        self.send({"reserve": number, "model": self.model, "usd": usd, "calls": calls})
        try:
            refused = await self.answers[number]
        finally:
            del self.answers[number]
        if refused is not None:
            raise LimitReached(refused)
        self._open.setdefault((usd, calls), []).append(number)

    def settle(self, most_usd: Decimal | None, answer: AnswerEvent | None, calls: int) -> None:
        """One answer is over."""
        spent = Spent.of_answer(answer, most_usd)
        number = self._open[None if most_usd is None else str(most_usd), calls].pop()
        self.send({"settle": number, "spent": asdict(spent) | {"usd": str(spent.usd)}})


async def serve(setup: Mapping[str, Any], messages: AsyncIterator[Message], send: Callable[[Message], None]) -> None:
    """The worker's side: run what comes in, until the input ends.

    `setup`: `runs`, the experiment's folder; `limited`, models whose calls ask the budget, and whether it counts US dollars; `store`, the
    URL where sessions are kept, or None.
    """
    tally, numbers = Tally(), itertools.count()
    answers: dict[int, asyncio.Future[str | None]] = {}
    limited: dict[str, bool] = setup["limited"]

    def purse(model: str) -> Purse | None:
        return _DistantPurse(model, limited[model], send, numbers, answers) if model in limited else None

    worker: Worker = LocalWorker(Path(setup["runs"]), purse, tally)
    if setup.get("store"):
        worker = MirroringWorker(worker, open_mirror(setup["store"], Path(setup["runs"])), pull=True)
    tasks: set[asyncio.Task[None]] = set()
    done = itertools.count()

    async def run(job: Job) -> None:
        outcome = await worker.run(job)
        if next(done) == 0:  # all that sessions need has been imported
            collect_rarely()
        send({"tally": tally.take()})
        send({"done": asdict(outcome)})

    share_pauses(lambda *pause: send({"paused": pause}))
    reporting = asyncio.create_task(_report(tally, send))
    send({"ready": True})
    try:
        async for message in messages:
            if "run" in message:
                task = asyncio.create_task(run(Job(**message["run"])))
                tasks.add(task)
                task.add_done_callback(tasks.discard)
            elif "stop" in message:
                worker.stop(**message["stop"])
            elif "pause" in message:
                base_url, model, seconds = message["pause"]
                limiter_for(base_url, model, MOST_CONCURRENCY).pause(seconds)
            elif message["granted"] in answers and not answers[message["granted"]].done():
                answers[message["granted"]].set_result(message["refused"])
    finally:
        reporting.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await reporting
        worker.stop(now=True)
        await asyncio.gather(*tasks, return_exceptions=True)
        await worker.close()


async def _report(tally: Tally, send: Callable[[Message], None]) -> None:
    """What is counted goes to the sweep now and then."""
    while True:
        await asyncio.sleep(TALLY_EVERY_S)
        if tally.counts:
            send({"tally": tally.take()})
