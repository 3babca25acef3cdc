"""Runs sessions, many at once, in this process. Other kinds of workers hand their jobs to one of these in another process."""

from __future__ import annotations

import asyncio
import gc
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal, Protocol

from agent.browsing import Browsing, Purse
from agent.logs import logger
from agent.models.base import Model
from agent.models.registry import ModelOptions, make_model
from agent.session import SessionResult, arun_session
from agent.spec import SessionSpec
from agent.trace.events import AnswerEvent, Event
from personas.errors import AxiofeedError, ModelError, ModelSetupError, SessionBusy, StorageFailed, Unreachable
from personas.one_line import one_line

__all__ = ["Job", "LocalWorker", "Outcome", "Tally", "Worker", "WorkerLost", "collect_rarely"]

Blame = Literal["", "session", "model", "storage", "busy"]


class WorkerLost(Exception):
    """The worker has died; what its sessions had stored is kept."""


@dataclass(frozen=True)
class Job:
    """A session to run, as JSON-able data: the name of its folder and its spec."""

    name: str
    model: str
    spec: Mapping[str, Any]


@dataclass(frozen=True)
class Outcome:
    """How a session ended. `blame`: what a failure is a failure of, and so what it stops; "busy": another process still has the session."""

    name: str
    reason: Literal["complete", "limit", "interrupted", "failed"]
    detail: str = ""
    steps: int = 0
    failed_steps: int = 0
    blame: Blame = ""

    @property
    def barren(self) -> bool:
        """Whether the model gave no answer at all, or stopped giving any."""
        return self.blame == "model" or (self.steps > 0 and self.failed_steps == self.steps)


@dataclass
class Tally:
    """What has happened since it was last taken, by model: answer states, likes, calls, tokens, dollars; and the latest error."""

    counts: dict[str, Counter[str]] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)

    def see(self, model: str, event: Event) -> None:
        """Take an event in."""
        if not isinstance(event, AnswerEvent):
            return
        counts = self.counts.setdefault(model, Counter())
        counts["calls"] += event.attempts
        counts["retries"] += event.attempts - 1
        counts["tokens"] += sum(event.usage.model_dump().values())
        counts["nano_usd"] += int((event.cost_usd or Decimal(0)) * 1_000_000_000)
        counts["unpriced"] += event.cost_usd is None and event.outcome != "failed"
        if event.final:
            counts[event.outcome] += 1
            counts["like"] += event.decision is not None and event.decision.action == "like"
        if event.error:
            self.errors[model] = one_line(event.error, 200)

    def add(self, counts: Mapping[str, Mapping[str, int]], errors: Mapping[str, str]) -> None:
        """Take in what another tally gave."""
        for model, counted in counts.items():
            self.counts.setdefault(model, Counter()).update(counted)
        self.errors.update(errors)

    def take(self) -> dict[str, Any]:
        """What there is, and begin anew."""
        taken = {"counts": {model: dict(counted) for model, counted in self.counts.items()}, "errors": dict(self.errors)}
        self.counts.clear()
        self.errors.clear()
        return taken


class Worker(Protocol):
    """Runs jobs. `run` raises WorkerLost when the worker dies under it; `stop` ends sessions after their current answer, or `now`."""

    async def run(self, job: Job) -> Outcome: ...

    def stop(self, *, now: bool = False, model: str | None = None) -> None: ...

    async def close(self) -> None: ...


def collect_rarely() -> None:
    """For a process that does nothing but run sessions: look for garbage seldom, and never among what has been imported.

    A decision makes thousands of objects that counting references frees; looking for cycles among them took a sixth of its time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


class LocalWorker:
    """A worker in this process. Sessions share its event loop, models with their connections, frames.

    `purse(model)` gives the limits that sessions of a model share, or None; what happens is counted in `tally`.
    """

    def __init__(self, runs: Path, purse: Callable[[str], Purse | None], tally: Tally) -> None:
        self._runs = runs
        self._purse = purse
        self._tally = tally
        self._models: dict[tuple[Any, ...], Model] = {}
        self._live: dict[str, tuple[str, Browsing]] = {}
        self._tasks: dict[str, tuple[str, asyncio.Task[Any]]] = {}
        self._stopped: set[str | None] = set()

    async def run(self, job: Job) -> Outcome:
        """Run one session to its end, or as far as it gets. Never raises but when cancelled from outside."""
        task = asyncio.ensure_future(self._run(job))
        self._tasks[job.name] = (job.model, task)
        try:
            return await task
        finally:
            self._tasks.pop(job.name, None)
            self._live.pop(job.name, None)

    def stop(self, *, now: bool = False, model: str | None = None) -> None:
        """See Worker."""
        self._stopped.add(model)
        for name, agent in self._live.values():
            agent.stop_requested |= model in {None, name}
        for name, task in self._tasks.values():
            if now and model in {None, name}:
                task.cancel()

    async def close(self) -> None:
        """Release the models."""
        await asyncio.gather(*(model.close() for model in self._models.values()), return_exceptions=True)
        self._models.clear()

    async def _run(self, job: Job) -> Outcome:
        try:
            spec = SessionSpec.model_validate(job.spec)
            result = await arun_session(
                spec,
                runs=self._runs,
                session=job.name,
                observer=lambda event, _: self._tally.see(job.model, event),
                on_start=lambda agent: self._started(job, agent),
                model=self._model(spec),
                purse=self._purse(job.model),
            )
        except AxiofeedError as error:
            return Outcome(job.name, "failed", str(error), blame=_blame(error))
        except asyncio.CancelledError:
            return Outcome(job.name, "interrupted", "stopped by the user")
        except Exception as bug:  # noqa: BLE001 - one bad session stops no other, whatever is wrong with it
            logger("experiments").exception("session failed", session=job.name)
            return Outcome(job.name, "failed", f"{type(bug).__name__}: {one_line(str(bug), 200)} (a fault of axiofeed)", blame="session")
        return _outcome(job.name, result)

    def _started(self, job: Job, agent: Browsing) -> None:
        """A session is about to run; one that was still being prepared when it should stop does so now."""
        self._live[job.name] = (job.model, agent)
        agent.stop_requested |= bool(self._stopped & {None, job.model})

    def _model(self, spec: SessionSpec) -> Model:
        """The model of a spec, one for all sessions that name it so. Raises ModelSetupError."""
        key = (spec.model, spec.base_url, spec.serve, tuple(sorted(spec.model_options.items())))
        if key not in self._models:
            self._models[key] = make_model(spec.model, ModelOptions(spec.base_url, spec.serve, spec.model_options))
        return self._models[key]


def _outcome(name: str, result: SessionResult) -> Outcome:
    failed = result.totals["answers"]["failed"]
    blame = _blame(result.error) if result.error else ""
    return Outcome(name, result.reason, one_line(result.detail, 300), result.totals["steps"], failed, blame)


def _blame(error: AxiofeedError) -> Blame:
    """What an error is an error of."""
    if isinstance(error, SessionBusy):
        return "busy"
    if isinstance(error, StorageFailed):
        return "storage"
    return "model" if isinstance(error, ModelError | ModelSetupError | Unreachable) else "session"


def as_message(outcome: Outcome) -> dict[str, Any]:
    """An outcome as JSON-able data."""
    return asdict(outcome)
