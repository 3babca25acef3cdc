"""Workers on a Ray cluster: one actor each, with a CPU of its own. Ray starts, places and watches them; what runs where is for the driver.

Ray carries JSON-able messages alone. Its dashboard, usage report and log forwarding are off; a cluster that is started here listens on the
loopback interface only and ends with the sweep.
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import logging
import os
import shutil
import socket
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from agent.experiments.budget import Budget
from agent.experiments.distant import DistantWorker, Message, serve
from agent.experiments.plan import PLAN
from agent.experiments.worker import Tally, WorkerLost
from agent.logs import configure_logs
from personas.errors import SpecError
from personas.one_line import one_line

__all__ = ["Host", "RayCluster", "RayWorker"]

MOST_WORKERS = 256
START_S = 120.0
"""How long an actor may take until it is placed and has loaded."""
CLOSE_S = 60.0
CONNECT_S = 10.0
POLL_S = 10.0
OBJECT_STORE_BYTES = 80 * 1024 * 1024
"""The least that Ray takes: nothing large goes through it."""
LOCAL = {"RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0"}
"""Read when Ray is imported: whether a node may be reached from others, and not only through the loopback interface."""


class RayCluster:
    """A cluster: the one at `address`, or one on this machine for as long as this object is open.

    `workers`: how many, by default one for each CPU. Raises SpecError.
    """

    def __init__(self, address: str | None = None, workers: int | None = None) -> None:
        self._closing = contextlib.ExitStack()
        ray = _ray(local=address is None)
        # Ray prints about workers that die to standard output, where results go.
        self._closing.enter_context(contextlib.redirect_stdout(io.StringIO()))
        with contextlib.ExitStack() as undone:
            undone.callback(self._closing.close)
            if not ray.is_initialized():
                self._start(ray, address, workers)
            cpus = int(ray.cluster_resources().get("CPU", 0))
            if cpus < (workers or 1):
                raise SpecError(f"the Ray cluster has {cpus} CPUs, one a worker: give --workers {max(cpus, 1)} or fewer, or add nodes")
            undone.pop_all()
        self.workers = workers or min(cpus, MOST_WORKERS)
        self._host = ray.remote(Host).options(num_cpus=1, max_restarts=0, max_concurrency=16)
        self._spare: list[Any] | None = None

    def _start(self, ray: Any, address: str | None, workers: int | None) -> None:
        quiet = {"log_to_driver": False, "configure_logging": False}
        if address is not None:
            try:
                _knock(address)
                ray.init(address=address, namespace="axiofeed", **quiet)
            except (ConnectionError, ValueError, RuntimeError, OSError) as error:
                raise SpecError(f"no Ray cluster at --ray-address {address}: {one_line(str(error), 200)}") from None
        else:
            place = tempfile.mkdtemp(prefix="axr-", dir=None if len(tempfile.gettempdir()) < 30 else "/tmp")  # noqa: S108 - sockets need short paths
            self._closing.callback(shutil.rmtree, place, ignore_errors=True)
            cpus = workers or os.cpu_count() or 1
            ray.init(
                address="local", num_cpus=cpus, include_dashboard=False, object_store_memory=OBJECT_STORE_BYTES, _temp_dir=place, **quiet
            )
        self._closing.callback(ray.shutdown)

    async def hire(self, setup: Message, budget: Budget, tally: Tally) -> RayWorker:
        """A worker; `setup` as `distant.serve` takes it. The first call has them all made at once.

        Raises WorkerLost where none comes up, SpecError where it could never work.
        """
        if self._spare is None:
            self._spare = [self._host.remote(dict(setup)) for _ in range(self.workers)]
        host = self._spare.pop() if self._spare else self._host.remote(dict(setup))
        await _begun(host)
        return RayWorker(host, budget, tally)

    def close(self) -> None:
        """Leave the cluster, and end it where it was started here."""
        self._closing.close()


def _knock(address: str) -> None:
    """Raises OSError where nobody listens, in seconds: Ray itself takes minutes over it."""
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if host and port.isdecimal():
        socket.create_connection((host.strip("[]"), int(port)), CONNECT_S).close()


def _ray(*, local: bool) -> Any:
    """The module. Raises SpecError where it is not installed."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    for name, value in LOCAL.items() if local else ():
        os.environ.setdefault(name, value)
    try:
        import ray  # noqa: PLC0415 - an extra
    except ImportError:
        raise SpecError("--executor ray needs an extra: pip install 'axiofeed[ray]'") from None
    logging.getLogger("ray").setLevel(logging.ERROR)
    return ray


