"""An experiment kept at an fsspec URL: its sessions run in a local work folder and are mirrored there, so that any machine carries on.

The store holds what an experiment's folder holds, under the same names. Traces only grow, so the longer of two is the newer one; a trace
never arrives before the frames that it names.
"""

from __future__ import annotations

import hashlib
import re
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

from agent.logs import logger
from environments.cache import default_cache_dir
from environments.frame_store import path_by_hash
from personas.errors import SpecError, StorageFailed
from personas.one_line import one_line

__all__ = ["Mirror", "Store", "free_name", "is_url", "local_copies", "open_mirror", "scheme", "work_folder"]

AT_ONCE = 16
TRIES = 4
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")
_SHA256 = re.compile(rb'"([0-9a-f]{64})"')
_KEPT = ("experiment.json", "sweeps.jsonl")
_OF_A_SESSION = ("session.json", "trace.jsonl")

_FINAL = (FileNotFoundError, FileExistsError, NotADirectoryError, IsADirectoryError, PermissionError)
"""What trying again does not change."""

T = TypeVar("T")


def is_url(text: str) -> bool:
    """Whether `text` names a store, such as s3://bucket/path, and not a folder."""
    return _URL.match(text) is not None


def scheme(url: str) -> str:
    """The part before ://."""
    return url.split("://", 1)[0].lower()


def work_folder(url: str) -> Path:
    """Where the sessions of a store run unless `--work` says otherwise: under the cache folder, one for each URL."""
    return default_cache_dir() / "work" / hashlib.sha256(url.rstrip("/").encode()).hexdigest()[:16]


