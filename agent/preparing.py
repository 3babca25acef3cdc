"""A session on disk before anything runs: its folder, found or made, with the resolved spec in it."""

from __future__ import annotations

import json
import os
import platform
import re
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from agent.phases import cast_of, phase_records
from agent.protocols.strategies.registry import make_strategy
from agent.redaction import known_secrets, redact_all
from agent.spec import SessionSpec
from agent.trace.events import SCHEMA_VERSION
from agent.trace.reader import SessionFolder
from personas.errors import SpecError, StorageFailed, UserError
from personas.persona import Persona

__all__ = ["Prepared", "check_session_name", "latest_session", "persona_record", "prepare", "versions"]

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,119}")
_VERSIONED = ("axiofeed", "anthropic", "av", "langgraph", "openai", "pillow", "rapidocr", "tenacity", "wordllama", "xllamacpp")


@dataclass(frozen=True)
class Prepared:
    """A session that stands on disk: its folder, and whether it was there before."""

    folder: SessionFolder
    resumed: bool


def prepare(spec: SessionSpec, persona: Persona, runs: Path, session: str | None = None, feed_fingerprint: str | None = None) -> Prepared:
    """The session's folder, with `session.json` in it before anything runs.

    With a name: that session, if it has the same spec, else SpecError with the differences. Without: the unfinished session with this spec,
    else the next number. Raises StorageFailed when the folder cannot be written.
    """
    played = persona_record(persona, spec)
    spec_hash = spec.hash(played)
    record = {
        "schema_version": SCHEMA_VERSION,
        "spec": spec.model_dump(mode="json"),
        "spec_hash": spec_hash,
        "persona": _as_told(played, persona, spec),
        "feed_fingerprint": feed_fingerprint,
        "versions": versions(),
        "created_at": round(time.time(), 3),
    }
    if runs.exists() and not runs.is_dir():
        raise SpecError(f"--runs {str(runs)!r} is a file, not a folder")
    try:
        runs.mkdir(parents=True, exist_ok=True)
        if session is not None:
            return _named(runs, session, record)
        stem = _stem(persona.name, spec.model)
        for path in sorted(runs.glob(f"{stem}-*/session.json")):
            folder = SessionFolder(path.parent)
            if _spec_hash(folder) == spec_hash and folder.status() != "complete":
                _same_feed(folder.record(), record)
                return Prepared(folder, resumed=True)
        return Prepared(_numbered(runs, stem, record), resumed=False)
    except OSError as error:
        raise StorageFailed(f"cannot write {runs}: {error.strerror}; mend it or choose another --runs") from error


def latest_session(spec: SessionSpec, persona: Persona, runs: Path, *, complete: bool) -> str | None:
    """The name of the newest session of this spec that is complete, or that is not; None when there is none."""
    spec_hash = spec.hash(persona_record(persona, spec))
    folders = (SessionFolder(path.parent) for path in sorted(runs.glob(f"{_stem(persona.name, spec.model)}-*/session.json"), reverse=True))
    found = (each for each in folders if _spec_hash(each) == spec_hash and (each.status() == "complete") is complete)
    return next((each.path.name for each in found), None)


def _same_feed(old: dict[str, Any], new: dict[str, Any]) -> None:
    """Raises SpecError when the feed is not what it was when the session began."""
    before, now = old.get("feed_fingerprint"), new.get("feed_fingerprint")
    if before and now and before != now:
        name = old.get("session")
        raise SpecError(f"the feed has changed since session {name!r} began: restore it, or begin a new --session")


def _spec_hash(folder: SessionFolder) -> str | None:
    """The spec hash of a session, None where its record cannot be read: a damaged neighbour stops nobody."""
    try:
        return folder.record().get("spec_hash")
    except UserError:
        return None


def check_session_name(name: str) -> None:
    """Raises SpecError unless `name` can be the name of a session: it becomes the name of a folder."""
    if name == "frames":
        raise SpecError("session 'frames' would lie where the frames are kept: choose another name")
    if not _NAME.fullmatch(name):
        raise SpecError(f"session {name[:60]!r}: use letters, digits, dots, dashes and underscores, at most 120")


def _named(runs: Path, name: str, record: dict[str, Any]) -> Prepared:
    check_session_name(name)
    folder = SessionFolder(runs / name)
    folder.path.mkdir(exist_ok=True)
    try:
        _write_record(folder, record)
    except FileExistsError:
        old = folder.record()
        if old.get("spec_hash") != record["spec_hash"]:
            raise SpecError(f"session {name!r} was begun with another spec ({_difference(old, record)}); use another --session") from None
        _same_feed(old, record)
        return Prepared(folder, resumed=True)
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
    """Write `session.json`, whole or not at all, unless another process did so first. Raises FileExistsError then."""
    aside = folder.path / f".session.{uuid.uuid4().hex}.part"
    clean = redact_all(record | {"session": folder.path.name}, known_secrets())
    try:
        aside.write_text(json.dumps(clean, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        _link(aside, folder.path / "session.json")
    finally:
        aside.unlink(missing_ok=True)


def _link(source: Path, target: Path) -> None:
    """Give `source` the name `target` unless it is taken. Raises FileExistsError. Where there are no links, a rename has to serve."""
    try:
        os.link(source, target)
    except FileExistsError:
        raise
    except OSError:
        if target.exists():
            raise FileExistsError(target) from None
        source.replace(target)


def _difference(old: dict[str, Any], new: dict[str, Any]) -> str:
    """Which fields of two specs differ: "seed 0, now 1"."""
    before, now = old.get("spec", {}), new["spec"]
    fields = [f"{name} {before.get(name)!r}, now {now[name]!r}" for name in now if before.get(name) != now[name]]
    return "; ".join(fields)[:300] or "the persona's text has changed"


def persona_record(persona: Persona, spec: SessionSpec) -> dict[str, Any]:
    """Who is played, as `session.json` keeps it; with `phases`, who in each of them."""
    phases = phase_records(spec.phases, cast_of(spec.phases, persona), spec.policy, spec.paraphrase)
    played = {
        "name": persona.name,
        "kind": persona.kind,
        "paraphrase": spec.paraphrase,
        "text": persona.text(spec.paraphrase),
        "target": dict(persona.target),
    }
    return played | ({"phases": phases} if phases else {})


def _as_told(played: Mapping[str, Any], persona: Persona, spec: SessionSpec) -> dict[str, Any]:
    """The record with `told` beside each `text` that the model does not read as it stands. The spec's hash has the strategy already."""
    strategy = make_strategy(spec.strategy)

    def told(record: Mapping[str, Any], who: Persona) -> dict[str, Any]:
        words = strategy.persona_text(who, spec.paraphrase)
        return dict(record) | ({"told": words} if words != record["text"] else {})

    record = told(played, persona)
    if phases := played.get("phases"):
        cast = cast_of(spec.phases, persona)
        record["phases"] = [phase | {"persona": told(phase["persona"], who)} for phase, who in zip(phases, cast, strict=True)]
    return record


def _stem(persona: str, model: str) -> str:
    """What a session's folder is called before its number: made of harmless characters whatever the names hold."""
    parts = [re.sub(r"[^a-z0-9]+", "-", part.lower()).strip("-")[:40] or "x" for part in (persona, model)]
    return "-".join(parts)


def versions() -> dict[str, str]:
    """What the session runs under: Python, the system, the packages that matter."""
    return dict(_versions())


@cache
def _versions() -> Mapping[str, str]:
    found = {"python": platform.python_version(), "system": f"{platform.system()} {platform.machine()}"}
    for package in _VERSIONED:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found
