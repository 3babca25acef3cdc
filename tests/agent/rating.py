"""People in tests: the rating command as a process, hands on a real page, and a page made by hand for what a browser does not do."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from agent.people.rater import RaterResult, Study
from agent.people.serving import serve_raters
from tests.agent.driving import ROOT, command

CURRENT = 'article[data-item][aria-current="true"]'


@dataclass
class Rating:
    """`python -m agent.rate` as a process of its own."""

    process: asyncio.subprocess.Process
    links: dict[str, str] = field(default_factory=dict)

    @classmethod
    async def begin(cls, *options: str | Path, raters: int = 1) -> Rating:
        """Start it and read the links it prints."""
        pipe = asyncio.subprocess.PIPE
        process = await asyncio.create_subprocess_exec(
            *command(*options, module="agent.rate"), cwd=ROOT, stdout=pipe, stderr=pipe, env=os.environ
        )
        rating = cls(process)
        assert process.stdout is not None
        async with asyncio.timeout(40):
            for _ in range(raters):
                line = (await process.stdout.readline()).decode()
                assert line, (await process.communicate())[1].decode()
                name, link = line.split()
                rating.links[name] = link
        return rating

    async def kill(self) -> None:
        """As a power cut would: nothing is told to the process."""
        self.process.kill()
        await self.process.communicate()

    async def end(self, number: signal.Signals | None = None) -> tuple[int, str, str]:
        """Exit code, stdout and stderr, at its own end or after a signal."""
        if number is not None:
            self.process.send_signal(number)
        async with asyncio.timeout(20):
            out, err = await self.process.communicate()
        assert self.process.returncode is not None
        return self.process.returncode, out.decode(), err.decode()


class Hands:
    """A person at a page of a browser: real keys and clicks."""

    def __init__(self, page: Any) -> None:
        self.page = page
        self.loads = 0
        page.on("load", self._loaded)

    def _loaded(self, _: Any) -> None:
        self.loads += 1

    async def found_again(self, loads: int) -> None:
        """Until the page, which had been loaded so often, has found the server again by itself."""
        async with asyncio.timeout(20):
            while self.loads == loads:
                await asyncio.sleep(0.02)

    async def read_on(self, card: str) -> str:
        """Read a card and press its button."""
        await self.page.wait_for_selector(f"[data-card={card}]")
        words = str(await self.page.text_content(f"[data-card={card}] .prose"))
        await self.page.click(f"[data-card={card}] button.primary")
        return words

    async def current(self, other_than: str | None = None) -> str:
        """The id of the clip on the screen, once there is one (another one than given)."""
        found = await self.page.wait_for_function(
            "(old) => { const a = document.querySelector('article[data-item][aria-current=\"true\"]');"
            " return a && a.dataset.item !== old && a.dataset.item; }",
            arg=other_than,
            polling=20,
            timeout=15_000,
        )
        return str(await found.json_value())

    async def leave(self, rating: int | None = None) -> None:
        """Go on to the next clip, and rate this one if asked to."""
        await self.page.keyboard.press("ArrowDown")
        if rating is not None:
            await self.rate(rating)

    async def rate(self, rating: int) -> None:
        """Rate the clip that was left."""
        await self.page.wait_for_selector("[data-card=rating]:not([inert])")
        await self.page.keyboard.press(str(rating))

    async def choose(self, question: int, point: int) -> None:
        """Tick a point (from 0) of a question."""
        await self.page.wait_for_selector("[data-card=questions]")
        await self.page.check(f'input[name="question-{question}"][value="{point}"]', force=True)

    async def over(self) -> None:
        """Until the page shows the end."""
        await self.page.wait_for_selector("[data-card=end]", timeout=15_000)


@dataclass
class HandMadePage:
    """What a page says to the server, without a browser: to be late, broken or impolite on purpose."""

    link: str
    name: str = "p" * 16
    number: int = 0
    clock: float = 0.0

    def __post_init__(self) -> None:
        self.origin = self.link.split("/v/")[0]
        self.http = httpx.AsyncClient(timeout=15, headers={"Origin": self.origin})

    async def next(self) -> Any:
        return (await self.http.get(f"{self.link}/next")).json()

    async def post(self, kind: str, item: str | None = None, **more: Any) -> httpx.Response:
        return await self._send(self._event(kind, item, **more))

    def _event(self, kind: str, item: str | None = None, **more: Any) -> dict[str, Any]:
        self.number += 1
        event = {"page": self.name, "number": self.number - 1, "kind": kind, "at_ms": self.clock, **more}
        return event | ({"item": item} if item else {})

    async def _send(self, *events: dict[str, Any]) -> httpx.Response:
        return await self.http.post(f"{self.link}/events", json=events)

    async def watch(self, seconds: float = 0.5, like: bool = False, leave: bool = True) -> str | None:
        """See the next clip for so long, and go on. None when the feed is over."""
        told = await self.next()
        if told.get("end"):
            await self.post("end")
            return None
        item = str(told["item"]["id"])
        told_of = [self._event("impression", item)]
        begun = self.clock
        self.clock += seconds * 1000
        told_of.append(self._event("dwell", item, from_ms=begun))
        told_of += [self._event(kind, item) for kind, done in (("like", like), ("leave", leave)) if done]
        assert (await self._send(*told_of)).json()["new"] == len(told_of)
        return item


@dataclass
class Served:
    """Raters served in this process: their links, what was told, and a way to stop."""

    links: dict[str, str]
    told: list[str]
    task: asyncio.Task[list[RaterResult]]
    stop: asyncio.Event

    async def stopped(self) -> list[RaterResult]:
        self.stop.set()
        return await self.task


async def served(study: Study, *names: str) -> Served:
    """Serve `names` in this process."""
    links: dict[str, str] = {}
    told: list[str] = []
    stop = asyncio.Event()
    task = asyncio.create_task(serve_raters(study, names, invite=links.__setitem__, tell=told.append, stop=stop))
    async with asyncio.timeout(20):
        while len(links) < len(names):
            if task.done():
                task.result()
            await asyncio.sleep(0.01)
    return Served(links, told, task, stop)


def lines(path: Path) -> list[dict[str, Any]]:
    """A trace as plain JSON."""
    return [json.loads(line) for line in path.read_bytes().splitlines()]
