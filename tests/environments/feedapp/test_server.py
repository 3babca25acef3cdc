"""The server: what it gives to whom, what it refuses, and how it starts and stops."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio

from environments.feedapp.__main__ import main
from environments.feedapp.app import create_app, new_token
from environments.feedapp.events import FeedEvent
from environments.feedapp.serve import serve
from environments.feedapp.settings import PageSettings
from environments.feedapp.viewing import PolicyViewing
from personas.errors import SpecError, StorageFailed, UserError
from tests.environments.feedapp.conftest import Stage

on_the_server = pytest.mark.asyncio(loop_scope="module")

PAGE = "a" * 16


class Client:
    """A browser without a browser: one viewer's link, and posting as the page does."""

    def __init__(self, origin: str, token: str, viewing: PolicyViewing) -> None:
        self.origin, self.viewing = origin, viewing
        self.path = f"/v/{token}"
        self.http = httpx.AsyncClient(base_url=origin, timeout=20)

    async def post(self, *events: dict[str, Any], **headers: str) -> httpx.Response:
        return await self.http.post(f"{self.path}/events", json=list(events), headers={"Origin": self.origin} | headers)

    async def next(self) -> Any:
        return (await self.http.get(f"{self.path}/next")).json()


def event(number: int, kind: str, at_ms: float = 100.0, **more: Any) -> dict[str, Any]:
    """An event as the page posts it."""
    return {"page": PAGE, "number": number, "kind": kind, "at_ms": at_ms, **more}


@pytest_asyncio.fixture(loop_scope="module")
async def client(items: Any, server: Stage) -> AsyncIterator[Client]:
    """A served feed of the test clips."""
    viewing, token = (
        PolicyViewing(items, settings=PageSettings(rate_after_each=True, questions=("One?",), scale=("no", "yes"))),
        new_token(),
    )
    server.viewings[token] = viewing
    made = Client(server.address, token, viewing)
    yield made
    await made.http.aclose()


@on_the_server
async def test_only_the_right_token_opens_anything(client: Client) -> None:
    """A wrong token, a cut one, and none give 404 everywhere; a token that could be guessed is refused when the app is made."""
    assert len(new_token()) >= 32
    for token in ("x" * 32, client.path[3:-1], "é" * 40):
        for rest in ("", "/state", "/next", "/media/x"):
            assert (await client.http.get(f"/v/{token}{rest}")).status_code == 404
        answer = await client.http.post(f"/v/{token}/events", json=[], headers={"Origin": client.origin})
        assert answer.status_code == 404
    assert (await client.http.get("/")).status_code == 404
    with pytest.raises(ValueError, match="32 or more"):
        create_app({"short": client.viewing})


@on_the_server
async def test_pages_elsewhere_can_do_nothing(client: Client) -> None:
    """Events from a foreign or missing Origin, a foreign Host (DNS rebinding), and cross-site requests are refused and not counted."""
    item = (await client.next())["item"]["id"]
    like = event(0, "like", item=item)
    port = client.origin.rpartition(":")[2]
    for origin in ("http://example.com", "null", f"http://127.0.0.1:{port}.example.com", "http://127.0.0.1:1"):
        assert (await client.post(like, Origin=origin)).status_code == 403
    assert (await client.http.post(f"{client.path}/events", json=[like])).status_code == 403
    for host in ("example.com", f"example.com:{port}", "127.0.0.1.example.com", ""):
        assert (await client.http.get(client.path, headers={"Host": host})).status_code in {400, 403}
    assert (await client.http.get(f"{client.path}/state", headers={"Sec-Fetch-Site": "cross-site"})).status_code == 403
    assert not client.viewing.ledger.items
    assert (await client.http.get(client.path, headers={"Host": f"localhost:{port}"})).status_code == 200


@on_the_server
async def test_every_answer_carries_the_headers(client: Client) -> None:
    """A strict content policy, no sniffing, no referrer (the address holds the token), nothing kept; on errors too."""
    for path in (client.path, "/assets/feed.js", "/assets/feed.css", "/nowhere"):
        headers = (await client.http.get(path)).headers
        policy = headers["content-security-policy"]
        assert policy.startswith("default-src 'none'") and "unsafe" not in policy and "http" not in policy
        assert headers["x-content-type-options"] == "nosniff" and headers["referrer-policy"] == "no-referrer"
        assert headers["cache-control"] == "no-store"


