"""The scheduler, with workers that do as they are told."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

import pytest

from agent.experiments import driver as driving
from agent.experiments.budget import Budget
from agent.experiments.driver import Driver
from agent.experiments.matrix import Planned
from agent.experiments.spec import ExperimentLimits
from agent.experiments.worker import Job, Outcome, WorkerLost
from agent.spec import SessionSpec


def planned(model: str, count: int) -> list[Planned]:
    return [Planned(f"{model}-{n}", SessionSpec(model=model, videos=3, seed=n), "") for n in range(count)]


class Obedient:
    """A worker whose answer to a job is a function of the job; notes what ran at the same time."""

    def __init__(self, answer: Any) -> None:
        self.answer, self.now, self.most, self.ran = answer, Counter[str](), Counter[str](), list[str]()

    async def run(self, job: Job) -> Outcome:
        self.ran.append(job.name)
        self.now[job.model] += 1
        self.most[job.model] = max(self.most[job.model], self.now[job.model])
        try:
            await asyncio.sleep(0.001)
            return self.answer(job)
        finally:
            self.now[job.model] -= 1

    def stop(self, *, now: bool = False, model: str | None = None) -> None:
        pass

    async def close(self) -> None:
        pass


def run(todo: list[Planned], answer: Any, caps: dict[str, int], workers: int = 1) -> tuple[Driver, list[Obedient]]:
    hired: list[Obedient] = []

    async def hire() -> Obedient:
        hired.append(Obedient(answer))
        return hired[-1]

    driver = Driver(todo, hire=hire, workers=workers, caps=caps, budget=Budget(ExperimentLimits(), {}))
    asyncio.run(driver.run())
    return driver, hired


def done(job: Job) -> Outcome:
    return Outcome(job.name, "complete", steps=3)


def test_each_model_keeps_to_its_places_and_all_run_from_the_start():
    """A model with many sessions does not make another wait."""
    _, [worker] = run([*planned("a", 40), *planned("b", 10)], done, {"a": 4, "b": 2})
    assert worker.most == {"a": 4, "b": 2}
    assert any(name.startswith("b-") for name in worker.ran[:6])
    assert len(worker.ran) == len(set(worker.ran)) == 50


def test_a_model_without_answers_is_stopped_and_the_others_finish():
    """Three sessions in a row without an answer end a model, with the reason."""

    def answer(job: Job) -> Outcome:
        return Outcome(job.name, "failed", "no such model", blame="model") if job.model == "bad" else done(job)

    driver, [worker] = run([*planned("bad", 30), *planned("good", 20)], answer, {"bad": 2, "good": 2})
    assert driver.lanes["bad"].stopped == "no such model"
    assert sum(name.startswith("bad") for name in worker.ran) < 8
    assert driver.lanes["good"].done == 20


def test_one_session_at_a_time_is_no_reason_to_stop_earlier():
    """A single session without an answer stops no model, however few of its sessions run at once."""

    def answer(job: Job) -> Outcome:
        return Outcome(job.name, "failed", "five failures in a row", blame="model") if job.name == "a-3" else done(job)

    driver, _ = run(planned("a", 10), answer, {"a": 1})
    assert not driver.lanes["a"].stopped
    assert driver.lanes["a"].done == 9


def test_a_stop_while_workers_start_hires_no_more():
    """Ctrl-C does not wait for workers that nobody needs."""
    hired: list[Obedient] = []

    async def hire() -> Obedient:
        hired.append(Obedient(done))
        driver.stop("enough")
        return hired[-1]

    driver = Driver(planned("a", 3), hire=hire, workers=9, caps={"a": 3}, budget=Budget(ExperimentLimits(), {}))
    asyncio.run(driver.run())
    assert len(hired) == 1
    assert not hired[0].ran


def test_one_bad_session_stops_nobody():
    """What is wrong with one session is noted, and the rest runs."""

    def answer(job: Job) -> Outcome:
        return Outcome(job.name, "failed", "the feed has changed", blame="session") if job.name == "a-3" else done(job)

    driver, _ = run(planned("a", 10), answer, {"a": 3})
    assert driver.lanes["a"].done == 9
    assert driver.lanes["a"].failures == {"a-3": "the feed has changed"}


def test_the_sessions_of_a_lost_worker_run_again():
    """A worker that dies takes nothing with it."""
    lost: set[str] = set()

    def answer(job: Job) -> Outcome:
        if job.name in {"a-2", "a-5"} and job.name not in lost:
            lost.add(job.name)
            raise WorkerLost
        return done(job)

    driver, hired = run(planned("a", 12), answer, {"a": 3}, workers=2)
    assert driver.lanes["a"].done == 12
    assert len(hired) == 4


def test_workers_that_keep_dying_end_the_run():
    """Something that kills every worker is said, and does not go on for ever."""

    def answer(job: Job) -> Outcome:
        raise WorkerLost

    driver, _ = run(planned("a", 5), answer, {"a": 1})
    assert "workers died" in driver.stopping


def test_a_session_that_a_dying_process_has_is_waited_for(monkeypatch: pytest.MonkeyPatch):
    """After a kill the old process may hold a session for a moment."""
    monkeypatch.setattr(driving, "TICK_S", 0.01)
    tries = Counter[str]()

    def answer(job: Job) -> Outcome:
        tries[job.name] += 1
        return Outcome(job.name, "failed", "busy", blame="busy") if tries[job.name] < 3 else done(job)

    driver, _ = run(planned("a", 2), answer, {"a": 2})
    assert driver.lanes["a"].done == 2
    assert not driver.lanes["a"].failures
