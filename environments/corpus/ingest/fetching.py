"""Fetches videos from addresses: one after the other, no faster than the user allows, each in a process that can be stopped."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from environments.corpus.ingest.addresses import check_url
from environments.corpus.ingest.columns import Columns, WrongCell
from environments.corpus.ingest.media import hashed
from environments.corpus.ingest.offers import FileMedia, LinkMedia, Media, Offer
from environments.corpus.schema import TEXTS, VideoRow
from personas.errors import FeedError
from personas.one_line import one_line

__all__ = ["FetchLimits", "Fetcher"]

_OURS = ".fetching-"


@dataclass(frozen=True)
class FetchLimits:
    """`rate_s`: least seconds between two fetches. `private`: whether addresses of the user's own network are allowed."""

    rate_s: float = 2.0
    max_bytes: int = 200 * 2**20
    max_duration_s: float = 600.0
    timeout_s: float = 300.0
    private: bool = False


class Fetcher:
    """Fetched files lie in `media`/ab/HASH.ext where `keep`, else in a folder that goes away. One thread at a time."""

    def __init__(self, media: Path | None, limits: FetchLimits, keep: bool) -> None:
        self._keep = media is not None and keep
        self._media, self._limits = media, limits
        self._aside: Path | None = None
        self._next = 0.0
        self._count = 0
        self._stopped = threading.Event()
        self._child: subprocess.Popen[str] | None = None

    def fetch(self, offer: Offer) -> Offer:
        """The offer with its file, its content and what the page says of it. Raises FeedError, OSError."""
        assert isinstance(offer.media, LinkMedia)
        check_url(offer.media.url)
        self._wait()
        answer = self._asked(offer.media.url)
        if "reason" in answer:
            raise FeedError(str(answer["reason"]))
        path = Path(answer["path"])
        content = hashed(path)
        row = _described(offer.row, answer["info"], content)
        if self._keep and self._media is not None:
            kept = self._media / content[:2] / f"{content}{path.suffix.lower()[:8]}"
            kept.parent.mkdir(parents=True, exist_ok=True)
            path = path.replace(kept)
        return replace(offer, row=row, media=FileMedia(path, fetched=True))

    def drop(self, media: Media) -> None:
        """Delete a fetched file that is not kept."""
        if isinstance(media, FileMedia) and media.fetched and not self._keep:
            media.path.unlink(missing_ok=True)

    def stop(self) -> None:
        """End what is being fetched; nothing more is."""
        self._stopped.set()
        if (child := self._child) is not None:
            child.kill()

    def close(self) -> None:
        """Remove what was fetched and not kept."""
        if self._aside is not None:
            shutil.rmtree(self._aside, ignore_errors=True)

    def _wait(self) -> None:
        if self._stopped.wait(max(0.0, self._next - time.monotonic())):
            raise FeedError("it was not fetched: the command was stopped")
        self._next = time.monotonic() + self._limits.rate_s

    def _asked(self, url: str) -> Mapping[str, Any]:
        self._count += 1
        request = {
            "url": url,
            "folder": str(self._folder()),
            "name": f"{self._count:06}",
            "max_bytes": self._limits.max_bytes,
            "max_duration_s": self._limits.max_duration_s,
            "allow_private": self._limits.private,
        }
        command = [sys.executable, "-m", "environments.corpus.ingest.fetch_child"]
        with subprocess.Popen(  # noqa: S603 - no word of it comes from outside
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=_environment()
        ) as self._child:
            try:
                out, _ = self._child.communicate(json.dumps(request), timeout=self._limits.timeout_s)
            except subprocess.TimeoutExpired as error:
                self._child.kill()
                raise FeedError(f"it was not fetched within {self._limits.timeout_s:g} s") from error
        try:
            found = json.loads(out)
        except ValueError as error:
            raise FeedError("it was not fetched: the fetching process ended early") from error
        return dict(found)

    def _folder(self) -> Path:
        """Where files are fetched into, beside where they are kept, so that they are moved at once; left-overs of killed runs go."""
        if self._aside is None:
            if self._keep and self._media is not None:
                self._media.mkdir(parents=True, exist_ok=True)
                for old in self._media.glob(f"{_OURS}*"):
                    if not _runs(old.name.removeprefix(_OURS).partition("-")[0]):
                        shutil.rmtree(old, ignore_errors=True)
            self._aside = Path(tempfile.mkdtemp(prefix=f"{_OURS}{os.getpid()}-", dir=self._media if self._keep else None))
        return self._aside


def _runs(number: str) -> bool:
    try:
        os.kill(int(number), 0)
    except (ValueError, ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True


def _environment() -> dict[str, str]:
    """What the child needs of ours: no key of any service is there for a page's reader to see."""
    kept = ("PATH", "HOME", "LANG", "LC_ALL", "SSL_CERT_FILE", "SSL_CERT_DIR", "TMPDIR", "SYSTEMROOT", "VIRTUAL_ENV")
    proxies = ("http_proxy", "https_proxy", "no_proxy", "all_proxy")
    found = {name: os.environ[name] for name in (*kept, *proxies, *map(str.upper, proxies)) if name in os.environ}
    return {**found, "PYTHONPATH": os.pathsep.join(part for part in sys.path if part)}


def _described(row: VideoRow, info: Mapping[str, Any], content: str) -> VideoRow:
    """The row with what the page says where the row says nothing. Raises FeedError where the page's words are not usable."""
    cells = {
        "id": "-".join(str(info[name]) for name in ("extractor_key", "id") if info.get(name)).lower() or content[:16],
        "url": row.url,
        "platform": str(info.get("extractor_key") or "").lower(),
        "caption": info.get("description") or info.get("title"),
        "author": info.get("uploader") or info.get("channel"),
        **{name: info.get(given) for name, given in _FROM_PAGE.items()},
    }
    try:
        page = Columns.of(list(cells), "the page").row(cells)
    except WrongCell as error:
        raise FeedError(f"the page's words are not usable ({one_line(str(error))})") from error
    found = {name: getattr(page, name) for name in ("id", *TEXTS, "hashtags", "posted", "likes", "views", "comments", "shares")}
    silent = {name: value for name, value in found.items() if getattr(row, name) in ("", (), None)}
    return replace(row, content=content, **silent)


_FROM_PAGE = {
    "posted": "upload_date",
    "likes": "like_count",
    "views": "view_count",
    "comments": "comment_count",
    "shares": "repost_count",
    "hashtags": "tags",
    "language": "language",
    "licence": "license",
    "sound": "track",
}