class Store:
    """Files under an fsspec URL. Raises SpecError for a URL that cannot be opened; its methods raise StorageFailed."""

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")
        if "@" in url.split("://", 1)[1].split("/", 1)[0]:
            raise SpecError("leave user names and keys out of the URL: fsspec takes them from the environment or ~/.config/fsspec")
        self._fs, self._root = _opened(self.url)
        self._pool = ThreadPoolExecutor(AT_ONCE, "store")

    def sizes(self, under: str = "") -> dict[str, int]:
        """Bytes of every file below `under`, by its path from the URL."""

        def listing() -> dict[str, int]:
            self._fs.invalidate_cache()
            found = self._fs.find(self._path(under), detail=True)
            named = {path.removeprefix(self._root).lstrip("/"): int(info["size"] or 0) for path, info in found.items()}
            return {name: size for name, size in named.items() if _harmless(name)}

        return self._each([listing])[0]

    def read(self, names: Iterable[str]) -> list[bytes]:
        """The content of files."""
        return self._each([partial(self._get, name) for name in names])

    def write(self, files: Iterable[tuple[str, bytes]]) -> None:
        """Store files, each whole."""
        self._each([partial(self._put, name, data) for name, data in files])

    def _get(self, name: str) -> bytes:
        return bytes(self._fs.cat_file(self._path(name)))

    def _put(self, name: str, data: bytes) -> None:
        path = self._path(name)
        if "file" not in (self._fs.protocol if isinstance(self._fs.protocol, tuple) else (self._fs.protocol,)):
            self._fs.pipe_file(path, data)  # an object is there whole or not at all
            return
        target = Path(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        _write(target, data)

    def _path(self, name: str) -> str:
        return f"{self._root}/{name}".rstrip("/")

    def _each(self, calls: Sequence[Callable[[], T]]) -> list[T]:
        """Results of calls, some at once, in order."""
        return [self._result(future) for future in [self._pool.submit(_trying, call) for call in calls]]

    def _result(self, future: Future[T]) -> T:
        """Whatever class of error a file system of somebody else raises becomes one that says what to do."""
        error = future.exception()
        if error is None:
            return future.result()
        why = one_line(f"{type(error).__name__}: {error}", 200)
        raise StorageFailed(f"{self.url} cannot be used ({why}); what ran is in the work folder: mend it and run the same command again")


def _opened(url: str) -> tuple[Any, str]:
    import fsspec  # noqa: PLC0415 - loads when used
    from fsspec.registry import known_implementations  # noqa: PLC0415

    try:
        fs, root = fsspec.url_to_fs(url)
    except ImportError:
        package = str(known_implementations.get(scheme(url), {}).get("class", scheme(url))).split(".")[0]
        raise SpecError(f"{scheme(url)}:// needs a package: pip install {package}") from None
    except (ValueError, OSError) as error:
        raise SpecError(f"{one_line(url, 200)} cannot be opened: {one_line(str(error), 200)}") from None
    return fs, str(root).rstrip("/")


def _trying(call: Callable[[], T], pause_s: float = 0.5) -> T:
    """The result of a call; one that fails on the way is tried again, after 1, 2 and 4 seconds."""
    for attempt in range(1, TRIES):
        try:
            return call()
        except _FINAL:
            raise
        except OSError:
            time.sleep(pause_s * 2**attempt)
    return call()


def _harmless(name: str) -> bool:
    """A name from a store becomes a path of this machine."""
    parts = PurePosixPath(name).parts
    return bool(parts) and not name.startswith("/") and not any(part in {"..", "."} or "\\" in part or "\0" in part for part in parts)


def _write(path: Path, data: bytes) -> None:
    """Write aside, then rename. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".{path.name}.{threading.get_ident()}.part")
    aside.write_bytes(data)
    aside.replace(path)


class Mirror:
    """The experiment in `folder` and its store. Methods block, and may be called from several threads; they raise StorageFailed."""

    def __init__(self, store: Store, folder: Path) -> None:
        self.store = store
        self.folder = folder
        self._there: dict[str, int] = {}
        self._looked_for: set[str] = set()
        self._locks: dict[str, threading.Lock] = defaultdict(threading.Lock)

    def look(self) -> None:
        """Find out what the store has."""
        self._there = self.store.sizes()

    def pull(self) -> int:
        """Fetch plan and sessions that are missing here, or shorter here. Returns how many files. Frames stay: no session needs them."""
        self.look()
        return self._fetch(name for name in self._there if name in _KEPT or _is_of_a_session(name))

    def pull_session(self, session: str) -> None:
        """As `pull`, for one session that another machine may have begun."""
        if not self._there:
            self._there = self.store.sizes("frames")
        found = self.store.sizes(session)
        self._there |= found
        self._fetch(name for name in found if _is_of_a_session(name))

    def catch_up(self) -> None:
        """Store what is here and not there: the last run may have ended before it could."""
        sessions = sorted(path.parent.name for path in self.folder.glob("*/session.json"))
        for session in sessions:
            self.push_session(session)
        for name in _KEPT:
            self.push(name)

    def push(self, name: str) -> None:
        """Store one file of the experiment, as it is now."""
        path = self.folder / name
        with self._locks[name]:
            if path.is_file():
                data = path.read_bytes()
                self.store.write([(name, data)])
                self._there[name] = len(data)

    def push_all(self, names: Iterable[str]) -> None:
        """Store several files."""
        for name in names:
            self.push(name)

    def try_push(self, name: str) -> None:
        """As `push`, where a store that is out of reach for a while does not matter."""
        try:
            self.push(name)
        except StorageFailed as error:
            logger("experiments").warning("not stored", file=name, because=str(error))

    def push_report(self) -> None:
        """Store what lies in `report/`."""
        self.push_all(path.relative_to(self.folder).as_posix() for path in sorted((self.folder / "report").rglob("*")))

    def push_session(self, session: str) -> None:
        """Store a session if it has grown: what it is, the frames that it names, then its trace up to the last whole line."""
        with self._locks[session]:
            record, trace = (f"{session}/{name}" for name in _OF_A_SESSION)
            if record not in self._there:
                self.push(record)
            path = self.folder / trace
            if not path.is_file() or path.stat().st_size <= self._there.get(trace, 0):
                return
            data = path.read_bytes()
            data = data[: data.rfind(b"\n") + 1]
            if len(data) > self._there.get(trace, 0):
                self._push_frames(data)
                self.store.write([(trace, data)])
                self._there[trace] = len(data)

    def _push_frames(self, trace: bytes) -> None:
        new = {found.decode() for found in _SHA256.findall(trace)} - self._looked_for
        paths = {sha256: path_by_hash(self.folder / "frames", sha256, ".jpg") for sha256 in new}
        named = {path.relative_to(self.folder).as_posix(): path for path in paths.values() if path.is_file()}
        missing = {name: path for name, path in named.items() if name not in self._there}
        self.store.write((name, path.read_bytes()) for name, path in missing.items())
        self._there |= dict.fromkeys(missing, 0)
        self._looked_for |= new

    def _fetch(self, names: Iterable[str]) -> int:
        wanted = [name for name in names if _size(self.folder / name) < self._there[name]]
        try:
            for start in range(0, len(wanted), 256):
                some = wanted[start : start + 256]
                for name, data in zip(some, self.store.read(some), strict=True):
                    _write(self.folder / name, data)
        except OSError as error:
            raise StorageFailed(f"cannot write {self.folder}: {error.strerror}; free space or choose another --work") from error
        return len(wanted)


def open_mirror(url: str, folder: Path) -> Mirror:
    """The mirror of the experiment whose folder is `folder` and whose URL is `url`. Raises SpecError."""
    return Mirror(Store(url), folder)


def _is_of_a_session(name: str) -> bool:
    parts = PurePosixPath(name).parts
    return len(parts) == 2 and parts[1] in _OF_A_SESSION


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return -1


def free_name(url: str, name: str) -> str:
    """The next free name for another experiment of that name at the URL: name-002, … Raises SpecError, StorageFailed."""
    store, number = Store(url), 2
    while store.sizes(f"{name}-{number:03d}"):
        number += 1
    return f"{name}-{number:03d}"


@contextmanager
def local_copies(sources: Sequence[str | Path]) -> Iterator[list[str | Path]]:
    """`sources` with each URL replaced by a folder that holds its sessions without frames, while the context lasts.

    Raises SpecError, StorageFailed, and UserError where there is no session at a URL.
    """
    with TemporaryDirectory(prefix="axiofeed-") as place:
        folders: list[str | Path] = []
        for number, source in enumerate(sources):
            if not is_url(str(source)):
                folders.append(source)
                continue
            folder = Path(place) / str(number)
            if not open_mirror(str(source), folder).pull():
                raise SpecError(f"there is no session at {one_line(str(source), 200)}; give the URL of an experiment")
            folders.append(folder)
        yield folders
