"""Workers in processes of their own, for more than one core: JSON lines over their standard input and output.

To a worker: {"run": job}, {"stop": {now, model}}, {"granted": number, "refused": why | null}. From it: {"ready": true}, {"done": outcome},
{"tally": …}, {"reserve": number, model, usd}, {"settle": number, spent}. When its input ends, its sweep is gone and it stops.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from agent.browsing import Purse
from agent.experiments.budget import Budget, Spent
from agent.experiments.worker import Job, LocalWorker, Outcome, Tally, WorkerLost
from agent.logs import configure_logs
from agent.trace.events import AnswerEvent
from personas.errors import LimitReached

__all__ = ["ProcessWorker", "serve"]

TALLY_EVERY_S = 0.5
LINE_BYTES = 16 * 1024 * 1024


class ProcessWorker:
    """A worker in another process, as its sweep sees it (`agent.experiments.worker.Worker`). Made by `start`."""

    def __init__(self, process: Process, budget: Budget, tally: Tally) -> None:
        self._process = process
        self._budget = budget
        self._tally = tally
        self._running: dict[str, asyncio.Future[Outcome]] = {}
        self._reserved: dict[int, tuple[str, Decimal | None]] = {}
        self._ready = asyncio.get_running_loop().create_future()
        self._listening = asyncio.create_task(self._listen())

    @classmethod
    async def start(cls, runs: Path, budget: Budget, tally: Tally, limited: dict[str, bool]) -> ProcessWorker:
        """`limited`: models whose calls ask the budget, and whether it counts US dollars. Raises WorkerLost if it does not start."""
        setup = json.dumps({"runs": str(runs), "limited": limited})
        # A session of its own: Ctrl-C is for the sweep, which tells its workers.
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "agent.experiments.processes", setup, stdin=PIPE, stdout=PIPE, limit=LINE_BYTES, start_new_session=True
        )
        worker = cls(process, budget, tally)
        await worker._ready
        return worker

    async def run(self, job: Job) -> Outcome:
        """See Worker. Raises WorkerLost."""
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
        """Let it end."""
        with contextlib.suppress(OSError):
            if self._process.stdin is not None:
                self._process.stdin.close()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._process.wait(), 10)
        if self._process.returncode is None:
            self._process.kill()
            await self._process.wait()
        await self._listening

    @property
    def pid(self) -> int:
        """Of the process."""
        return self._process.pid

    def _send(self, message: dict[str, Any]) -> None:
        if self._process.stdin is not None and not self._process.stdin.is_closing():
            self._process.stdin.write(json.dumps(message).encode() + b"\n")

    async def _listen(self) -> None:
        """Take in what the worker says, until it ends."""
        assert self._process.stdout is not None, "it was made with a pipe"
        try:
            while line := await self._process.stdout.readline():
                self._heard(json.loads(line))
        finally:
            self._gone()

    def _heard(self, message: dict[str, Any]) -> None:
        if "tally" in message:
            self._tally.add(**message["tally"])
        elif "done" in message:
            outcome = Outcome(**message["done"])
            future = self._running.get(outcome.name)
            if future is not None and not future.done():
                future.set_result(outcome)
        elif "reserve" in message:
            self._reserve(message["reserve"], message["model"], message["usd"])
        elif "settle" in message:
            model, most = self._reserved.pop(message["settle"])
            spent = message["spent"]
            self._budget.settle(model, most, Spent(Decimal(spent["usd"]), spent["tokens"], spent["requests"]))
        elif "ready" in message and not self._ready.done():
            self._ready.set_result(None)

    def _reserve(self, number: int, model: str, usd: str | None) -> None:
        most = None if usd is None else Decimal(usd)
        try:
            self._budget.reserve(model, most)
        except LimitReached as reached:
            self._send({"granted": number, "refused": str(reached)})
            return
        self._reserved[number] = (model, most)
        self._send({"granted": number, "refused": None})

    def _gone(self) -> None:
        """The process has ended: calls that were under way may have been paid."""
        for model, most in self._reserved.values():
            self._budget.settle(model, most, Spent(most or Decimal(0), 0, 1))
        self._reserved.clear()
        for future in (*self._running.values(), self._ready):
            if not future.done():
                future.set_exception(WorkerLost("a worker process has ended"))


@dataclass
class _RemotePurse:
    """A budget that another process keeps, as a session sees it (`agent.browsing.Purse`)."""

    model: str
    counts_usd: bool
    send: Callable[[dict[str, Any]], None]
    numbers: itertools.count[int]
    answers: dict[int, asyncio.Future[str | None]]
    _open: dict[str | None, list[int]] = field(default_factory=dict)

    async def reserve(self, most_usd: Decimal | None) -> None:
        """Raises LimitReached."""
        number = next(self.numbers)
        self.answers[number] = asyncio.get_running_loop().create_future()
        usd = None if most_usd is None else str(most_usd)
        self.send({"reserve": number, "model": self.model, "usd": usd})
        try:
            refused = await self.answers[number]
        finally:
            del self.answers[number]
        if refused is not None:
            raise LimitReached(refused)
        self._open.setdefault(usd, []).append(number)

    def settle(self, most_usd: Decimal | None, answer: AnswerEvent | None) -> None:
        """One call is over."""
        spent = Spent.of_answer(answer, most_usd)
        number = self._open[None if most_usd is None else str(most_usd)].pop()
        self.send({"settle": number, "spent": {"usd": str(spent.usd), "tokens": spent.tokens, "requests": spent.requests}})


async def serve(setup: dict[str, Any], read: asyncio.StreamReader, send: Callable[[dict[str, Any]], None]) -> None:
    """The worker's side: run what comes in, until the input ends."""
    tally, numbers = Tally(), itertools.count()
    answers: dict[int, asyncio.Future[str | None]] = {}
    limited: dict[str, bool] = setup["limited"]

    def purse(model: str) -> Purse | None:
        return _RemotePurse(model, limited[model], send, numbers, answers) if model in limited else None

    worker = LocalWorker(Path(setup["runs"]), purse, tally)
    tasks: set[asyncio.Task[None]] = set()

    async def run(job: Job) -> None:
        outcome = await worker.run(job)
        send({"tally": tally.take()})
        send({"done": asdict(outcome)})

    async def report() -> None:
        while True:
            await asyncio.sleep(TALLY_EVERY_S)
            if tally.counts:
                send({"tally": tally.take()})

    reporting = asyncio.create_task(report())
    send({"ready": True})
    try:
        while line := await read.readline():
            message = json.loads(line)
            if "run" in message:
                task = asyncio.create_task(run(Job(**message["run"])))
                tasks.add(task)
                task.add_done_callback(tasks.discard)
            elif "stop" in message:
                worker.stop(**message["stop"])
            elif message["granted"] in answers and not answers[message["granted"]].done():
                answers[message["granted"]].set_result(message["refused"])
    finally:
        reporting.cancel()
        worker.stop(now=True)
        await asyncio.gather(*tasks, return_exceptions=True)
        await worker.close()


async def _main(setup: dict[str, Any]) -> None:
    loop = asyncio.get_running_loop()
    out = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)  # whatever a library prints must not stand among the messages
    read = asyncio.StreamReader(limit=LINE_BYTES)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(read), sys.stdin)

    def send(message: dict[str, Any]) -> None:
        with contextlib.suppress(BrokenPipeError):  # the sweep is gone; the input ends too
            data = memoryview(json.dumps(message).encode() + b"\n")
            while data:
                data = data[out.write(data) or 0 :]

    await serve(setup, read, send)


if __name__ == "__main__":
    configure_logs(30)
    asyncio.run(_main(json.loads(sys.argv[1])))