@on_the_server
async def test_media_comes_in_ranges_and_under_opaque_names_only(client: Client) -> None:
    """A clip's file is sent whole or in parts as WebM; nothing else can be had by any path."""
    media = (await client.next())["item"]["media"]
    address = f"{client.path}/media/{media}"
    whole = await client.http.get(address)
    assert whole.status_code == 200 and whole.headers["content-type"] == "video/webm" and whole.headers["accept-ranges"] == "bytes"
    part = await client.http.get(address, headers={"Range": "bytes=10-19"})
    assert part.status_code == 206 and part.content == whole.content[10:20]
    assert part.headers["content-range"] == f"bytes 10-19/{len(whole.content)}"
    assert (await client.http.get(address, headers={"Range": f"bytes={len(whole.content) + 5}-"})).status_code == 416
    names = ("a.mp4", "..%2f..%2f..%2fetc%2fpasswd", "%2fetc%2fpasswd", "../../../../etc/passwd", "..", "", media + "x")
    for base in (f"{client.path}/media", "/assets"):
        for name in (*names, "page.html", "__init__.py", "../app.py"):
            assert await raw_status(client.origin, f"{base}/{name}") == 404


async def raw_status(origin: str, target: str) -> int:
    """The status for a request target as it is: HTTP libraries resolve the dots before they ask."""
    host = origin.removeprefix("http://")
    reader, writer = await asyncio.open_connection(*host.split(":"))
    writer.write(f"GET {target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
    status = int((await reader.readline()).split()[1])
    writer.close()
    return status


@on_the_server
async def test_events_are_checked_and_counted_once(client: Client) -> None:
    """Each number of a page counts once; events about another item are stale; values not on offer are refused."""
    item = (await client.next())["item"]["id"]
    first = [event(0, "impression", 10, item=item), event(1, "dwell", 900, item=item, from_ms=10), event(2, "like", 500, item=item)]
    assert (await client.post(*first)).json() == {"new": 3, "seen": 0, "stale": 0, "refused": 0}
    assert (await client.post(*first)).json() == {"new": 0, "seen": 3, "stale": 0, "refused": 0}
    assert (await client.post(event(3, "like", 600, item=item))).json()["seen"] == 1  # it is liked already
    assert (await client.post(event(4, "like", 600, item="b"), event(4, "leave", 600))).json()["stale"] == 2
    wrong = [event(5, "rating", item=item, value=6), event(6, "answer", question=1, value=0), event(7, "answer", question=0, value=2)]
    assert (await client.post(*wrong, event(8, "end"))).json()["refused"] == 4
    record = client.viewing.ledger.items[item]
    assert (record.impressions, record.dwell, record.likes) == ([10.0], [(10.0, 900.0)], [500.0])
    assert (await client.post(event(9, "leave", 900, item=item))).json()["new"] == 1
    assert (await client.post(event(10, "like", 950, item=item))).json()["stale"] == 1
    assert client.viewing.past[0].outcome.dwell_s == pytest.approx(0.89)
    state = (await client.http.get(f"{client.path}/state")).json()
    assert state["clock_ms"] == 900


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 422),
        (b"{}", 422),
        (b"[1]", 422),
        (b"\xff\xfe", 422),
        (json.dumps([event(0, "like") | {"at_ms": -1}]).encode(), 422),
        (b'[{"page":"aaaaaaaaaaaaaaaa","number":0,"kind":"like","at_ms":NaN}]', 422),
        (json.dumps([event(0, "explode")]).encode(), 422),
        (json.dumps([event(0, "like", more=1)]).encode(), 422),
        (json.dumps([event(0, "like") | {"page": "../../x" * 3}]).encode(), 422),
        (json.dumps([event(number, "consent") for number in range(300)]).encode(), 422),
        (b"[" * 60_000, 422),
        (b" " * 70_000, 413),
    ],
)
@on_the_server
async def test_malformed_bodies_are_refused(client: Client, body: bytes, status: int) -> None:
    """Whatever is posted, the answer is a clear refusal and nothing is counted."""
    answer = await client.http.post(f"{client.path}/events", content=body, headers={"Origin": client.origin})
    assert answer.status_code == status
    assert client.viewing.ledger.clock_ms == 0 and not client.viewing.ledger.consented


@on_the_server
async def test_when_the_record_cannot_be_kept_the_event_is_not_counted(items: Any, cache_folder: Path) -> None:
    """A full disk stops the page without telling strangers why; the same event is taken when it is posted again."""
    full = [True]

    def keep(told: FeedEvent) -> None:
        if full.pop() if full else False:
            raise StorageFailed(f"no space in /secret/place for {told.kind}")

    token, viewing = new_token(), PolicyViewing(items, on_event=keep)
    async with serve(create_app({token: viewing}, cache_dir=cache_folder)) as origin:
        client = Client(origin, token, viewing)
        item = (await client.next())["item"]["id"]
        answer = await client.post(event(0, "like", item=item))
        assert (answer.status_code, answer.json()) == (500, {"error": "stopped"})
        assert not viewing.ledger.items
        assert (await client.post(event(0, "like", item=item))).json()["new"] == 1
        await client.http.aclose()


