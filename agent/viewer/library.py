"""The sessions below one folder, by name, and their frames: the only paths that the viewer ever opens."""

from __future__ import annotations

import json
import os
import re
import stat
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agent.experiments.plan import PLAN
from agent.trace.reader import SessionFolder
from agent.viewer.wire import clean, mapping
from environments.frame_store import path_by_hash
from personas.errors import UserError
from personas.one_line import one_line

__all__ = ["Library", "Session", "leads_out", "open_library"]

MOST_RECORD_BYTES = 16 * 1024 * 1024
_SHA256 = re.compile(r"[0-9a-f]{64}")
_JPEG = b"\xff\xd8"


@dataclass(frozen=True)
class Session:
    """A session folder under the name it has here: `SESSION`, or `EXPERIMENT:SESSION` for one of an experiment further down."""

    name: str
    folder: SessionFolder
    experiment: str = ""

    def record(self) -> dict[str, Any]:
        """`session.json`, in texts that can be sent. Raises UserError."""
        path = self.folder.path / "session.json"
        try:
            if path.stat().st_size > MOST_RECORD_BYTES:
                raise UserError(f"session.json is larger than {MOST_RECORD_BYTES // 2**20} MB; restore it")
        except OSError as error:
            raise UserError(f"session.json cannot be read: {error.strerror}") from error
        try:
            record: dict[str, Any] = clean(self.folder.record())
        except UserError as error:  # the same words for every session, and no path of this machine
            raise UserError(str(error).replace(str(self.folder.path), "it")) from error
        return record


@dataclass
class Library:
    """What is below `root`, which may be a run folder, an experiment's folder, or a single session's."""

    root: Path
    alone: bool = False
    """Whether `root` is one session."""

    @property
    def title(self) -> str:
        """What the folder is called."""
        return one_line(self.root.name or str(self.root))

    def sessions(self) -> list[Session]:
        """All sessions that are there now, by name."""
        if self.alone:
            return [Session(_shown(self.root), SessionFolder(self.root))]
        found = []
        for path in _folders(self.root):
            if _is_session(path):
                found.append(Session(_shown(path), SessionFolder(path)))
            elif (path / PLAN).exists() and path.name != "frames":
                inner = (each for each in _folders(path) if _is_session(each))
                found += [Session(f"{_shown(path)}:{_shown(each)}", SessionFolder(each), _shown(path)) for each in inner]
        return found

    def plans(self) -> list[tuple[str, dict[str, Any]]]:
        """The plans of the experiments here, by the experiment's name within the folder, "" for the folder itself."""
        if self.alone:
            return []
        inner = [(_shown(path), path) for path in _folders(self.root) if (path / PLAN).exists() and not _is_session(path)]
        places = [("", self.root), *inner] if (self.root / PLAN).exists() else inner
        return [(name, plan) for name, path in places if (plan := _plan(path / PLAN, self.root))]

    def frame(self, sha256: str, stores: Iterable[Path]) -> bytes | None:
        """The JPEG of that hash in the first of the `stores` that holds it; None where none does, or where it is no JPEG."""
        if not _SHA256.fullmatch(sha256):
            return None
        for store in stores:
            path = path_by_hash(store, sha256, ".jpg")
            try:
                if not path.resolve().is_relative_to(store.resolve()):
                    continue
                data = path.read_bytes()
            except OSError:
                continue
            if data.startswith(_JPEG):
                return data
        return None


def open_library(root: Path) -> Library:
    """Raises UserError where there is no such folder, or nothing of ours in it."""
    shown = one_line(str(root), 200)
    if not root.is_dir():
        raise UserError(f"there is no folder {shown}; give a run folder, such as runs/, or a session folder")
    root = root.resolve()
    library = Library(root, alone=_is_session(root))
    if not library.sessions() and not library.plans():
        raise UserError(f"{shown} holds no session; give the folder in which sessions lie (`--runs` of the command that ran them)")
    return library


def _folders(root: Path) -> list[Path]:
    """The folders directly in `root`, by name; links that lead out of it are not followed."""
    try:
        with os.scandir(root) as entries:
            names = sorted(
                entry.name for entry in entries if entry.is_dir() and (not entry.is_symlink() or _within(Path(entry.path), root))
            )
    except OSError:
        return []
    return [root / name for name in names]


def _is_session(path: Path) -> bool:
    """Also one that has lost its record or its trace: it is listed with its problem."""
    return (path / "session.json").exists() or (path / "trace.jsonl").exists()


def _within(path: Path, root: Path) -> bool:
    return path.resolve().is_relative_to(root.resolve())


def leads_out(session: Session) -> str | None:
    """Why a session's files are not opened: a link that leads elsewhere, or no plain file. None where they are sound."""
    for name in ("session.json", "trace.jsonl"):
        path = session.folder.path / name
        try:
            found = path.lstat()
        except OSError:
            continue
        if stat.S_ISLNK(found.st_mode):
            return f"{name} is a link to another file, which is not followed"
        if not stat.S_ISREG(found.st_mode):
            return f"{name} is no plain file"
    return None


def _shown(path: Path) -> str:
    """The folder's name in characters that can be sent; bytes that are no text are escaped."""
    return os.fsencode(path.name).decode("utf-8", "backslashreplace")


def _plan(path: Path, root: Path) -> dict[str, Any]:
    """`experiment.json`, {} where it cannot be read."""
    try:
        if path.is_symlink() and not _within(path, root):
            return {}
        with path.open(encoding="utf-8") as file:
            return dict(mapping(clean(json.load(file))))
    except (OSError, ValueError, RecursionError):
        return {}
