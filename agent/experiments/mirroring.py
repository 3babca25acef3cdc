"""A worker whose sessions are kept at a URL: stored when they end, and now and then while they run."""

from __future__ import annotations

import asyncio

from agent.experiments.remote import Mirror
from agent.experiments.worker import Job, Outcome, Worker
from agent.logs import logger
from personas.errors import StorageFailed

__all__ = ["EVERY_S", "MirroringWorker"]

EVERY_S = 30.0
"""How often the trace of a running session is uploaded."""


class MirroringWorker:
    """A worker (`agent.experiments.worker.Worker`) whose sessions are stored when they end, and now and then while they run.

    `pull`: a session may have been begun on another machine, so what the store has of it is fetched first.
    """

    def __init__(self, worker: Worker, mirror: Mirror, *, pull: bool = False, every_s: float = EVERY_S) -> None:
        self._worker = worker
        self._mirror = mirror
        self._pull = pull
        self._every_s = every_s
        self._live: set[str] = set()
        self._beating: asyncio.Task[None] | None = None

    async def run(self, job: Job) -> Outcome:
        """See Worker. A session that cannot be stored has failed; what it wrote here is kept. Raises WorkerLost."""
        if self._beating is None:
            self._beating = asyncio.create_task(self._beat())
        try:
            if self._pull:
                await asyncio.to_thread(self._mirror.pull_session, job.name)
            self._live.add(job.name)
            try:
                outcome = await self._worker.run(job)
            finally:
                self._live.discard(job.name)
            if outcome.blame != "busy":
                await asyncio.to_thread(self._mirror.push_session, job.name)
        except StorageFailed as error:
            return Outcome(job.name, "failed", str(error), blame="storage")
        return outcome

    def stop(self, *, now: bool = False, model: str | None = None) -> None:
        """See Worker."""
        self._worker.stop(now=now, model=model)

    async def close(self) -> None:
        """See Worker."""
        if self._beating is not None:
            self._beating.cancel()
            await asyncio.gather(self._beating, return_exceptions=True)
        await self._worker.close()

    async def _beat(self) -> None:
        """A store that is out of reach for a while stops nobody: what is missing is sent the next time."""
        while True:
            await asyncio.sleep(self._every_s)
            for session in list(self._live):
                try:
                    await asyncio.to_thread(self._mirror.push_session, session)
                except StorageFailed as error:
                    logger("experiments").warning("not stored", session=session, because=str(error))
