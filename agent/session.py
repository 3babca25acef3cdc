"""One session from its spec: prepared on disk before the first step, run through the graph, resumed from its own trace."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from agent.browsing import Browsing, Interrupted, Purse
from agent.logs import logger
from agent.models.base import Model
from agent.models.registry import ModelOptions, make_model, resolved_base_url
from agent.models.scoring import check_provider, check_scores
from agent.option_scopes import misplaced
from agent.phases import cast_of, feed_phases
from agent.preparing import Prepared, persona_record, prepare, versions
from agent.protocols.base import FeedbackProtocol
from agent.protocols.registry import scores_given_texts
from agent.protocols.strategies.registry import asked_protocol
from agent.spec import Limits, SessionSpec
from agent.trace.events import EndEvent
from agent.trace.making import now
from agent.trace.recorder import Observer, Recorder
from environments.base import Environment
from environments.request import FeedRequest, open_environment
from personas.errors import AxiofeedError, LimitReached, SpecError, StorageFailed, Unreachable, UserError
from personas.persona import Persona, load_persona

__all__ = ["LiveOptions", "SessionResult", "arun_session", "drive", "resolved", "run_session", "run_with"]

LANGSMITH_SWITCH = "AXIOFEED_LANGSMITH"
"""Environment variable: only when it is 1 does LangSmith's own tracing setting apply."""


@dataclass(frozen=True)
class LiveOptions:
    """How an environment is shown, which changes nothing of what is shown and is no part of the spec.

    headed   a browser shows its window
    profile  on a platform's site: a folder that keeps what the user did by hand in the browser, such as logging in
    record   of a feed of clips, in any environment: a folder in which it is kept as it is shown, to be replayed. A deck is its own record
    """

    headed: bool = False
    profile: Path | None = None
    record: Path | None = None


@dataclass(frozen=True)
class SessionResult:
    """How a session stands after a run. `already_complete`: there was nothing left to do."""

    path: Path
    spec: SessionSpec
    reason: Literal["complete", "limit", "interrupted", "failed"]
    detail: str
    totals: dict[str, Any]
    resumed: bool = False
    already_complete: bool = False
    error: AxiofeedError | None = None

    @property
    def name(self) -> str:
        """The session's name: its folder's."""
        return self.path.name

    @property
    def exit_code(self) -> int:
        """0 complete, 3 stopped by a limit, 130 interrupted, else by whose fault it was: 1 or 2. 1 also where every clip failed."""
        if self.error is not None:
            return self.error.exit_code
        if self.reason == "complete" and self.totals["steps"] and self.totals["answers"]["failed"] == self.totals["steps"]:
            return 1
        return {"complete": 0, "limit": 3, "interrupted": 130}.get(self.reason, 1)

    def summary(self) -> dict[str, Any]:
        """The result as JSON-able data."""
        return {
            "session": self.name,
            "path": str(self.path),
            "persona": self.spec.persona,
            "model": self.spec.model,
            "seed": self.spec.seed,
            "status": self.reason,
            "detail": self.detail,
            "resumed": self.resumed,
            "already_complete": self.already_complete,
            **self.totals,
        }


def run_session(
    spec: SessionSpec | None = None,
    *,
    runs: str | Path = "runs",
    session: str | None = None,
    limits: Limits | None = None,
    observer: Observer | None = None,
    live: LiveOptions | None = None,
) -> SessionResult:
    """Run a session to its end, or carry on with the unfinished one of this spec; see `arun_session`. Works in a notebook too."""

    def run() -> SessionResult:
        return asyncio.run(arun_session(spec, runs=runs, session=session, limits=limits, observer=observer, live=live))

    if not _in_event_loop():
        return run()
    with ThreadPoolExecutor(1) as thread:  # a notebook's own event loop is running
        return thread.submit(run).result()


def _in_event_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


