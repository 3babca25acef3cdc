"""The server: what it answers, to whom, and what cannot be had from it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from agent.viewer.app import create_app, page_assets
from agent.viewer.library import open_library
from environments.base import Frame
from environments.feedapp.serve import serve
from environments.frame_store import FrameStore
from tests.agent.viewer.traces import BEGUN, answered, done, shown, write

PICTURE = Frame.of(b"\xff\xd8\xff\xe0 a picture", 0.0)


@pytest.fixture
async def address(tmp_path: Path) -> AsyncIterator[str]:
    """A server over two sessions, one of them with a name that has to be encoded, and a picture beside them."""
    runs = tmp_path / "runs"
    frames = [{"sha256": PICTURE.sha256, "t": 0.0}]
    for name in ("one", "two, über/%2F <b>".replace("/", "∕")):
        write(runs / name, BEGUN, shown(0, frames=frames), answered(0), done(0))
    FrameStore(runs / "frames").put(PICTURE)
    (tmp_path / "secret.txt").write_text("secret")
    async with serve(create_app(open_library(runs))) as found:
        yield found


@pytest.fixture
async def client(address: str) -> AsyncIterator[httpx.AsyncClient]:
    """A client of that server."""
    async with httpx.AsyncClient(base_url=address) as found:
        yield found


async def raw(address: str, target: str, *headers: str, method: str = "GET") -> tuple[int, bytes]:
    """Status and body for a request target as it is: HTTP libraries resolve the dots before they ask."""
    host = address.removeprefix("http://")
    reader, writer = await asyncio.open_connection(*host.split(":"))
    given = headers or (f"Host: {host}",)
    writer.write("\r\n".join((f"{method} {target} HTTP/1.1", *given, "Connection: close", "", "")).encode())
    answer = await reader.read()
    writer.close()
    return int(answer.split()[1]), answer.partition(b"\r\n\r\n")[2]


async def test_everything_the_page_asks_for_is_there(client: httpx.AsyncClient) -> None:
    """Page, scripts, table, session, steps, one step, comparison, picture; each with its type, pictures to be kept."""
    page = await client.get("/")
    assert page.status_code == 200 and page.headers["content-type"].startswith("text/html")
    for name in page_assets():
        if name.endswith((".js", ".css")):
            assert (await client.get(f"/assets/{name}")).status_code == 200
    assert (await client.get("/api/experiment")).json()["sessions"][0]["name"] == "one"
    told = (await client.get("/api/session/one")).json()
    assert [row["done"] for row in told["steps"]] == ["like"]
    assert (await client.get("/api/session/one/steps?from=1")).json()["steps"] == []
    assert (await client.get("/api/session/one/step/0")).json()["action"]["done"] == "like"
    picture = await client.get(f"/frames/{PICTURE.sha256}.jpg")
    assert picture.content == PICTURE.jpeg and picture.headers["content-type"] == "image/jpeg"
    assert "immutable" in picture.headers["cache-control"]


async def test_names_are_only_ever_names(client: httpx.AsyncClient) -> None:
    """A session's name may hold anything; encoded, it opens that session, and a comma in it does not part a list."""
    name = (await client.get("/api/experiment")).json()["sessions"][1]["name"]
    quoted = "".join(f"%{byte:02X}" for byte in name.encode())
    assert (await client.get(f"/api/session/{quoted}")).json()["name"] == name
    told = (await client.get(f"/api/compare?sessions=one,{quoted}")).json()
    assert [each["name"] for each in told["sessions"]] == ["one", name]
    assert told["clips"][0]["frame"] == PICTURE.sha256


