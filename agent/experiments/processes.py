"""Workers in processes of their own, for more than one core: messages as JSON lines over their standard input and output.

When a worker's input ends, its sweep is gone and it stops.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from agent.experiments.budget import Budget
from agent.experiments.distant import DistantWorker, Message, serve
from agent.experiments.worker import Tally
from agent.logs import configure_logs

__all__ = ["ProcessWorker"]

LINE_BYTES = 16 * 1024 * 1024


class ProcessWorker(DistantWorker):
    """A worker in another process, as its sweep sees it (`agent.experiments.worker.Worker`). Made by `start`."""

    def __init__(self, process: Process, budget: Budget, tally: Tally) -> None:
        super().__init__(budget, tally)
        self._process = process
        self._listening = asyncio.create_task(self._listen())

    @classmethod
    async def start(cls, runs: Path, budget: Budget, tally: Tally, limited: dict[str, bool], *, verbose: bool = False) -> ProcessWorker:
        """`limited`: models whose calls ask the budget, and whether it counts US dollars. `verbose`: it logs retries and other details.

        Raises WorkerLost if it does not start.
        """
        setup = json.dumps({"runs": str(runs), "limited": limited, "verbose": verbose})
        # A session of its own: Ctrl-C is for the sweep, which tells its workers.
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "agent.experiments.processes", setup, stdin=PIPE, stdout=PIPE, limit=LINE_BYTES, start_new_session=True
        )
        worker = cls(process, budget, tally)
        await worker._ready
        return worker

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

    def _send(self, message: Message) -> None:
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


async def _main(setup: dict[str, Any]) -> None:
    loop = asyncio.get_running_loop()
    out = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)  # whatever a library prints must not stand among the messages
    read = asyncio.StreamReader(limit=LINE_BYTES)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(read), sys.stdin)

    async def messages() -> AsyncIterator[Message]:
        while line := await read.readline():
            yield json.loads(line)

    def send(message: Message) -> None:
        with contextlib.suppress(BrokenPipeError):  # the sweep is gone; the input ends too
            data = memoryview(json.dumps(message).encode() + b"\n")
            while data:
                data = data[out.write(data) or 0 :]

    await serve(setup, messages(), send)


if __name__ == "__main__":
    given = json.loads(sys.argv[1])
    configure_logs(20 if given["verbose"] else 40)
    asyncio.run(_main(given))
