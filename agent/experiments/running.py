"""One run of an experiment in its folder: what is left is run, and how it stands then is written down."""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from agent.experiments.budget import Budget, BudgetPurse
from agent.experiments.driver import Driver
from agent.experiments.mirroring import EVERY_S, MirroringWorker
from agent.experiments.plan import Plan, hold_to_plan, write_plan
from agent.experiments.processes import ProcessWorker
from agent.experiments.ray_workers import RayCluster
from agent.experiments.remote import open_mirror, scheme
from agent.experiments.spec import ExperimentLimits
from agent.experiments.standing import Standing, SweepLog, missing, read_standings, spent_by_model, write_summary
from agent.experiments.worker import LocalWorker, Tally, Worker
from agent.models.registry import PROVIDERS, ModelOptions, make_model, split_name
from agent.models.scoring import check_provider, check_scores
from agent.protocols.registry import scores_given_texts
from personas.errors import SpecError, StorageFailed

__all__ = ["Result", "Sweep", "check_models", "default_workers"]

OVER_HTTP = 32
IN_PROCESS = 8
FEW_DECISIONS = 400
"""A smaller run is over before more processes have started."""
MOST_WORKERS = 4
ALIVE_S = 5.0


@dataclass(frozen=True)
class Result:
    """How an experiment stands after a run.

    `stopped`: models that ended early, and why; `limited`: whether a limit did it; `stopping`: why the whole run ended early, else "";
    `broken`: whether that was no wish of the user's.
    """

    folder: Path
    standings: Mapping[str, Standing]
    stopped: Mapping[str, str]
    limited: bool
    stopping: str
    seconds: float
    failures: Mapping[str, str]
    broken: bool = False

    @property
    def remaining(self) -> int:
        """Sessions that are not complete."""
        return sum(not standing.complete for standing in self.standings.values())

    @property
    def exit_code(self) -> int:
        """0 all complete, 3 a limit, 130 stopped by the user, else 1."""
        if not self.remaining:
            return 0
        if self.stopping:
            return 1 if self.broken else 130
        return 3 if self.limited else 1

    def totals(self) -> dict[str, Any]:
        """Counts over all sessions."""
        counted: dict[str, Any] = {"sessions": len(self.standings), "complete": len(self.standings) - self.remaining}
        for state in ("answered", "refused", "unparsable", "failed"):
            counted[state] = sum(each.totals["answers"][state] for each in self.standings.values() if each.totals)
        counted["decisions"] = sum(each.totals["steps"] for each in self.standings.values() if each.totals)
        return counted