async def test_nothing_else_can_be_had(address: str) -> None:
    """No path, however written, leads out of the folder: all are 404 with a JSON error, and no secret is in any of them."""
    ups = (
        "../secret.txt",
        "..%2f..%2fsecret.txt",
        "%2e%2e/secret.txt",
        "....//secret.txt",
        "/etc/passwd",
        "%2fetc%2fpasswd",
        "..\\secret",
        "%00",
    )
    targets = [f"{base}{up}" for base in ("/frames/", "/assets/", "/api/session/", "/") for up in ups]
    targets += [
        "/assets/index.html",
        "/assets/__init__.py",
        "/assets/../app.py",
        "/frames/session.json",
        f"/frames/{'0' * 64}.jpg",
        "/nowhere",
    ]
    targets += ["/api/session/nobody", "/api/session/one/step/9", "/api/session/one/step/-1", "/api/compare?sessions=one,nobody"]
    for target in targets:
        status, body = await raw(address, target)
        assert status == 404, target
        assert b"secret" not in body and b"root:" not in body
        assert json.loads(body)["error"]
    assert (await raw(address, "/api/compare?sessions=one"))[0] == 400
    assert (await raw(address, "/api/session/one/steps?from=x"))[0] == 400
    assert (await raw(address, "/api/session/one/steps?from=" + "9" * 5000))[0] == 400


async def test_pictures_that_lead_out_are_not_shown(tmp_path: Path) -> None:
    """A picture that is a link to a file elsewhere, or is no picture, is not sent."""
    write(tmp_path / "runs" / "one", BEGUN)
    store = FrameStore(tmp_path / "runs" / "frames")
    outside = tmp_path / "outside.jpg"
    outside.write_bytes(PICTURE.jpeg)
    link, words = store.path("a" * 64), store.path("b" * 64)
    link.parent.mkdir(parents=True)
    link.symlink_to(outside)
    words.parent.mkdir(parents=True)
    words.write_text("<script>alert(1)</script>")
    async with serve(create_app(open_library(tmp_path / "runs"))) as address:
        for digest in ("a" * 64, "b" * 64):
            assert (await raw(address, f"/frames/{digest}.jpg"))[0] == 404


async def test_only_this_machines_own_page_is_answered(address: str) -> None:
    """A foreign Host (DNS rebinding), a foreign Origin, and requests from another site are refused; nothing can be posted."""
    port = address.rpartition(":")[2]
    own = f"Host: 127.0.0.1:{port}"
    for headers in (
        ("Host: example.com",),
        (f"Host: example.com:{port}",),
        ("Host: 127.0.0.1.example.com",),
        (own, "Origin: http://example.com"),
        (own, "Origin: null"),
        (own, "Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: cors"),
    ):
        for target in ("/", "/api/experiment", f"/frames/{PICTURE.sha256}.jpg"):
            status, body = await raw(address, target, *headers)
            assert status == 403 and b"clip" not in body
    assert (await raw(address, "/api/experiment", own, f"Origin: http://127.0.0.1:{port}"))[0] == 200
    assert (await raw(address, "/api/experiment", f"Host: localhost:{port}"))[0] == 200
    for method in ("POST", "PUT", "DELETE", "PATCH"):
        assert (await raw(address, "/api/experiment", own, f"Origin: http://127.0.0.1:{port}", "Content-Length: 0", method=method))[
            0
        ] == 405


async def test_every_answer_carries_the_headers(client: httpx.AsyncClient) -> None:
    """A policy under which nothing foreign runs or loads, no sniffing, no referrer; data are not kept. On errors too."""
    for path in ("/", "/api/experiment", "/api/session/one", "/nowhere"):
        headers = (await client.get(path)).headers
        policy = headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:;")
        assert "unsafe" not in policy and "http" not in policy and "frame-ancestors 'none'" in policy
        assert headers["x-content-type-options"] == "nosniff" and headers["referrer-policy"] == "no-referrer"
        assert headers["cache-control"] == "no-store"


async def test_many_ask_at_once(client: httpx.AsyncClient) -> None:
    """Requests that come together are answered as if they came one by one."""
    paths = ("/api/experiment", "/api/session/one", "/api/session/one/step/0", "/api/session/one/steps?from=0") * 10
    answers: list[Any] = await asyncio.gather(*(client.get(path) for path in paths))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers[2::4]}) == 1