async def arun_session(
    spec: SessionSpec | None = None,
    *,
    runs: str | Path = "runs",
    session: str | None = None,
    limits: Limits | None = None,
    observer: Observer | None = None,
    on_start: Callable[[Browsing], None] | None = None,
    live: LiveOptions | None = None,
    model: Model | None = None,
    purse: Purse | None = None,
) -> SessionResult:
    """Run a session in `runs`, under the name `session` or the next free number.

    `model` is one that several sessions share: it is not closed. `purse` holds limits that sessions share. `observer` is called after each
    event; `on_start` is given the live session, whose `stop_requested` ends it after the current answer.
    Raises UserError before anything is written when the spec cannot be run. What stops a running session is in the result: its record is
    written first, and the same call carries on.
    """
    spec, limits, live = spec or SessionSpec(), limits or Limits(), live or LiveOptions()
    chosen = [name for name, value in (("headed", live.headed), ("profile", live.profile)) if value]
    if wrong := misplaced(chosen, spec.environment, spec.site):
        raise SpecError(wrong)
    if live.record is not None and spec.environment == "deck":
        raise SpecError("a recording keeps clips, not options, keys and examples: leave out --record, and give the deck's folder again")
    persona = load_persona(spec.persona)
    protocol = asked_protocol(spec.protocol, spec.strategy, spec.placement)
    if spec.cell != "rotate" and spec.cell >= protocol.cells:
        raise SpecError(f"cell {spec.cell}: protocol {spec.protocol} has the prompt cells 0 to {protocol.cells - 1}, or rotate")
    spec = resolved(spec)
    if model is None and scores_given_texts(spec.protocol):
        check_provider(spec.model)
    shared, model = model, model or make_model(spec.model, ModelOptions(spec.base_url, spec.serve, spec.model_options))
    try:
        if limits.max_usd is not None and not model.price_known:
            raise SpecError(
                f"the price of {model.name} is unknown, so a limit in USD cannot be kept: "
                "give --model-option price_input=… and price_output=… (USD per million tokens), or leave out --max-usd"
            )
        if scores_given_texts(spec.protocol):
            check_scores(model)
        environment = await asyncio.to_thread(_environment, spec, model, protocol, live)
        return await run_with(
            spec,
            persona,
            protocol,
            model,
            environment,
            runs=Path(runs),
            session=session,
            limits=limits,
            observer=observer,
            on_start=on_start,
            purse=purse,
        )
    finally:
        if shared is None:
            await model.close()


def resolved(spec: SessionSpec) -> SessionSpec:
    """The spec with the address that the environment names, if any: it is part of what the session is. Raises ModelSetupError."""
    options = ModelOptions(spec.base_url, spec.serve, spec.model_options)
    return spec.model_copy(update={"base_url": resolved_base_url(spec.model, options)})


async def run_with(
    spec: SessionSpec,
    persona: Persona,
    protocol: FeedbackProtocol,
    model: Model,
    environment: Environment,
    *,
    runs: Path,
    session: str | None = None,
    limits: Limits | None = None,
    observer: Observer | None = None,
    on_start: Callable[[Browsing], None] | None = None,
    purse: Purse | None = None,
) -> SessionResult:
    """A session of parts that are built already; `spec` describes them. As `arun_session`, which builds them from their names."""
    cast = cast_of(spec.phases, persona)
    prepared = prepare(spec, persona, runs, session, environment.fingerprint)
    recorder = Recorder(prepared.folder.path, observer)
    try:
        agent = Browsing(spec, limits or Limits(), persona, model, protocol, environment, recorder, purse, cast)
        if on_start:
            on_start(agent)
        return await _run(agent, prepared)
    finally:
        await asyncio.to_thread(recorder.close)  # it waits for the disk, and other sessions need not


