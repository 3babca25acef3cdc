"""The raters' links: a private file in the run folder, outside every session, so that the same command serves the same addresses."""

from __future__ import annotations

import json
import os
import re
import uuid
from dataclasses import dataclass
from pathlib import Path

from environments.feedapp.app import new_token
from personas.errors import StorageFailed, UserError

__all__ = ["FILE", "LinkBook"]

FILE = ".raters.json"
_TOKEN = re.compile(r"[A-Za-z0-9_-]{32,200}")


@dataclass(frozen=True)
class _Link:
    token: str
    port: int


class LinkBook:
    """Token and port by session name, in `runs/.raters.json`, readable by its owner alone. Raises UserError when it cannot be read."""

    def __init__(self, runs: Path) -> None:
        self._path = runs / FILE
        self._links = self._read()

    def token(self, session: str) -> str:
        """The session's token, made when it has none."""
        known = self._links.get(session)
        if known is None:
            known = self._links[session] = _Link(new_token(), 0)
        return known.token

    def port(self, session: str) -> int:
        """The port its link named last, 0 when it has had none."""
        return self._links[session].port if session in self._links else 0

    def keep(self, sessions: list[str], port: int) -> None:
        """Store the links of `sessions` with this port. Other sessions' links stay as they are in the file by now. Raises StorageFailed."""
        mine = {session: _Link(self.token(session), port) for session in sessions}
        self._links = self._read() | mine
        text = json.dumps({name: {"token": link.token, "port": link.port} for name, link in sorted(self._links.items())}, indent=1)
        aside = self._path.with_name(f"{FILE}.{uuid.uuid4().hex}.part")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            try:
                with open(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:  # noqa: PTH123
                    file.write(text + "\n")
                    file.flush()
                    os.fsync(file.fileno())
                aside.replace(self._path)
            finally:
                aside.unlink(missing_ok=True)
        except OSError as error:
            raise StorageFailed(
                f"the raters' links cannot be kept in {self._path}: {error.strerror}; mend it or choose another --runs"
            ) from error

    def _read(self) -> dict[str, _Link]:
        try:
            stored = json.loads(self._path.read_text(encoding="utf-8"))
            links = {str(name): _Link(str(link["token"]), int(link["port"])) for name, link in stored.items()}
        except FileNotFoundError:
            return {}
        except NotADirectoryError as error:
            raise UserError(f"--runs {str(self._path.parent)!r} is a file, not a folder") from error
        except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is not what this command wrote"
            raise UserError(
                f"the raters' links in {self._path} cannot be read ({reason}); restore it, or delete it for new links"
            ) from error
        if not all(_TOKEN.fullmatch(link.token) and 0 <= link.port < 65536 for link in links.values()):
            raise UserError(f"{self._path} holds a link that could be guessed; delete the file for new links")
        return links
