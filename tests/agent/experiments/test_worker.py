"""A worker in this process, and what workers tell each other through their sweep."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from agent.experiments.budget import Budget
from agent.experiments.distant import DistantWorker, Message, serve
from agent.experiments.spec import ExperimentLimits
from agent.experiments.worker import Job, LocalWorker, Tally
from agent.models.limiter import limiter_for


async def test_a_session_still_in_preparation_stops_too(tmp_path: Path):
    """Who asks to stop before a session has begun does not wait until it is through."""
    worker = LocalWorker(tmp_path, lambda model: None, Tally())
    running = asyncio.create_task(worker.run(Job("one", "scripted/like", {"model": "scripted/like", "videos": 30})))
    await asyncio.sleep(0)
    worker.stop()
    outcome = await running
    assert outcome.reason == "interrupted"
    assert outcome.steps < 30


async def test_a_model_that_was_stopped_does_not_stop_another(tmp_path: Path):
    """Stopping is by model where a model is named."""
    worker = LocalWorker(tmp_path, lambda model: None, Tally())
    worker.stop(model="scripted/watch")
    stopped = await worker.run(Job("one", "scripted/watch", {"model": "scripted/watch", "videos": 3}))
    free = await worker.run(Job("two", "scripted/like", {"model": "scripted/like", "videos": 3}))
    assert (stopped.reason, free.reason) == ("interrupted", "complete")


class Wire(DistantWorker):
    """A worker at the other end of two queues."""

    def __init__(self, budget: Budget) -> None:
        super().__init__(budget, Tally())
        self.sent: list[Message] = []

    def _send(self, message: Message) -> None:
        self.sent.append(message)


async def test_a_pause_that_one_worker_was_asked_for_holds_for_the_others():
    """Retry-After is about the endpoint, whichever process met it."""
    budget = Budget(ExperimentLimits(), {})
    one, other = Wire(budget), Wire(budget)
    one._heard({"paused": ["http://x/v1", "m", 7.5]})
    assert one.sent == []
    assert other.sent == [{"pause": ("http://x/v1", "m", 7.5)}]


async def test_a_worker_tells_of_a_pause_and_keeps_those_of_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """What the limiter hears from a server goes out; what comes in holds the endpoint's calls back."""
    incoming: asyncio.Queue[Message | None] = asyncio.Queue()
    outgoing: list[Message] = []

    async def messages() -> AsyncIterator[Message]:
        while (message := await incoming.get()) is not None:
            yield message

    serving = asyncio.create_task(serve({"runs": str(tmp_path), "limited": {}}, messages(), outgoing.append))
    await asyncio.sleep(0.01)
    limiter_for("http://x/v1", "m", 8).obey(0.2)
    assert {"paused": ("http://x/v1", "m", 0.2)} in outgoing
    incoming.put_nowait({"pause": ["http://y/v1", "m", 0.3]})
    await asyncio.sleep(0.01)
    began = asyncio.get_running_loop().time()
    await limiter_for("http://y/v1", "m", 8).acquire()
    assert asyncio.get_running_loop().time() - began > 0.2
    incoming.put_nowait(None)
    await serving


def test_answers_are_counted_by_model():
    """A tally that was taken begins anew, and takes another's in."""
    tally = Tally()
    tally.add({"m": {"answered": 2}}, {"m": "down"})
    taken: dict[str, Any] = tally.take()
    assert taken == {"counts": {"m": {"answered": 2}}, "errors": {"m": "down"}}
    assert tally.take() == {"counts": {}, "errors": {}}