class Sweep:
    """An experiment about to be run in `runs`/NAME. Raises SpecError, ModelSetupError, StorageFailed before anything runs.

    store     URL where it is kept, as URL/NAME: `runs` is then where it works
    executor  "asyncio": here, or in processes of this machine; "ray": on the cluster at `ray_address`, or a local one
    verbose   processes log retries and other details
    """

    def __init__(
        self,
        plan: Plan,
        runs: Path,
        *,
        workers: int | None = None,
        concurrency: int | None = None,
        store: str | None = None,
        executor: Literal["asyncio", "ray"] = "asyncio",
        ray_address: str | None = None,
        verbose: bool = False,
    ) -> None:
        self.plan = plan
        self._verbose = verbose
        self.folder = runs / plan.name
        if runs.exists() and not runs.is_dir():
            raise SpecError(f"--runs {str(runs)!r} is a file, not a folder")
        if executor == "ray" and store and scheme(store) == "memory":
            raise SpecError("memory:// is of one process, which Ray's workers do not see: give a folder or another URL")
        self.url = f"{store.rstrip('/')}/{plan.name}" if store else None
        self.mirror = open_mirror(self.url, self.folder) if self.url else None
        if self.mirror:
            self.mirror.pull()
        self.resumed = hold_to_plan(plan, self.folder)
        check_models(plan)
        write_plan(plan, self.folder)
        self._log = SweepLog(self.folder)
        with contextlib.ExitStack() as undone:
            undone.callback(self._log.close)
            self._take_stock(workers, concurrency, executor, ray_address)
            undone.pop_all()

    def _take_stock(self, workers: int | None, concurrency: int | None, executor: str, ray_address: str | None) -> None:
        """What is there, what is left to do, what may still be spent, and who does it."""
        plan = self.plan
        if self.mirror:
            self.mirror.catch_up()
        self.standings = read_standings(plan, self.folder)
        self.todo = missing(plan, self.standings)
        limits = {model: settings.limits for model, settings in plan.experiment.models.items()}
        self.budget = Budget(plan.limits, limits, spent_by_model(plan, self.standings), self._log.minutes())
        self.caps = {model: concurrency or _cap(plan, model) for model in plan.models}
        self.tally = Tally()
        self._noted = self._stored = 0.0
        self._cluster: RayCluster | None = None
        if executor == "ray":
            self._cluster = RayCluster(ray_address, _ray_workers(plan, len(self.todo), workers)) if self.todo else None
        self.workers = self._cluster.workers if self._cluster else _workers(plan, sum(each.spec.videos for each in self.todo), workers)

    async def run(self, see: Callable[[Sweep, Driver], None], ready: Callable[[Driver], None]) -> Result:
        """Run what is left. `see` is called about every second, `ready` once, with the driver, whose `stop` ends the run."""
        began = time.monotonic()
        self._log.note("begin", 0.0, pid=os.getpid(), sessions=len(self.todo), workers=self.workers)
        driver = Driver(
            self.todo,
            hire=self._hire,
            workers=self.workers,
            caps=self.caps,
            budget=self.budget,
            alive=lambda: self._alive(began, driver, see),
        )
        ready(driver)
        full = ""
        try:
            await driver.run()
        except StorageFailed as error:
            full = str(error)
        if self._cluster and self.mirror and not full:
            await asyncio.to_thread(self.mirror.pull)  # what ran on other machines
        self.standings = read_standings(self.plan, self.folder)
        if full:
            raise StorageFailed(full)
        write_summary(self.plan, self.standings, self.folder / "summary.csv")
        self._log.note("end", (time.monotonic() - began) / 60)
        if self.mirror:
            await asyncio.to_thread(self.mirror.push_all, ("summary.csv", "sweeps.jsonl"))
        lanes = driver.lanes.values()
        return Result(
            self.folder,
            self.standings,
            {lane.model: lane.stopped for lane in lanes if lane.stopped},
            any(lane.limited for lane in lanes),
            driver.stopping,
            time.monotonic() - began,
            {name: why for lane in lanes for name, why in lane.failures.items()},
            bool(driver.broken),
        )

    def close(self) -> None:
        """Let others run the experiment."""
        self._log.close()
        if self._cluster:
            self._cluster.close()

    async def _hire(self) -> Worker:
        limited = {model: self.budget.counts_usd(model) for model in self.plan.models if self.budget.limited(model)}
        if self._cluster:
            setup = {"runs": str(self.folder.absolute()), "limited": limited, "store": self.url}
            return await self._cluster.hire(setup, self.budget, self.tally)
        worker: Worker
        if self.workers == 1:
            worker = LocalWorker(self.folder, lambda model: BudgetPurse(self.budget, model) if model in limited else None, self.tally)
        else:
            worker = await ProcessWorker.start(self.folder, self.budget, self.tally, limited, verbose=self._verbose)
        return MirroringWorker(worker, self.mirror) if self.mirror else worker

    def _alive(self, began: float, driver: Driver, see: Callable[[Sweep, Driver], None]) -> None:
        if time.monotonic() - self._noted >= ALIVE_S:
            self._noted = time.monotonic()
            self._log.note("alive", (self._noted - began) / 60)
        if self.mirror and time.monotonic() - self._stored >= EVERY_S:
            self._stored = time.monotonic()
            asyncio.get_running_loop().run_in_executor(None, self.mirror.try_push, "sweeps.jsonl")
        see(self, driver)


def check_models(plan: Plan) -> None:
    """Every model can be made, and a limit in USD be kept. Raises SpecError, ModelSetupError."""
    for model, sessions in plan.models.items():
        spec = sessions[0].spec
        scoring = any(scores_given_texts(each.spec.protocol) for each in sessions)
        if scoring:
            check_provider(model)
        made = make_model(model, ModelOptions(spec.base_url, spec.serve, spec.model_options))
        if scoring:
            check_scores(made)
        settings = plan.experiment.models.get(model)
        limits = [plan.limits, settings.limits if settings else ExperimentLimits()]
        if any(each.max_usd is not None for each in limits) and not made.price_known:
            raise SpecError(
                f"unknown price: {model}, so max_usd cannot be kept: give price_input and price_output (USD per million tokens) under "
                f'[models."{model}".options], or take max_usd away'
            )


def default_workers() -> int:
    """Processes of a large run: one a core, at most four."""
    return max(1, min(MOST_WORKERS, os.cpu_count() or 1))


def _workers(plan: Plan, decisions: int, asked: int | None) -> int:
    """How many processes. A server that a session starts is shared by all, so there is one process then."""
    serves = any(settings.serve for settings in plan.experiment.models.values())
    if serves and asked is not None and asked > 1:
        raise SpecError("serve = true starts one server in one process: leave out --workers, or start `vllm serve` yourself")
    if serves or decisions <= FEW_DECISIONS:
        return 1 if asked is None else asked
    return default_workers() if asked is None else asked


def _ray_workers(plan: Plan, sessions: int, asked: int | None) -> int | None:
    """How many actors were asked for; None: as the cluster has CPUs."""
    if any(settings.serve for settings in plan.experiment.models.values()):
        raise SpecError("serve = true starts a server beside the sweep: with --executor ray start `vllm serve` yourself, and give base_url")
    return asked if asked is None else min(asked, sessions)


def _cap(plan: Plan, model: str) -> int:
    """Sessions of a model at once."""
    settings = plan.experiment.models.get(model)
    if settings is not None and settings.concurrency is not None:
        return settings.concurrency
    return OVER_HTTP if PROVIDERS[split_name(model)[0]].urls is not None else IN_PROCESS
