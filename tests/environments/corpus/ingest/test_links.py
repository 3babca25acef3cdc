"""Addresses: a direct file, a page, and everything that is refused; against a real local server, which is a proxy, too."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from environments.corpus.ingest.addresses import check_url
from environments.corpus.store import Corpus
from personas.errors import FeedError
from tests.environments.corpus.ingest import films

Add = Callable[..., dict[str, Any]]


class Site(ThreadingHTTPServer):
    """A server on loopback: `files` by path, as (type, bytes), `moved` paths to addresses; `asked` are the paths that were asked for.

    A path is a whole address where the server is used as a proxy. /endless sends its bytes `sent` times, and declares no length.
    """

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.files: dict[str, tuple[str, bytes]] = {}
        self.moved: dict[str, str] = {}
        self.asked: list[str] = []
        self.sent = 64

    def at(self, path: str) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}{path}"


class _Handler(BaseHTTPRequestHandler):
    server: Site

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        if self.path.startswith("/to/") or self.path in self.server.moved:
            self.send_response(302)
            self.send_header("Location", self.server.moved.get(self.path) or self.path.removeprefix("/to/"))
            self.end_headers()
            return
        kind, data = self.server.files.get(self.path, ("", b""))
        self.send_response(200 if kind else 404)
        self.send_header("Content-Type", kind or "text/plain")
        if self.path.startswith("/endless"):
            self._sent(data)
            return
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data[:-100] if self.path.startswith("/short") else data)

    do_HEAD = do_CONNECT = do_GET  # noqa: N815

    def _sent(self, data: bytes) -> None:
        self.end_headers()
        with suppress(OSError):
            for _ in range(self.server.sent if self.command == "GET" else 0):
                self.wfile.write(data)

    def log_message(self, *arguments: object) -> None:
        pass


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """A site with one film, directly and on a page."""
    film = films.write_film(tmp_path / "film.mp4", [(1, 1.5)])
    with Site() as server:
        server.files["/film.mp4"] = server.files["/short.mp4"] = ("video/mp4", film.read_bytes())
        page = '<html><head><title>A day at sea</title></head><body><video src="/film.mp4"></video></body></html>'
        server.files["/page"] = ("text/html", page.encode())
        server.files["/empty"] = ("text/html", b"<html><body>nothing here</body></html>")
        server.files["/words.mp4"] = ("video/mp4", b"these are words" * 100)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def test_a_video_file_is_fetched_once(tmp_path: Path, site: Site, add: Add) -> None:
    """The file is kept by its hash inside the corpus, its row has the address, and a second run asks the server for nothing."""
    place = tmp_path / "corpus"
    found = add(place, site.at("/film.mp4"), "--allow-private", "--rate", "0", "--licence", "CC0")
    assert (found["code"], found["added"]) == (0, 1), found
    row = Corpus.open(str(place)).table(["id", "url", "path", "licence", "content", "source"]).row(0, named=True)
    assert row["path"] == f"media/{row['content'][:2]}/{row['content']}.mp4"
    assert (place / row["path"]).read_bytes() == (tmp_path / "film.mp4").read_bytes()
    assert (row["url"], row["licence"], row["source"], row["id"]) == (site.at("/film.mp4"), "CC0", "url", row["content"][:16])
    site.asked.clear()
    assert add(place, site.at("/film.mp4"), "--allow-private")["already_there"] == 1
    assert site.asked == []
    assert [each.name for each in (place / "media").iterdir()] == [row["content"][:2]]


def test_a_page_is_read_with_yt_dlp(tmp_path: Path, site: Site, add: Add) -> None:
    """The video on a page is fetched with what the page says of it; with --no-keep-media only its pictures stay."""
    pytest.importorskip("yt_dlp")
    place = tmp_path / "corpus"
    found = add(place, site.at("/page"), "--allow-private", "--no-keep-media")
    assert (found["code"], found["added"]) == (0, 1), found
    row = Corpus.open(str(place)).table(["caption", "path", "frames"]).row(0, named=True)
    assert (row["caption"], row["path"], len(row["frames"])) == ("A day at sea (1)", "", 4)  # numbered by yt-dlp
    assert not (place / "media").exists() or not list((place / "media").rglob("*.mp4"))


@pytest.mark.parametrize(
    ("path", "options", "words"),
    [
        ("/film.mp4", (), "private network"),
        ("/gone.mp4", ("--allow-private",), "404"),
        ("/short.mp4", ("--allow-private",), "broke off"),
        ("/words.mp4", ("--allow-private",), "no video"),
        ("/empty", ("--allow-private",), "gave no video"),
        ("/to/file:///etc/passwd", ("--allow-private",), "http"),
        ("/film.mp4", ("--allow-private", "--max-duration", "1"), "max-duration"),
    ],
)
def test_what_cannot_be_fetched_has_a_reason(
    tmp_path: Path, site: Site, add: Add, path: str, *, options: tuple[str, ...], words: str
) -> None:
    """A private address, a missing or broken file, a page without a video, another scheme: exit code 1 and one line each."""
    found = add(tmp_path / "corpus", site.at(path), "--rate", "0", *options)
    assert found["code"] == 1 and words in found["said"], found
    complaints = [line for line in found["said"].splitlines() if not line.startswith("adding: ")]  # how far it is, where that takes a while
    assert len(complaints) == 1
    assert not [each for each in (tmp_path / "corpus" / "media").rglob("*") if each.is_file()] or "duration" in words
    if not options:
        assert site.asked == []


@pytest.mark.parametrize("url", ["file:///etc/passwd", "http://", "http://[::1", "ftp://a/b", "http://user:secret@example.org/a.mp4"])
def test_addresses_that_are_none(url: str) -> None:
    """Only http and https with a host and without a password are addresses; a password is not repeated."""
    with pytest.raises(FeedError) as caught:
        check_url(url)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("host", "public"),
    [("93.184.215.14", True), ("10.0.0.1", False), ("169.254.169.254", False), ("::1", False), ("::ffff:127.0.0.1", False),
     ("fe80::1%eth0", False), ("2606:4700::1111", True), ("0.0.0.0", False), ("100.64.0.1", False), ("224.0.0.1", False),
     ("64:ff9b::a00:1", False), ("64:ff9b::5db8:d70e", True), ("64:ff9b:1::a00:1", False), ("::10.0.0.1", False), ("::", False),
     ("::ffff:0:10.0.0.1", False), ("2002:a00:1::", False), ("fec0::1", False), ("fd00::1", False), ("168.63.129.16", False),
     ("::ffff:168.63.129.16", False), ("4000::1", False), ("ff02::1", False)],
)  # fmt: skip
def test_private_addresses_are_known(host: str, public: bool) -> None:
    """Loopback, link-local, site-local, private, shared, multicast and unallocated addresses are not public, nor IPv4 ones inside IPv6."""
    from environments.corpus.ingest.addresses import _public

    assert _public(host) is public


def test_fetches_keep_their_distance(tmp_path: Path, site: Site) -> None:
    """Two fetches begin no closer together than the rate says."""
    import time

    from environments.corpus.ingest.fetching import Fetcher, FetchLimits
    from environments.corpus.ingest.offers import Offer
    from environments.corpus.ingest.sources import open_source

    fetcher = Fetcher(tmp_path / "media", FetchLimits(rate_s=0.7, private=True), keep=True)
    (offer,) = open_source(site.at("/film.mp4")).offers()
    assert isinstance(offer, Offer)
    began = time.monotonic()
    fetcher.fetch(offer)
    fetcher.fetch(offer)
    assert time.monotonic() - began >= 0.7
    fetcher.close()


_PUBLIC = "http://93.184.215.14"


@pytest.fixture
def proxy(site: Site, monkeypatch: pytest.MonkeyPatch) -> Site:
    """The site as the proxy that the environment names, with a film, a page and redirects at a public address."""
    for name in ("no_proxy", "NO_PROXY", "all_proxy", "ALL_PROXY", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.delenv(name, raising=False)
    for name in ("http_proxy", "https_proxy"):
        monkeypatch.setenv(name, site.at(""))
    site.files[f"{_PUBLIC}/film.mp4"] = site.files["http://10.0.0.1/film.mp4"] = site.files["/film.mp4"]
    for name, place in (("", _PUBLIC), ("-inside", "http://10.0.0.1")):
        words = f'<html><head><title>A day</title></head><body><video src="{place}/film.mp4"></video></body></html>'
        site.files[f"{_PUBLIC}/page{name}"] = ("text/html", words.encode())
    site.moved = {f"{_PUBLIC}/moved": "http://10.0.0.1/film.mp4"}
    return site


@pytest.mark.parametrize("path", ["/film.mp4", "/page"])
def test_public_addresses_are_fetched_through_a_proxy(tmp_path: Path, proxy: Site, add: Add, path: str) -> None:
    """A proxy on loopback may be used without --allow-private, for files and pages of public addresses."""
    pytest.importorskip("yt_dlp")
    found = add(tmp_path / "corpus", f"{_PUBLIC}{path}")
    assert found["added"] == 1 and f"{_PUBLIC}{path}" in proxy.asked, found


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://10.0.0.1/film.mp4", "private network"),
        ("http://169.254.169.254/latest", "private network"),
        ("http://localhost/film.mp4", "private network"),
        ("https://10.0.0.1/film.mp4", "private network"),
        ("http://a.name.invalid/film.mp4", "cannot be resolved"),
        (f"{_PUBLIC}/moved", "private network"),
        (f"{_PUBLIC}/page-inside", "private network"),
    ],
)
def test_a_proxy_is_not_asked_for_private_addresses(tmp_path: Path, proxy: Site, add: Add, url: str, words: str) -> None:
    """Behind a proxy an address, a redirect or a page that leads into a private network is refused before the proxy hears of it."""
    pytest.importorskip("yt_dlp")
    found = add(tmp_path / "corpus", url)
    assert found["code"] == 1 and words in found["said"], found
    assert all(asked.startswith(_PUBLIC) for asked in proxy.asked)


def test_the_proxy_itself_is_no_source(tmp_path: Path, proxy: Site, add: Add, monkeypatch: pytest.MonkeyPatch) -> None:
    """That the proxy may be connected to opens none of its own addresses, where no proxy is used for them either."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    assert "private network" in add(tmp_path / "corpus", proxy.at("/film.mp4"))["said"]
    assert proxy.asked == []


