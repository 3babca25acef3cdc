"""People who annotate, in tests: a small form over made-up cards, and the page served by a process of its own."""

from __future__ import annotations

import asyncio
import io
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import httpx
from PIL import Image

from evals.annotating.form import Card, Field, Form
from evals.annotating.serving import serve_annotation

ROOT = Path(__file__).parents[3]
IDS = tuple(f"item-{number}" for number in range(6))
HOSTILE = (
    "</p><img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>\x00\ud800 \u202eoops javascript:alert(1)"
)
OPTIONS = ((-1, "against", "it speaks against it"), (0, "absent", "nothing of it"), (1, "for", "it speaks for it"))

FORM = Form(
    "What is in it?",
    "Look, and say what is in it.",
    (
        Field("calm", "Calm", "scale", OPTIONS, help="quiet and rest"),
        Field("noise", "Noise", "scale", OPTIONS, help="din and bustle"),
        Field("kind", "What kind", "choice", (("a", "An animal", ""), ("b", "A building", "")), required=False),
        Field("note", "Anything else", "text", required=False),
    ),
    rest=(0, "None of the others"),
)


@cache
def picture(colour: int) -> bytes:
    """A small JPEG of one colour."""
    out = io.BytesIO()
    Image.new("RGB", (45, 80), (colour % 256, 90, 160)).save(out, "JPEG")
    return out.getvalue()


def card(name: str) -> Card:
    """Every card, with words that would like to run."""
    return Card(name, f"Thing {HOSTILE}", (("Caption", f"words of {name} {HOSTILE}"), (HOSTILE, "more")), (picture(40), picture(200)))


@dataclass
class Page:
    """`python annotators.py FOLDER RATER,RATER` as a process of its own, until killed or interrupted."""

    process: asyncio.subprocess.Process
    links: dict[str, str] = field(default_factory=dict)

    @classmethod
    async def begin(cls, folder: Path, *raters: str) -> Page:
        """Start it and read the links it prints."""
        pipe = asyncio.subprocess.PIPE
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.evals.annotating.annotators", str(folder), ",".join(raters)),
            cwd=ROOT,
            stdout=pipe,
            stderr=pipe,
            env=os.environ,
        )
        page = cls(process)
        await page.read_links(len(raters))
        return page

    async def read_links(self, count: int) -> None:
        assert self.process.stdout is not None
        async with asyncio.timeout(60):
            while len(self.links) < count:
                line = (await self.process.stdout.readline()).decode()
                assert line, (await self.process.communicate())[1].decode()
                rater, link = line.split()
                self.links[rater] = link

    async def kill(self) -> None:
        """As a power cut would."""
        self.process.kill()
        await self.process.communicate()


class Rater:
    """A page made by hand: requests as the page makes them."""

    def __init__(self, link: str, client: httpx.AsyncClient) -> None:
        self.link, self.client = link, client
        self.origin = link.partition("/a/")[0]

    async def state(self) -> dict:
        return (await self.client.get(f"{self.link}/state")).raise_for_status().json()

    async def answer(self, key: str, values: dict, seconds: float = 1.5, **headers: str) -> httpx.Response:
        return await self.client.post(
            f"{self.link}/answer",
            json={"key": key, "values": values, "seconds": seconds},
            headers={"Origin": self.origin} | headers,
        )


def main(arguments: Sequence[str]) -> None:
    """Serve the small form."""
    folder, raters = arguments
    serve_annotation(card, IDS, FORM, Path(folder), raters.split(","), open_browser=False, quiet=True)


if __name__ == "__main__":
    main(sys.argv[1:])
