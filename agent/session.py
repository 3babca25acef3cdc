"""One session from its spec: prepared on disk before the first step, run through the graph, resumed from its own trace."""

from __future__ import annotations

import asyncio
import json
import os
import platform
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Literal

from agent.browsing import Browsing, Interrupted
from agent.logs import logger
from agent.models.base import Model
from agent.models.registry import ModelOptions, make_model
from agent.protocols.registry import make_protocol
from agent.redaction import known_secrets, redact
from agent.spec import Limits, SessionSpec
from agent.trace.events import SCHEMA_VERSION, EndEvent
from agent.trace.reader import SessionFolder
from agent.trace.recorder import Observer, Recorder
from environments.base import Environment
from personas.errors import AxiofeedError, LimitReached, SpecError, StorageFailed, UserError
from personas.persona import Persona, load_persona

__all__ = ["SessionResult", "arun_session", "drive", "prepare", "run_session"]

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,119}")
LANGSMITH_SWITCH = "AXIOFEED_LANGSMITH"
"""Environment variable: only when it is 1 does LangSmith's own tracing setting apply."""

_VERSIONED = ("axiofeed", "anthropic", "av", "langgraph", "openai", "pillow", "rapidocr", "tenacity", "wordllama", "xllamacpp")


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
        """0 complete, 3 stopped by a limit, 130 interrupted, else by whose fault it was: 1 or 2."""
        if self.error is not None:
            return self.error.exit_code
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


@dataclass(frozen=True)
class Prepared:
    """A session that stands on disk: its folder, and whether it was there before."""

    folder: SessionFolder
    resumed: bool


def run_session(
    spec: SessionSpec | None = None,
    *,
    runs: str | Path = "runs",
    session: str | None = None,
    limits: Limits | None = None,
    observer: Observer | None = None,
) -> SessionResult:
    """Run a session to its end, or carry on with the unfinished one of this spec; see `arun_session`. Not for use in an event loop."""
    return asyncio.run(arun_session(spec, runs=runs, session=session, limits=limits, observer=observer))


async def arun_session(
    spec: SessionSpec | None = None,
    *,
    runs: str | Path = "runs",
    session: str | None = None,
    limits: Limits | None = None,
    observer: Observer | None = None,
    on_start: Callable[[Browsing], None] | None = None,
) -> SessionResult:
    """Run a session in `runs`, under the name `session` or the next free number.

    `observer` is called after each event; `on_start` is given the live session, whose `stop_requested` ends it after the current answer.
    Raises UserError before anything is written when the spec cannot be run. What stops a running session is in the result: its record is
    written first, and the same call carries on.
    """
    spec, limits = spec or SessionSpec(), limits or Limits()
    persona = load_persona(spec.persona)
    protocol = make_protocol(spec.protocol)
    if spec.cell != "rotate" and spec.cell >= protocol.cells:
        raise SpecError(f"cell {spec.cell}: protocol {spec.protocol} has the prompt cells 0 to {protocol.cells - 1}, or rotate")
    model = make_model(spec.model, ModelOptions(spec.base_url, spec.serve, spec.model_options))
    try:
        if limits.max_usd is not None and not model.price_known:
            raise SpecError(
                f"the price of {model.name} is unknown, so a limit in USD cannot be kept: "
                "give --model-option price_input=… and price_output=… (USD per million tokens), or leave out --max-usd"
            )
        environment = await asyncio.to_thread(_environment, spec, model)
        prepared = prepare(spec, persona, Path(runs), session)
        recorder = Recorder(prepared.folder.path, observer)
        try:
            agent = Browsing(spec, limits, persona, model, protocol, environment, recorder)
            if on_start:
                on_start(agent)
            return await _run(agent, prepared)
        finally:
            recorder.close()
    finally:
        await model.close()


async def _run(agent: Browsing, prepared: Prepared) -> SessionResult:
    """Run the graph and write how it ended."""
    recorder = agent.recorder
    if recorder.progress.end and recorder.progress.end.reason == "complete":
        return _result(agent, prepared, recorder.progress.end, already_complete=True)
    log = logger("session")
    log.info("begin", session=prepared.folder.path.name, resumed=prepared.resumed, steps=recorder.progress.steps)
    recorder.begin(agent.spec.hash(_persona_record(agent.persona, agent.spec)), time.time())
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
    return _result(agent, prepared, _write_end(recorder, *end), error=error)


async def drive(agent: Browsing) -> None:
    """The graph, from wherever the trace says the session is."""
    from langsmith import tracing_context  # noqa: PLC0415 - langgraph loads when a session runs

    from agent.graph import NODES_PER_STEP, graph  # noqa: PLC0415

    steps_left = agent.spec.videos - agent.progress.steps
    # A stray LANGSMITH_TRACING=true in the environment would upload prompts and frames to a third party.
    wanted = None if os.environ.get(LANGSMITH_SWITCH) == "1" else False
    with tracing_context(enabled=wanted):
        await graph.ainvoke({}, {"recursion_limit": NODES_PER_STEP * steps_left + 10}, context=agent)


