"""The server of the annotation page: who gets in, what is stored when, what survives."""

from __future__ import annotations

import asyncio
import json
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from evals.annotating.form import Card, Form
from evals.annotating.serving import annotate
from personas.errors import EnvironmentFailed, SessionBusy, UserError
from tests.evals.annotating.annotators import FORM, IDS, Page, Rater, card

GOOD = {"calm": 1, "noise": 0}


@asynccontextmanager
async def served(folder: Path, *names: str, form: Form = FORM, cards=card, ids=IDS) -> AsyncIterator[dict[str, Rater]]:
    """The page in this process, and its raters."""
    links: dict[str, str] = {}
    stop, ready = asyncio.Event(), asyncio.Event()

    def invite(rater: str, link: str) -> None:
        links[rater] = link
        if len(links) == len(names):
            ready.set()

    running = asyncio.create_task(annotate(cards, ids, form, folder, names, invite=invite, tell=lambda line: None, stop=stop))
    waiting = asyncio.create_task(ready.wait())
    await asyncio.wait({running, waiting}, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    if running.done():
        running.result()
    try:
        async with httpx.AsyncClient() as client:
            yield {name: Rater(link, client) for name, link in links.items()}
    finally:
        stop.set()
        await running


async def test_an_answer_is_on_file_before_the_reply(tmp_path: Path) -> None:
    """When "stored" arrives the line is in the file; what the form does not accept is refused and leaves none."""
    async with served(tmp_path, "anna") as raters:
        anna = raters["anna"]
        keys = (await anna.state())["keys"]
        assert len(keys) == len(IDS) and not set(keys) & set(IDS)
        told = await anna.answer(keys[0], GOOD, 2.5)
        line = json.loads((tmp_path / "anna.jsonl").read_text())
        assert told.json() == {"stored": True, "done": 1}
        assert line["values"] == GOOD | {"kind": None, "note": None} and line["seconds"] == 2.5 and line["item"] in IDS
        for values in ({"calm": 1}, {"calm": True, "noise": 0}, GOOD | {"x": 1}, GOOD | {"note": "\x01"}):
            assert (await anna.answer(keys[1], values)).status_code == 422
        assert (await anna.answer(keys[1], GOOD, -1)).status_code == 422
        assert (await anna.answer("nonesuch", GOOD)).status_code == 404
        assert (await anna.client.post(f"{anna.link}/answer", content=b"x" * 300_000, headers={"Origin": anna.origin})).status_code == 413
        assert len((tmp_path / "anna.jsonl").read_text().splitlines()) == 1
        state = await anna.state()
        assert state["answered"] == [True] + [False] * 5
        shown = (await anna.client.get(f"{anna.link}/card/{keys[0]}")).json()
        assert shown["values"]["calm"] == 1 and shown["seconds"] == 2.5
        assert line["item"] in shown["texts"][0]["text"] and "\x00" not in shown["texts"][0]["text"]


async def test_two_raters_know_nothing_of_each_other(tmp_path: Path) -> None:
    """Other orders, other keys, and an answer of one is nowhere in what the other gets."""
    async with served(tmp_path, "anna", "ben") as raters:
        orders = {}
        for name, rater in raters.items():
            keys = (await rater.state())["keys"]
            cards = [(await rater.client.get(f"{rater.link}/card/{key}")).json() for key in keys]
            orders[name] = [each["texts"][0]["text"].split()[2] for each in cards]
        assert sorted(orders["anna"]) == sorted(orders["ben"]) and orders["anna"] != orders["ben"]
        anna, ben = raters["anna"], raters["ben"]
        key = (await anna.state())["keys"][0]
        await anna.answer(key, GOOD | {"note": "only mine"})
        assert not any((await ben.state())["answered"])
        assert (await ben.client.get(f"{ben.link}/card/{key}")).status_code == 404


async def test_strangers_stay_out(tmp_path: Path) -> None:
    """A wrong token is 404, another host or origin is refused, and the headers let nothing foreign load."""
    async with served(tmp_path, "anna") as raters:
        anna = raters["anna"]
        key = (await anna.state())["keys"][0]
        wrong = anna.link[:-1] + ("A" if anna.link[-1] != "A" else "B")
        for path in ("", "/state", f"/card/{key}", f"/picture/{key}/0"):
            assert (await anna.client.get(wrong + path)).status_code == 404
        assert (await Rater(wrong, anna.client).answer(key, GOOD)).status_code == 404
        assert (await anna.answer(key, GOOD, Origin="http://evil.example")).status_code == 403
        assert (await anna.client.get(anna.link, headers={"Host": "evil.example"})).status_code == 403
        page = await anna.client.get(anna.link)
        assert page.status_code == 200 and page.headers["Content-Security-Policy"].startswith("default-src 'none'; script-src 'self'")
        assert page.headers["Referrer-Policy"] == "no-referrer" and page.headers["Cache-Control"] == "no-store"
        for name in ("main.js", "dom.js", "base.css", "icon.svg"):
            assert (await anna.client.get(f"{anna.origin}/assets/{name}")).status_code == 200
        assert (await anna.client.get(f"{anna.origin}/assets/page.html")).status_code == 404
        seen = await anna.client.get(f"{anna.link}/picture/{key}/1")
        assert seen.headers["Content-Type"] == "image/jpeg" and seen.content[:2] == b"\xff\xd8"
        assert (await anna.client.get(f"{anna.link}/picture/{key}/2")).status_code == 404
    links = tmp_path / ".raters.json"
    assert links.stat().st_mode & 0o777 == 0o600


async def test_consent_comes_first(tmp_path: Path) -> None:
    """No card and no answer before the rater has agreed; another text is asked about again."""
    form = replace(FORM, consent="You may stop at any time.")
    async with served(tmp_path, "anna", form=form) as raters:
        anna = raters["anna"]
        state = await anna.state()
        assert state["consent"] == form.consent
        assert (await anna.client.get(f"{anna.link}/card/{state['keys'][0]}")).status_code == 403
        assert (await anna.answer(state["keys"][0], GOOD)).status_code == 403
        await anna.client.post(f"{anna.link}/consent", headers={"Origin": anna.origin})
        assert (await anna.state())["consent"] == ""
        assert (await anna.answer(state["keys"][0], GOOD)).status_code == 200
    async with served(tmp_path, "anna", form=form) as raters:
        assert (await raters["anna"].state())["consent"] == ""
    async with served(tmp_path, "anna", form=replace(form, consent="Another text.")) as raters:
        assert (await raters["anna"].state())["consent"] == "Another text."


async def test_killed_and_begun_again(tmp_path: Path) -> None:
    """After kill -9 the same command has the same link and every stored answer; a second one beside it is refused."""
    page = await Page.begin(tmp_path, "anna", "ben")
    async with httpx.AsyncClient() as client:
        anna = Rater(page.links["anna"], client)
        keys = (await anna.state())["keys"]
        for key in keys[:2]:
            assert (await anna.answer(key, GOOD)).json()["stored"]
        with pytest.raises(SessionBusy):
            await annotate(card, IDS, FORM, tmp_path, ["ben"], invite=lambda *_: None, tell=lambda _: None, stop=asyncio.Event())
        await page.kill()
        again = await Page.begin(tmp_path, "anna", "ben")
        assert again.links == page.links
        state = await Rater(again.links["anna"], client).state()
        assert state["keys"] == keys and state["answered"] == [True, True, False, False, False, False] and state["begun"]
    again.process.send_signal(signal.SIGINT)
    async with asyncio.timeout(20):
        _, complaint = await again.process.communicate()
    assert again.process.returncode == 0, complaint.decode()


async def test_a_card_that_cannot_be_loaded(tmp_path: Path) -> None:
    """It is an error of its own: the other cards go on, and whoever serves hears why."""

    def source(name: str) -> Card:
        if name == IDS[0]:
            raise EnvironmentFailed("its picture is gone")
        return card(name)

    async with served(tmp_path, "anna", cards=source) as raters:
        anna = raters["anna"]
        codes = [(await anna.client.get(f"{anna.link}/card/{key}")).status_code for key in (await anna.state())["keys"]]
        assert sorted(codes) == [200] * 5 + [500]


async def test_a_form_that_grew(tmp_path: Path) -> None:
    """Answers to a form that asks for more now are open again, with what was said kept; a field taken out changes nothing."""
    smaller = Form(FORM.title, "", FORM.fields[:1])
    async with served(tmp_path, "anna", form=smaller) as raters:
        key = (await raters["anna"].state())["keys"][0]
        await raters["anna"].answer(key, {"calm": -1})
    async with served(tmp_path, "anna") as raters:
        anna = raters["anna"]
        assert not any((await anna.state())["answered"])
        assert (await anna.client.get(f"{anna.link}/card/{key}")).json()["values"] == {"calm": -1}
        await anna.answer(key, GOOD)
    async with served(tmp_path, "anna", form=smaller) as raters:
        assert (await raters["anna"].state())["answered"][0]


async def test_nothing_to_annotate(tmp_path: Path) -> None:
    """No item, or one twice, is told before anything is served."""
    for ids in ((), ("a", "a")):
        with pytest.raises(UserError):
            await annotate(card, ids, FORM, tmp_path, ["anna"], invite=lambda *_: None, tell=lambda _: None, stop=asyncio.Event())
