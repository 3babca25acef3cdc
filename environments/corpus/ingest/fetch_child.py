"""Fetches one video, in a process of its own: what it may connect to is limited, and it can be stopped.

A JSON object on stdin: url, folder, name, max_bytes, max_duration_s, timeout_s, allow_private. One on stdout: path and info, or reason.
"""

from __future__ import annotations

import http.client
import json
import sys
import urllib.error
import urllib.request
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from environments.corpus.ingest.addresses import Refused, check_url, guard
from personas.errors import FeedError
from personas.one_line import one_line

__all__ = ["fetched", "main"]

_AGENT = "axiofeed (research; one request at a time)"
_CHUNK = 2**18
_MEMORY = 2**30
"""Bytes of memory for all that reads a page; a large site's takes 150 MiB, and one without an end would take all there is."""
_SPARE = 2**24
"""Bytes that a file may be over `max_bytes` before the system stops it: what is larger is told before."""
_UNJUDGED = ("curl_cffi", "websockets")
"""Libraries that connect without Python's sockets or its HTTP, past what `guard` sees."""
_PAGES = ("text/", "application/xhtml", "application/json", "application/xml", "application/vnd.apple.mpegurl", "application/dash+xml")
_SUFFIXES = {"video/mp4": ".mp4", "video/webm": ".webm", "video/quicktime": ".mov", "video/x-matroska": ".mkv", "video/ogg": ".ogv"}
_INFO = (
    *("id", "extractor_key", "title", "description", "uploader", "channel", "upload_date", "tags", "language", "license", "track"),
    *("like_count", "view_count", "comment_count", "repost_count"),
)


def main() -> int:
    """Answer the one request on stdin. Returns 0: whatever goes wrong is the answer."""
    request = json.load(sys.stdin)
    answer = sys.stdout
    sys.stdout = sys.stderr  # a library that prints must not write into the answer
    try:
        found = fetched(request)
    except FeedError as error:
        found = {"reason": str(error)}
    except MemoryError:
        found = {"reason": f"reading it takes more than {_MEMORY // 2**20} MiB of memory; leave it out"}
    answer.write(json.dumps(found))
    answer.flush()
    return 0


def fetched(request: Mapping[str, Any]) -> dict[str, Any]:
    """The file's path and what is known of it. Raises FeedError."""
    check_url(request["url"])
    _confine(request["max_bytes"])
    guard(_proxies(request["allow_private"]), private=request["allow_private"])
    try:
        direct = _direct(request)
    except (urllib.error.URLError, http.client.HTTPException, OSError, ValueError) as error:
        raise FeedError(_said(error)) from error
    return _from_page(request) if direct is None else {"path": str(direct), "info": {}}