@on_the_server
async def test_viewers_do_not_meet(items: Any, cache_folder: Path) -> None:
    """Two viewers of one app, one of whom came later, have their own clips, media and records."""
    viewings = {new_token(): PolicyViewing(items, seed=1)}
    async with serve(create_app(viewings, cache_dir=cache_folder)) as origin:
        viewings[new_token()] = PolicyViewing(items, seed=2, policy="shuffled")
        one, two = (Client(origin, token, viewing) for token, viewing in viewings.items())
        shown_one, shown_two = await asyncio.gather(one.next(), two.next())
        assert (await two.http.get(f"{two.path}/media/{shown_one['item']['media']}")).status_code == 404
        await one.post(event(0, "like", item=shown_one["item"]["id"]))
        assert one.viewing.ledger.items and not two.viewing.ledger.items
        assert shown_two["item"]["media"] != shown_one["item"]["media"]
        await one.http.aclose()
        await two.http.aclose()


@on_the_server
async def test_a_server_stops_with_its_block_and_says_when_a_port_is_taken(items: Any, cache_folder: Path) -> None:
    """After the block nothing listens; a port in use is one line that says what to do."""
    app = create_app({new_token(): PolicyViewing(items)}, cache_dir=cache_folder)
    async with serve(app) as origin:
        port = int(origin.rpartition(":")[2])
        with pytest.raises(UserError, match=f"port {port} on 127.0.0.1 is in use; choose another with --port"):
            async with serve(app, port):
                pass
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0
    with pytest.raises(UserError, match="cannot be used"):
        async with serve(app, 70_000):
            pass


def command(*arguments: str) -> list[str]:
    """The command line of the page."""
    return [sys.executable, "-m", "environments.feedapp", *arguments]


@pytest.mark.usefixtures("own_cache")
def test_the_command_serves_until_interrupted(clips: Path, tmp_path: Path) -> None:
    """It prints one address, which answers; events go to the file; Ctrl-C ends it with 130 and no traceback."""
    kept = tmp_path / "events.jsonl"
    child = subprocess.Popen(
        command("--feed", str(clips), "--events", str(kept)), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        assert child.stdout is not None
        link = child.stdout.readline().strip()
        origin = link.split("/v/")[0]
        item = httpx.get(f"{link}/next", timeout=20).json()["item"]["id"]
        assert httpx.post(f"{link}/events", json=[event(0, "impression", item=item)], headers={"Origin": origin}).json()["new"] == 1
    finally:
        os.kill(child.pid, signal.SIGINT)
        out, err = child.communicate(timeout=20)
    assert (child.returncode, out, err) == (130, "", "")
    (told,) = [json.loads(line) for line in kept.read_text().splitlines()]
    assert (told["kind"], told["item"], told["at_ms"]) == ("impression", item, 100.0)


@pytest.mark.usefixtures("own_cache")
def test_mistakes_on_the_command_line_are_one_line(clips: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A port in use, an unknown feed and an impossible pace exit with 2 and say what to do."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        for arguments, words in (
            (("--feed", str(clips), "--port", port), "is in use"),
            (("--feed", "/nowhere"), "does not exist"),
            (("--time-scale", "99"), "between 0.1 and 16"),
            (("--videos", "0"), "at least 1"),
        ):
            assert main(list(arguments)) == 2
            said = capsys.readouterr().err
            assert words in said and said.count("\n") == 1, said


def test_help_loads_neither_server_nor_decoder() -> None:
    """`--help` is quick: what serves and decodes is imported when it is used."""
    code = (
        "import sys, environments.feedapp.__main__ as m\ntry: m.main(['--help'])\nexcept SystemExit: pass\n"
        "print(sorted({'uvicorn', 'starlette', 'av', 'PIL', 'numpy', 'pydantic'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=True)
    assert done.stdout.splitlines()[-1] == "[]" and "examples:" in done.stdout


def test_settings_that_cannot_be_shown_are_refused() -> None:
    """One line each."""
    for wrong, words in (
        ({"counts": "many"}, "shown, hidden, random"),
        ({"time_scale": float("nan")}, "between 0.1 and 16"),
        ({"questions": ("Q?",), "scale": ("only",)}, "2 to 11"),
    ):
        with pytest.raises(SpecError, match=words):
            PageSettings(**wrong)