def test_a_socks_proxy_is_refused(tmp_path: Path, proxy: Site, add: Add, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a SOCKS proxy is asked for cannot be judged: it is refused in one line."""
    monkeypatch.setenv("all_proxy", "socks5://127.0.0.1:1")
    found = add(tmp_path / "corpus", f"{_PUBLIC}/film.mp4")
    assert (found["code"], found["said"].count("\n")) == (1, 1) and "SOCKS" in found["said"] and proxy.asked == []


def _in_child(site: Site, folder: Path, path: str, before: str = "", after: str = "") -> str:
    """What a process prints that fetches with --allow-private, and then runs `after`."""
    request = {"url": site.at(path), "folder": str(folder), "name": "1", "max_bytes": 2**20, "max_duration_s": 60, "allow_private": True}
    words = f"""
import importlib.util, json, subprocess, sys
from environments.corpus.ingest import fetch_child
from personas.errors import FeedError
{before}
fetch_child.fetched(json.loads({json.dumps(request)!r}))
{after}
"""
    ran = subprocess.run([sys.executable, "-c", words], capture_output=True, text=True, check=False)
    return ran.stdout + ran.stderr


def test_allow_private_allows_no_programs(tmp_path: Path, site: Site) -> None:
    """With --allow-private the fetching process still cannot start a program, nor write a file past what it may fetch."""
    said = _in_child(site, tmp_path, "/film.mp4", after="subprocess.run(['true'])\nprint('it ran')")
    assert "it ran" not in said and "it wants to start another program" in said
    if sys.platform != "win32":
        said = _in_child(site, tmp_path, "/film.mp4", after=f"open({str(tmp_path / 'big')!r}, 'wb').truncate(2**26)\nprint('written')")
        assert "written" not in said and "File too large" in said


def test_libraries_that_cannot_be_watched_are_kept_out(tmp_path: Path, site: Site) -> None:
    """A page's reader that would connect past the judging of addresses cannot be imported where fetching is done."""
    pytest.importorskip("websockets")
    assert "ModuleNotFoundError" in _in_child(site, tmp_path, "/film.mp4", after="import websockets")


def test_a_video_on_a_page_is_no_larger_than_allowed(tmp_path: Path, site: Site, add: Add) -> None:
    """--max-megabytes holds for a page's video that declares no length: fetching ends soon after it."""
    pytest.importorskip("yt_dlp")
    site.files["/page"] = ("text/html", b'<html><head><title>x</title></head><body><video src="/endless.mp4"></video></body></html>')
    site.files["/endless.mp4"] = ("video/mp4", bytes(2**20))
    found = add(tmp_path / "corpus", site.at("/page"), "--allow-private", "--max-megabytes", "1", "--rate", "0")
    assert found["code"] == 1 and "larger than 1 MB; raise --max-megabytes" in found["said"], found


@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not bound a process's memory")
def test_a_page_without_an_end_takes_no_more_memory_than_there_is_for_it(tmp_path: Path, site: Site) -> None:
    """An endless page ends in one line that says so, not with the machine out of memory."""
    pytest.importorskip("yt_dlp")
    site.files["/endless"] = ("text/html", b"<p>a</p>" * 2**17)
    site.sent = 400
    before = f"fetch_child._MEMORY = 200 * 2**20\nsys.stdin = __import__('io').StringIO({json.dumps(_request(site, tmp_path))!r})"
    said = _in_child(site, tmp_path, "/endless", before=f"{before}\nsys.exit(fetch_child.main())")
    assert json.loads(said.splitlines()[-1])["reason"].startswith("reading it takes more than 200 MiB")


def _request(site: Site, folder: Path) -> dict[str, Any]:
    return {"url": site.at("/endless"), "folder": str(folder), "name": "1", "max_bytes": 2**20, "max_duration_s": 60, "allow_private": True}