async def _run(agent: Browsing, prepared: Prepared) -> SessionResult:
    """Run the graph and write how it ended."""
    recorder = agent.recorder
    if recorder.progress.end and recorder.progress.end.reason == "complete":
        return _result(agent, prepared, recorder.progress.end, already_complete=True)
    log = logger("session")
    log.info("begin", session=prepared.folder.path.name, resumed=prepared.resumed, steps=recorder.progress.steps)
    recorder.begin(agent.spec.hash(persona_record(agent.persona, agent.spec)), versions())
    error: AxiofeedError | None = None
    try:
        await agent.environment.open(recorder.progress.history, frozenset(recorder.progress.problems))
        agent.note_problems()
        await drive(agent)
        end = (
            "complete",
            "" if recorder.progress.steps >= agent.spec.videos else f"the feed was over after {recorder.progress.steps} clips",
        )
    except LimitReached as reached:
        end = ("limit", str(reached))
    except (Interrupted, asyncio.CancelledError):
        end = ("interrupted", "stopped by the user")
    except AxiofeedError as failure:
        end, error = ("failed", str(failure)), failure
    except Exception as bug:
        _write_end(recorder, "failed", f"{type(bug).__name__}: {bug}")
        raise
    finally:
        await agent.settle()
        await agent.environment.close()
    if isinstance(error, StorageFailed):
        return _result(agent, prepared, EndEvent(reason="failed", detail=str(error)), error=error)
    log.info("end", session=prepared.folder.path.name, reason=end[0], detail=end[1])
    return _result(agent, prepared, _write_end(recorder, *end, error=error), error=error)


async def drive(agent: Browsing) -> None:
    """The graph, from wherever the trace says the session is."""
    from langsmith import tracing_context  # noqa: PLC0415 - langgraph loads when a session runs

    from agent.graph import NODES_PER_STEP, graph  # noqa: PLC0415

    steps_left = agent.spec.videos - agent.progress.steps
    # A stray LANGSMITH_TRACING=true in the environment would upload prompts and frames to a third party.
    wanted = None if os.environ.get(LANGSMITH_SWITCH) == "1" else False
    with tracing_context(enabled=wanted):
        await graph.ainvoke({}, {"recursion_limit": NODES_PER_STEP * steps_left + 10}, context=agent)


def _write_end(recorder: Recorder, reason: str, detail: str, error: AxiofeedError | None = None) -> EndEvent:
    unpaid = isinstance(error, UserError | Unreachable) and not getattr(error, "possibly_paid", 0)
    totals = recorder.progress.totals(unanswered=not unpaid)
    end = EndEvent(at=now(), reason=reason, detail=detail[:500], asked_unpaid=unpaid, totals=totals)  # type: ignore[arg-type]
    recorder.record(end)
    return end


def _result(agent: Browsing, prepared: Prepared, end: EndEvent, **more: Any) -> SessionResult:
    totals = agent.progress.totals(unanswered=not end.asked_unpaid)
    return SessionResult(prepared.folder.path, agent.spec, end.reason, end.detail, totals, resumed=prepared.resumed, **more)


def _environment(spec: SessionSpec, model: Model, protocol: FeedbackProtocol, live: LiveOptions) -> Environment:
    """The environment that a spec describes. Blocks while files are checked."""
    environment = open_environment(
        spec.environment,
        FeedRequest(
            feed=spec.feed,
            policy=spec.policy,
            phases=feed_phases(spec.phases, spec.policy),
            videos=spec.videos,
            seed=spec.seed,
            frames=spec.frames,
            first_moment=protocol.first_moment,
            labels_required=model.synthetic and getattr(model, "answers_from", "labels") == "labels",
            site=spec.site,
            counts=spec.counts,
            time_scale=spec.time_scale,
            headed=live.headed,
            profile=live.profile,
            repeat=spec.repeat,
            condition=spec.condition,
            examples=spec.examples,
            options_required=getattr(protocol, "needs_options", False),
        ),
    )
    if live.record is None:
        return environment
    from environments.recorded.recording import Recording  # noqa: PLC0415 - loads when wanted

    return Recording(environment, live.record)