def _write_end(recorder: Recorder, reason: str, detail: str) -> EndEvent:
    end = EndEvent(at=round(time.time(), 3), reason=reason, detail=detail[:500], totals=recorder.progress.totals())  # type: ignore[arg-type]
    recorder.record(end)
    return end


def _result(agent: Browsing, prepared: Prepared, end: EndEvent, **more: Any) -> SessionResult:
    totals = agent.progress.totals()
    return SessionResult(prepared.folder.path, agent.spec, end.reason, end.detail, totals, resumed=prepared.resumed, **more)


def _environment(spec: SessionSpec, model: Model) -> Environment:
    from environments.feeds import open_feed  # noqa: PLC0415 - the video decoder loads when a session runs

    return open_feed(spec.feed, frames=spec.frames, policy=spec.policy, videos=spec.videos, seed=spec.seed, labels_required=model.synthetic)


def prepare(spec: SessionSpec, persona: Persona, runs: Path, session: str | None = None) -> Prepared:
    """The session's folder, with `session.json` in it before anything runs.

    With a name: that session, if it has the same spec, else SpecError with the differences. Without: the unfinished session with this spec,
    else the next number. Raises StorageFailed when the folder cannot be written.
    """
    persona_record = _persona_record(persona, spec)
    spec_hash = spec.hash(persona_record)
    record = {
        "schema_version": SCHEMA_VERSION,
        "spec": spec.model_dump(mode="json"),
        "spec_hash": spec_hash,
        "persona": persona_record,
        "versions": _versions(),
        "created_at": round(time.time(), 3),
    }
    try:
        runs.mkdir(parents=True, exist_ok=True)
        if session is not None:
            return _named(runs, session, record)
        stem = _stem(persona.name, spec.model)
        for path in sorted(runs.glob(f"{stem}-*/session.json")):
            folder = SessionFolder(path.parent)
            if _spec_hash(folder) == spec_hash and folder.status() != "complete":
                return Prepared(folder, resumed=True)
        return Prepared(_numbered(runs, stem, record), resumed=False)
    except OSError as error:
        raise StorageFailed(f"cannot write {runs}: {error.strerror}; mend it or choose another --runs") from error


def _spec_hash(folder: SessionFolder) -> str | None:
    """The spec hash of a session, None where its record cannot be read: a damaged neighbour stops nobody."""
    try:
        return folder.record().get("spec_hash")
    except UserError:
        return None


def check_session_name(name: str) -> None:
    """Raises SpecError unless `name` can be the name of a session: it becomes the name of a folder."""
    if not _NAME.fullmatch(name) or name == "frames":
        raise SpecError(f"session {name[:60]!r}: use letters, digits, dots, dashes and underscores, at most 120")


def _named(runs: Path, name: str, record: dict[str, Any]) -> Prepared:
    check_session_name(name)
    folder = SessionFolder(runs / name)
    if (folder.path / "session.json").exists():
        old = folder.record()
        if old.get("spec_hash") != record["spec_hash"]:
            raise SpecError(f"session {name!r} was begun with another spec ({_difference(old, record)}); use another --session")
        return Prepared(folder, resumed=True)
    folder.path.mkdir(exist_ok=True)
    _write_record(folder, record)
    return Prepared(folder, resumed=False)


def _numbered(runs: Path, stem: str, record: dict[str, Any]) -> SessionFolder:
    number = 1
    while True:
        folder = SessionFolder(runs / f"{stem}-{number:03d}")
        try:
            folder.path.mkdir()
        except FileExistsError:
            number += 1
            continue
        _write_record(folder, record)
        return folder


def _write_record(folder: SessionFolder, record: dict[str, Any]) -> None:
    aside = folder.path / f".session.{os.getpid()}.part"
    text = json.dumps(record | {"session": folder.path.name}, indent=1, ensure_ascii=False)
    aside.write_text(redact(text, known_secrets()) + "\n", encoding="utf-8")
    aside.replace(folder.path / "session.json")


def _difference(old: dict[str, Any], new: dict[str, Any]) -> str:
    """Which fields of two specs differ: "seed 0, now 1"."""
    before, now = old.get("spec", {}), new["spec"]
    fields = [f"{name} {before.get(name)!r}, now {now[name]!r}" for name in now if before.get(name) != now[name]]
    return "; ".join(fields)[:300] or "the persona's text has changed"


def _persona_record(persona: Persona, spec: SessionSpec) -> dict[str, Any]:
    return {
        "name": persona.name,
        "kind": persona.kind,
        "paraphrase": spec.paraphrase,
        "text": persona.text(spec.paraphrase),
        "target": dict(persona.target),
    }


def _stem(persona: str, model: str) -> str:
    """What a session's folder is called before its number: made of harmless characters whatever the names hold."""
    parts = [re.sub(r"[^a-z0-9]+", "-", part.lower()).strip("-")[:40] or "x" for part in (persona, model)]
    return "-".join(parts)


def _versions() -> dict[str, str]:
    found = {"python": platform.python_version(), "system": f"{platform.system()} {platform.machine()}"}
    for package in _VERSIONED:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found
