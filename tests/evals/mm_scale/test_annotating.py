"""People rate on the page: blind cards, several raters, stopped and gone on with, and exported to records that come in again."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path

import httpx
import pytest
from playwright.async_api import async_playwright, expect

from agent.protocols.rating import SCALE
from environments.browser.chromium import LAUNCH_ARGUMENTS, require_chromium
from evals.annotating.answers import AnswerBook
from evals.mm_scale.__main__ import main
from evals.mm_scale.annotating import card_source, rating_form, records_of
from evals.mm_scale.items import open_items, people_of
from tests.evals.annotating.annotators import Page, Rater
from tests.evals.mm_scale.rated_items import GRADED, write_items

ROOT = Path(__file__).parents[3]
SAID = {"score": 4, "grounding": "both", "reason": "It is kind."}


@pytest.fixture
def items(tmp_path: Path) -> Path:
    return write_items(tmp_path / "items", {name: GRADED[name] for name in ("bus", "dog")})


async def served(items: Path, *more: str) -> Page:
    """The command as a process of its own, until its links are there."""
    command = ["-m", "evals.mm_scale", "annotate", "--items", str(items), "--raters", "anna,ben", "--no-open", *more]
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(sys.executable, *command, cwd=ROOT, stdout=pipe, stderr=pipe, env=os.environ)
    page = Page(process)
    await page.read_links(2)
    return page


def test_the_form_asks_point_ground_and_reason() -> None:
    """1 to 5 and three grounds, nothing chosen beforehand; the reason may stay empty; what is no answer is refused."""
    form = rating_form()
    assert [(field.name, field.required) for field in form.fields] == [("score", True), ("grounding", True), ("reason", False)]
    assert form.fields[0].values == (1, 2, 3, 4, 5) and form.fields[1].values == ("text", "image", "both")
    assert not form.faults({"score": 1, "grounding": "text", "reason": None})
    assert all(line in form.instructions.splitlines() for line in (*SCALE, "The picture: what it shows settled it"))
    assert form.faults({"score": 6, "grounding": "text"}) and form.faults({"score": 3}) and form.rest is None


def test_the_card_shows_what_the_points_and_grounds_mean(items: Path) -> None:
    """Not on hover alone: the words stand on the buttons, on a wide page and on a phone."""

    async def work() -> None:
        server = await served(items)
        sandbox = [] if os.geteuid() else ["--no-sandbox"]
        async with async_playwright() as driver:
            browser = await driver.chromium.launch(executable_path=require_chromium(), args=[*LAUNCH_ARGUMENTS, *sandbox])
            for width in (1300, 390):
                page = await browser.new_page(viewport={"width": width, "height": 844})
                await page.goto(server.links["anna"])
                await page.get_by_role("button", name="Start").click()
                for words in (*(line.partition(" = ")[2] for line in SCALE), "what it shows settled it"):
                    await expect(page.get_by_text(words, exact=True)).to_be_visible()
            await browser.close()
        await server.kill()

    asyncio.run(work())


def test_a_card_is_blind(items: Path) -> None:
    """The picture and the words; not the item's name, its ratings, or anybody's figures."""
    card = card_source(open_items(str(items)))("bus-2")
    assert card.texts == (("What happens", "Somebody does thing 2 of bus."),) and card.heading == ""
    assert len(card.pictures) == 1 and card.pictures[0][:2] == b"\xff\xd8"


def test_the_page_is_left_gone_on_with_and_exported(items: Path, tmp_path: Path) -> None:
    """Two raters; the server is killed; the same command has the same links and answers; Ctrl-C exports records that can be imported."""

    async def work() -> None:
        page = await served(items)
        links = dict(page.links)
        async with httpx.AsyncClient() as client:
            anna = Rater(links["anna"], client)
            keys = (await anna.state())["keys"]
            assert len(keys) == 5
            for key in keys[:3]:
                assert (await anna.answer(key, SAID)).status_code == 200
            assert (await anna.answer(keys[3], {"score": 9, "grounding": "both"})).status_code == 422
            shown = (await client.get(f"{anna.link}/card/{keys[4]}")).text + (await client.get(f"{anna.link}/state")).text
            assert "of bus" in shown or "of dog" in shown
            assert "bus-" not in shown and "dog-" not in shown
        await page.kill()
        again = await served(items, "--export", str(tmp_path / "records.jsonl"))
        assert again.links == links
        async with httpx.AsyncClient() as client:
            anna, ben = Rater(links["anna"], client), Rater(links["ben"], client)
            assert sum((await anna.state())["answered"]) == 3
            for rater in (anna, ben):
                state = await rater.state()
                for key in (key for key, done in zip(state["keys"], state["answered"], strict=True) if not done):
                    await rater.answer(key, {"score": 1, "grounding": "image", "reason": None})
        again.process.send_signal(2)
        out, _ = await again.process.communicate()
        assert again.process.returncode == 0
        assert "5 of 5 scenarios rated (anna 5, ben 5), 5 by two or more" in out.decode()

    asyncio.run(work())
    rows = [json.loads(line) for line in (tmp_path / "records.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [row["scenario_id"] for row in rows] == ["bus-1", "bus-2", "bus-3", "dog-1", "dog-2"]
    assert all([rating["rater"] for rating in row["ratings"]] == ["anna", "ben"] for row in rows)
    assert sum(row["ratings"][0] == {"rater": "anna", "score": 4, "grounding": "both"} for row in rows) == 3
    assert sum(row.get("reason") == "anna: It is kind." for row in rows) == 3
    assert main(["import", str(tmp_path / "records.jsonl"), "--images", str(items), "--out", str(tmp_path / "again")]) == 0
    back = open_items(str(tmp_path / "again"))
    assert [item.id for item in back.items] == [row["scenario_id"] for row in rows]
    assert {people_of(item).mean for item in back.items} == {1.0, 2.5}


def test_newer_ratings_score_an_older_run(items: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A run before anybody rated says what to do; exported, imported and given with --items, the ratings score it."""
    bare = tmp_path / "bare"
    write_items(bare, {"bus": ((), ()), "dog": ((), ())})
    command = ["run", "--items", str(bare), "--model", "rated/constant", "--runs", str(tmp_path), "--name", "early", "--workers", "1"]
    assert main([*command, "--quiet"]) == 0, "the run is complete, though there is nothing to hold it against"
    assert "nobody has rated these items" in capsys.readouterr().err
    for rater, high in (("anna", 5), ("ben", 4)):
        book = AnswerBook(bare / "annotations", rater)
        for name, score in (("bus-1", high), ("bus-2", 1), ("dog-1", 2), ("elsewhere", 3)):
            book.add(name, {"score": score, "grounding": "text", "reason": None}, 2.0)
        book.close()
    found = records_of(bare / "annotations", open_items(str(bare)).items)
    assert (len(found.rows), found.shared, found.raters, found.elsewhere) == (3, 3, {"anna": 3, "ben": 3}, 2)
    assert main(["annotate", "--items", str(bare), "--export", str(tmp_path / "r.jsonl"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["elsewhere"] == 2
    assert main(["import", str(tmp_path / "r.jsonl"), "--images", str(bare), "--out", str(tmp_path / "rated"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["ratings"] == 6
    assert main(["score", str(tmp_path / "early"), "--items", str(tmp_path / "rated"), "--json"]) == 0
    row = json.loads(capsys.readouterr().out)["scores"][0]
    assert (row["items"], row["mae"], row["images"]) == (3, pytest.approx((1.5 + 2 + 1) / 3), 1)


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ([], "say who rates with --raters A,B"),
        (["--export", "TMP/none.jsonl"], "nobody has rated one of these scenarios yet"),
        (["--raters", "anna,Anna"], "two raters have the same name"),
        (["--raters", "../anna"], "a rater's name cannot be '../anna'"),
        (["--raters", "anna", "--limit", "0"], "--limit takes a whole number from 1"),
    ],
)
def test_a_mistake_is_one_line(items: Path, tmp_path: Path, more: list[str], told: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 2, what is wrong and what to do."""
    given = [each.replace("TMP", str(tmp_path)) for each in more]
    assert main(["annotate", "--items", str(items), "--answers", str(tmp_path / "answers"), *given]) == 2
    assert told in (error := capsys.readouterr().err) and error.count("\n") == 1


def test_an_export_writes_over_its_own_kind_alone(items: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Records are written anew; a deck of items, or a text, stays as it is."""
    book = AnswerBook(items / "annotations", "anna")
    book.add("bus-1", {"score": 3, "grounding": "text", "reason": None}, 1.0)
    book.close()
    for _ in range(2):
        assert main(["annotate", "--items", str(items), "--export", str(tmp_path / "r.jsonl")]) == 0
    before = (items / "items.jsonl").read_bytes()
    assert main(["annotate", "--items", str(items), "--export", str(items / "items.jsonl")]) == 2
    assert "holds something else" in capsys.readouterr().err
    assert (items / "items.jsonl").read_bytes() == before