def _confine(most: int) -> None:
    """Bound memory and the size of files where the system can; and keep out libraries that `guard` does not see."""
    sys.modules.update(dict.fromkeys(_UNJUDGED))  # type: ignore[arg-type] # None: importing it fails
    try:
        import resource  # noqa: PLC0415 - not on Windows
    except ImportError:
        return
    # Not RLIMIT_AS: engines for a page's scripts reserve addresses by the gigabyte, of which they use little.
    for kind, limit in ((resource.RLIMIT_DATA, _MEMORY), (resource.RLIMIT_FSIZE, most + _SPARE)):
        hard = resource.getrlimit(kind)[1]
        with suppress(OSError, ValueError):
            resource.setrlimit(kind, (limit if hard == resource.RLIM_INFINITY else min(limit, hard), hard))


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follows redirects to http and https only."""

    def redirect_request(  # noqa: PLR0917 - the standard library's signature
        self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str
    ) -> urllib.request.Request | None:
        check_url(newurl)
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _direct(request: Mapping[str, Any]) -> Path | None:
    """The file when the address is that of a video; None when it is a page."""
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(),
        urllib.request.HTTPHandler(),
        urllib.request.HTTPSHandler(),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.HTTPErrorProcessor(),
        _Redirects(),
    ):
        opener.add_handler(handler)
    asked = urllib.request.Request(request["url"], headers={"User-Agent": _AGENT, "Accept": "video/*, */*;q=0.5"})  # noqa: S310 - checked
    with opener.open(asked, timeout=30) as response:
        kind = (response.headers.get_content_type() or "").lower()
        if kind.startswith(_PAGES):
            return None
        declared = int(response.headers.get("Content-Length") or 0)
        if declared > request["max_bytes"]:
            raise _too_large(request["max_bytes"])
        suffix = _SUFFIXES.get(kind) or _suffix(response.geturl())
        return _streamed(response, Path(request["folder"]) / f"{request['name']}{suffix}", request["max_bytes"], declared)


def _streamed(response: Any, path: Path, most: int, declared: int) -> Path:
    left = most
    with path.open("wb") as file:
        while chunk := response.read(_CHUNK):
            left -= len(chunk)
            if left < 0:
                raise _too_large(most)
            file.write(chunk)
    if declared and path.stat().st_size < declared:
        raise FeedError(f"the connection broke off after {path.stat().st_size} of {declared} bytes; run the same command again")
    return path


def _too_large(most: int) -> FeedError:
    return FeedError(f"it is larger than {most // 2**20} MB; raise --max-megabytes, or leave it out")


def _suffix(url: str) -> str:
    suffix = Path(urlsplit(url).path).suffix.lower()
    return suffix if suffix[1:].isascii() and suffix[1:].isalnum() and len(suffix) <= 6 else ".mp4"


def _from_page(request: Mapping[str, Any]) -> dict[str, Any]:
    """What yt-dlp finds on a page. Raises FeedError."""
    try:
        import yt_dlp  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise FeedError('it is a page and not a video file; to read pages: pip install "axiofeed[links]"') from error
    reasons: list[str] = []
    options = _page_options(request, reasons)
    try:
        with yt_dlp.YoutubeDL(options) as loader:
            info = loader.sanitize_info(loader.extract_info(request["url"], download=True))
    except (yt_dlp.utils.YoutubeDLError, Refused, OSError, ValueError) as error:
        raise FeedError(f"the page gave no video ({_plain(str(error))})") from error
    info = next((each for each in info.get("entries") or [] if each), None) if info and "entries" in info else info
    paths = [Path(each["filepath"]) for each in (info or {}).get("requested_downloads") or [] if each.get("filepath")]
    if not info or not paths or not paths[0].is_file():
        why = _plain(reasons[-1]) if reasons else f"longer than {request['max_duration_s']:g} s, larger than allowed, or live"
        raise FeedError(f"the page gave no video ({why})")
    return {"path": str(paths[0]), "info": {name: info[name] for name in _INFO if info.get(name) is not None}}


def _page_options(request: Mapping[str, Any], reasons: list[str]) -> dict[str, Any]:
    return {
        # One file with sound and pictures, no larger than is looked at: nothing must be merged by another program.
        "format": "b[height<=?1280][ext=mp4]/b[height<=?1280]/b/bv*[height<=?1280]/bv*",
        "outtmpl": {"default": str(Path(request["folder"]) / f"{request['name']}.%(ext)s")},
        "max_filesize": request["max_bytes"],
        "progress_hooks": [_bounded(request["max_bytes"])],  # a length is not always declared
        "match_filter": _wanted(request["max_duration_s"], reasons),
        "logger": _Log(reasons),
        "noplaylist": True,
        "playlist_items": "1",
        "quiet": True,
        "noprogress": True,
        "cachedir": False,
        "socket_timeout": 30,
        "retries": 2,
        "fragment_retries": 2,
        "fixup": "never",
        "postprocessors": [],
        "overwrites": True,
        "external_downloader": {},
        "hls_prefer_native": True,
        "color": "never",
    }


def _bounded(most: int) -> Any:
    def told(progress: Mapping[str, Any]) -> None:
        if (progress.get("downloaded_bytes") or 0) > most:
            raise _too_large(most)

    return told


def _wanted(longest_s: float, reasons: list[str]) -> Any:
    def judged(info: Mapping[str, Any], *, incomplete: bool = False) -> str | None:
        del incomplete
        if info.get("is_live") or info.get("live_status") == "is_upcoming":
            reasons.append("it is live")
        elif (info.get("duration") or 0) > longest_s:
            reasons.append(f"it lasts longer than {longest_s:g} s; raise --max-duration, or leave it out")
        else:
            return None
        return reasons[-1]

    return judged


class _Log:
    """Keeps what yt-dlp complains of."""

    def __init__(self, reasons: list[str]) -> None:
        self._reasons = reasons

    def debug(self, message: str) -> None:
        if "larger than max-filesize" in message:
            self._reasons.append("it is larger than --max-megabytes allows")

    def info(self, message: str) -> None:
        self.debug(message)

    def warning(self, message: str) -> None:
        pass

    def error(self, message: str) -> None:
        self._reasons.append(message)


def _proxies(private: bool) -> set[tuple[str, int]]:
    """The proxies that the environment names: they may stand in the user's own network. Raises FeedError."""
    named = [proxy for kind, proxy in urllib.request.getproxies().items() if kind in {"http", "https", "all"}]
    try:
        found = [urlsplit(proxy if "://" in proxy else f"http://{proxy}") for proxy in named]
        places = {(parts.hostname, parts.port or (443 if parts.scheme == "https" else 80)) for parts in found if parts.hostname}
    except ValueError as error:
        raise FeedError("a proxy that the environment names has no valid address; look at http_proxy, https_proxy and all_proxy") from error
    if not private and any(parts.scheme.startswith("socks") for parts in found):
        raise FeedError(
            "the environment names a SOCKS proxy, behind which a private network's addresses cannot be refused; "
            "unset it, name an HTTP proxy, or give --allow-private"
        )
    return places


def _said(error: Exception) -> str:
    if isinstance(error, urllib.error.HTTPError):
        return f"its server answered {error.code} {one_line(str(error.reason), 80, fold=True)}"
    reason = getattr(error, "reason", error)
    if isinstance(reason, Refused):
        return f"{reason.strerror}; --allow-private fetches it all the same"
    said = one_line(str(getattr(reason, "strerror", None) or reason), 120, fold=True)
    return f"it cannot be fetched ({said or type(error).__name__})"


def _plain(message: str) -> str:
    words = message.removeprefix("ERROR: ").split("; please report this issue")[0]
    return one_line(words, 200, fold=True)


if __name__ == "__main__":
    sys.exit(main())
