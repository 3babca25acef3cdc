"""Addresses: a direct file, a page, and everything that is refused; against a real local server."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
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
    """A server on loopback: `files` by path, as (type, bytes); `asked` are the paths that were asked for."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.files: dict[str, tuple[str, bytes]] = {}
        self.asked: list[str] = []

    def at(self, path: str) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}{path}"


class _Handler(BaseHTTPRequestHandler):
    server: Site

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        if self.path.startswith("/to/"):
            self.send_response(302)
            self.send_header("Location", self.path.removeprefix("/to/"))
            self.end_headers()
            return
        kind, data = self.server.files.get(self.path, ("", b""))
        self.send_response(200 if kind else 404)
        self.send_header("Content-Type", kind or "text/plain")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data[:-100] if self.path.startswith("/short") else data)

    do_HEAD = do_GET  # noqa: N815

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
    assert found["said"].count("\n") == 1
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
     ("fe80::1%eth0", False), ("2606:4700::1111", True), ("0.0.0.0", False), ("100.64.0.1", False), ("224.0.0.1", False)],
)  # fmt: skip
def test_private_addresses_are_known(host: str, public: bool) -> None:
    """Loopback, link-local, private, shared and multicast addresses are not public, nor IPv4 ones inside IPv6."""
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