async def _begun(host: Any) -> None:
    """Wait until an actor works. Raises WorkerLost, SpecError."""
    import ray  # noqa: PLC0415

    try:
        complaint = await asyncio.wait_for(host.begin.remote(), START_S)
    except TimeoutError:
        _end(host)
        raise WorkerLost(f"no Ray worker came up within {START_S:.0f} s") from None
    except ray.exceptions.RayError as error:
        if "ModuleNotFoundError" in str(error) or "ImportError" in str(error):
            raise SpecError("a Ray node cannot import axiofeed: install the same version with the same extras on every node") from error
        raise WorkerLost("a Ray worker ended while it started") from error
    if complaint:
        raise SpecError(complaint)


def _end(host: Any) -> None:
    import ray  # noqa: PLC0415

    with contextlib.suppress(ray.exceptions.RayError, ValueError):
        ray.kill(host)


class RayWorker(DistantWorker):
    """A worker that lives in an actor (`agent.experiments.worker.Worker`). Made by `RayCluster.hire`."""

    def __init__(self, host: Any, budget: Budget, tally: Tally) -> None:
        super().__init__(budget, tally)
        self._host = host
        self._outgoing: asyncio.Queue[Message] = asyncio.Queue()
        self._speaking = asyncio.create_task(self._speak())
        self._listening = asyncio.create_task(self._listen())

    async def close(self) -> None:
        """See Worker: its sessions end, and so does the actor."""
        import ray  # noqa: PLC0415

        with contextlib.suppress(ray.exceptions.RayError, TimeoutError):
            await asyncio.wait_for(self._host.end.remote(), CLOSE_S)
        _end(self._host)
        self._speaking.cancel()
        await asyncio.gather(self._speaking, self._listening, return_exceptions=True)

    async def pid(self) -> int:
        """Of the actor's process, on its node."""
        number: int = await self._host.pid.remote()
        return number

    def _send(self, message: Message) -> None:
        self._outgoing.put_nowait(message)

    async def _speak(self) -> None:
        """Messages go one batch at a time: calls that overtake each other would change their order."""
        import ray  # noqa: PLC0415

        with contextlib.suppress(ray.exceptions.RayError):
            while True:
                batch = [await self._outgoing.get()]
                while not self._outgoing.empty():
                    batch.append(self._outgoing.get_nowait())
                await self._host.take.remote(batch)

    async def _listen(self) -> None:
        """Take in what the worker says, until it ends or its node is out of reach."""
        import ray  # noqa: PLC0415

        try:
            with contextlib.suppress(ray.exceptions.RayError):
                while True:
                    for message in await self._host.give.remote():
                        self._heard(message)
        finally:
            _end(self._host)  # one that cannot be reached must not go on: its sessions will run elsewhere
            self._gone()


class Host:
    """What runs in an actor: a worker between two queues of messages."""

    def __init__(self, setup: dict[str, Any]) -> None:
        self._setup = setup
        self._incoming: asyncio.Queue[Message | None] = asyncio.Queue()
        self._outgoing: asyncio.Queue[Message] = asyncio.Queue()
        self._serving: asyncio.Task[None] | None = None

    async def begin(self) -> str:
        """Start; returns why it cannot, or ""."""
        configure_logs(30)
        folder = Path(self._setup["runs"])
        if not self._setup.get("store") and not (folder / PLAN).is_file():
            return f"Ray workers do not see {folder}: give --runs a folder that all nodes share, or a URL such as s3://bucket/path"
        self._serving = asyncio.create_task(serve(self._setup, self._messages(), self._outgoing.put_nowait))
        return ""

    async def take(self, messages: list[Message]) -> None:
        """Messages of the sweep."""
        for message in messages:
            self._incoming.put_nowait(message)

    async def give(self) -> list[Message]:
        """Messages for the sweep; waits until there are some, or a while."""
        try:
            messages = [await asyncio.wait_for(self._outgoing.get(), POLL_S)]
        except TimeoutError:
            return []
        while not self._outgoing.empty():
            messages.append(self._outgoing.get_nowait())
        return messages

    async def end(self) -> None:
        """Stop what runs, and return when all is stored."""
        self._incoming.put_nowait(None)
        if self._serving is not None:
            await asyncio.gather(self._serving, return_exceptions=True)

    async def pid(self) -> int:
        """Of this process."""
        return os.getpid()

    async def _messages(self) -> AsyncIterator[Message]:
        while (message := await self._incoming.get()) is not None:
            yield message
