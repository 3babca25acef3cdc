"""The experiment's table, the comparison, following a live session, colours, keyboard and narrow screens, in a real Chromium."""

from __future__ import annotations

import itertools
import json
import re
import shutil
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from agent.viewer.export import export
from agent.viewer.library import open_library
from tests.agent.viewer.staging import PROMPT, frames, opened, record, stage, step
from tests.agent.viewer.traces import BEGUN, write
from tests.environments.browser.conftest import chromium_browser

__all__ = ["chromium_browser"]

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The staged sessions."""
    return stage(tmp_path_factory.mktemp("runs"))


async def names(page: Page) -> list[str]:
    """The sessions in the table, from above."""
    found: list[str] = await page.locator("tr[data-row]").evaluate_all("rows => rows.map((row) => row.dataset.row)")
    return found


async def test_the_table_of_an_experiment(chromium_browser: Browser, runs: Path) -> None:
    """The constant is folded away, the varying has columns; it sorts, filters, groups errors; each row opens its session."""
    async with opened(chromium_browser, runs) as page:
        assert await names(page) == ["deck", "default", "hedonist", "human-ana-001"]
        heads = await page.locator("thead th").all_text_contents()
        assert {"Persona", "Model", "Environment"} <= set(heads) and "Seed" not in heads
        constants = page.locator(".head details")
        await expect(constants.locator("dl")).to_have_count(0)
        await constants.locator("summary").click()
        await expect(constants.locator("div", has_text="seed").last).to_contain_text("3")
        for column, first, direction in (
            ("likes", "hedonist", "descending"),
            ("likes", "deck", "ascending"),
            ("name", "deck", "ascending"),
            ("name", "human-ana-001", "descending"),
        ):
            await page.locator(f'[data-sort="{column}"]').click()
            assert (await names(page))[0] == first
            assert await page.locator(f'th[data-column="{column}"]').get_attribute("aria-sort") == direction
        await page.keyboard.press("/")
        await page.get_by_label("Filter sessions").fill("hedonist vllm")
        assert await names(page) == ["hedonist"]
        await page.get_by_label("Filter sessions").fill("nobody like that")
        await expect(page.locator("tbody")).to_contain_text("No session matches")
        await page.get_by_label("Filter sessions").fill("")
        errors = page.locator(".errorgroups li")
        await expect(errors.filter(has_text="server answered 500 at 5")).to_contain_text("1 ×")
        found = errors.filter(has_text="no JSON object").get_by_role("link", name="hedonist, step 5")
        await expect(found).to_have_attribute("href", "#/s/hedonist/4")
        await expect(page.get_by_role("img", name="Liked 3, Watched 4, Skipped 2, Refused 1, Unparsable 1, Failed 1")).to_be_visible()
        await page.locator('tr[data-row="hedonist"] a').click()
        await expect(page.locator("h1")).to_have_text("hedonist")
        assert await page.evaluate("document.activeElement.tagName") == "H1"


async def test_statuses_and_broken_sessions(chromium_browser: Browser, tmp_path: Path) -> None:
    """A stopped session with a broken line and one that cannot be read are listed, filtered, and opened as far as they go."""
    picture = frames(tmp_path, 1)
    write(
        tmp_path / "good",
        BEGUN,
        PROMPT,
        *step(0, "like", picture),
        b"{broken\n",
        *step(1, "skip", picture),
        {"type": "end", "reason": "limit"},
        record=record("p"),
    )
    (tmp_path / "torn").mkdir()
    (tmp_path / "torn" / "session.json").write_text("{")
    async with opened(chromium_browser, tmp_path) as page:
        assert await names(page) == ["good", "torn"]
        await page.locator('.chips [data-chip="stopped"]').click()
        assert await names(page) == ["good"]
        await page.locator('tr[data-row="good"] a').click()
        await expect(page.locator('[data-part="where"]')).to_have_text("1 / 2")
        await page.locator("summary", has_text="1 line of the trace cannot be read").click()
        await expect(page.locator(".warning li")).to_contain_text("Line 7")
        await page.evaluate("location.hash = '#/s/torn'")
        await expect(page.get_by_role("note").or_(page.get_by_role("alert"))).to_contain_text("session.json")


async def test_a_comparison(chromium_browser: Browser, runs: Path) -> None:
    """Two ticks lead to it; flips first; agreement, matrix, clip by clip; it filters, searches, walks by key, leads to steps."""
    async with opened(chromium_browser, runs) as page:
        go = page.locator('[data-control="compare"]')
        assert await go.get_attribute("href") is None
        for name in ("hedonist", "default"):
            await page.get_by_label(f"Compare {name}").check()
        await go.click()
        await expect(page.locator("h1")).to_have_text("default and hedonist")
        await expect(page.locator('[data-part="lead"]')).to_contain_text("differently on")
        await expect(page.locator(".agreement tbody tr")).to_have_count(1)
        await expect(page.locator(".agreement tbody td").first).to_have_text(re.compile(r"67% 35% to 88%"))
        await expect(page.locator(".agreement tbody td").last).to_have_text("9")
        cells = page.get_by_role("gridcell").get_by_role("button")
        await expect(cells).to_have_count(24)
        assert await page.locator(".matrix tr").first.locator("td.flip").count() == await page.locator(".pairrow .flipmark").count()
        await cells.nth(0).focus()
        await page.keyboard.press("ArrowRight")
        await page.keyboard.press("ArrowDown")
        assert await page.evaluate("[document.activeElement.dataset.row, document.activeElement.dataset.column]") == ["1", "1"]
        await page.keyboard.press("Enter")
        caption = page.locator(".clipbox .caption")
        await expect(caption).to_have_text(str(await page.locator(".pairrow h3").nth(1).evaluate("head => head.firstChild.data")))
        await page.evaluate("document.activeElement.blur()")
        before = await caption.text_content()
        await page.keyboard.press("ArrowRight")
        await expect(caption).not_to_have_text(str(before))
        await page.get_by_role("button", name="Previous clip").click()
        await expect(caption).to_have_text(str(before))
        await expect(page).to_have_url(re.compile("#/compare/default,hedonist/clip-"))
        await page.locator('[data-chip="flip"]').click()
        found = await page.locator(".pairrow").evaluate_all("rows => rows.map((row) => row.dataset.clip)")
        assert found == ["clip-6", "clip-1", "clip-10"], "like and skip lie further apart than either and watch"
        await page.locator('[data-chip="flip"]').click()
        await page.get_by_label("Search captions and reasons").fill("soup")
        await expect(page.locator(".pairrow")).to_have_count(1)
        await page.locator(".pairrow .of a").last.click()
        await expect(page).to_have_url(re.compile("#/s/hedonist/2$"))
        await page.evaluate("location.hash = '#/compare/hedonist,default/clip-10'")
        await expect(page.locator(".clipbox .caption")).to_have_text("caption 10 about things")


async def test_a_live_session_is_followed(chromium_browser: Browser, tmp_path: Path) -> None:
    """What a running session writes appears by itself; Follow keeps to the newest step, a look back ends it; the end is noticed."""
    picture = frames(tmp_path, 1)
    trace = write(tmp_path / "now", BEGUN, PROMPT, *step(0, "watch", picture), record=record("p")) / "trace.jsonl"

    def append(*events: object) -> None:
        with trace.open("a") as file:
            file.writelines(json.dumps(event) + "\n" for event in events)

    async with opened(chromium_browser, tmp_path) as page:
        where, follow = page.locator('[data-part="where"]'), page.locator('[data-control="follow"]')
        await expect(page.locator(".pill.live")).to_be_visible()
        await expect(follow).to_have_attribute("aria-pressed", "true")
        events = step(1, "like", picture)
        append(*events[:2])
        await expect(where).to_have_text("2 / 2")
        await expect(page.locator(".card .badge")).to_have_text("Pending")
        append(*events[2:])
        await expect(page.locator(".card .badge")).to_have_text("Liked")
        await page.keyboard.press("Home")
        append(*step(2, "skip", picture))
        await expect(where).to_have_text("1 / 3")
        await expect(follow).to_have_attribute("aria-pressed", "false")
        await follow.click()
        await expect(where).to_have_text("3 / 3")
        append({"type": "end", "at": 9.0, "reason": "complete", "totals": {}})
        await expect(page.locator(".head .pill")).to_have_text("Complete")


async def test_light_dark_and_the_list_of_keys(chromium_browser: Browser, runs: Path) -> None:
    """The page follows the system; the button and T go through system, light, dark and are remembered; ? lists the keys."""
    async with opened(chromium_browser, runs, color_scheme="dark") as page:
        paper = "getComputedStyle(document.documentElement).backgroundColor"
        dark = await page.evaluate(paper)
        await page.locator('[data-control="theme"]').click()
        light = await page.evaluate(paper)
        assert light != dark
        await page.keyboard.press("t")
        assert await page.evaluate(paper) == dark
        await page.reload()
        await expect(page.locator("html")).to_have_attribute("data-theme", "dark")
        await page.keyboard.press("?")
        await expect(page.get_by_role("dialog")).to_contain_text("play or pause")
        await page.keyboard.press("Escape")
        await expect(page.get_by_role("dialog")).to_be_hidden()
        await page.locator('[data-control="keys"]').click()
        await page.get_by_role("button", name="Close").click()
        await expect(page.get_by_role("dialog")).to_be_hidden()


async def test_everything_has_a_name_and_fits(chromium_browser: Browser, runs: Path) -> None:
    """At 390 and 1280 pixels nothing sticks out, and every control has a name that assistive technology can say."""
    nameless = """() => [...document.querySelectorAll('button, a[href], input, select, summary, [role=slider], [role=region]')]
        .filter((node) => node.checkVisibility() && !(node.getAttribute('aria-label') || node.textContent.trim() || node.title))
        .map((node) => node.outerHTML)"""
    for width in (390, 1280):
        async with opened(chromium_browser, runs, viewport={"width": width, "height": 844}) as page:
            for hash_, head in (
                ("#/", None),
                ("#/s/hedonist/5", "hedonist"),
                ("#/s/deck", "deck"),
                ("#/compare/default,hedonist", "default and hedonist"),
            ):
                await page.evaluate(f"location.hash = '{hash_}'")
                if head:
                    await expect(page.locator("h1")).to_have_text(head)
                assert await page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, (width, hash_)
                assert await page.evaluate(nameless) == []
                assert await page.locator("main h1").count() == 1
            await page.evaluate("location.hash = '#/s/hedonist/2'")
            await expect(page.get_by_role("status")).to_contain_text("Step 3: Watched, rating 3.")
            seen = []
            await page.locator(".jump").focus()
            for _ in range(70):
                await page.keyboard.press("Tab")
                seen.append(
                    await page.evaluate("(({control, jump, chip}) => control ?? jump ?? chip ?? '')(document.activeElement.dataset)")
                )
            assert {"theme", "play", "next", "timeline", "search", "like", "flip", "error"} <= set(seen)


async def test_the_exported_pages_do_all_this_alone(chromium_browser: Browser, runs: Path, tmp_path: Path) -> None:
    """From file://, without any request but for its own pictures, one file or a folder: the table, a session with pictures and prompts,
    a comparison of any three of seven sessions as the server gives it; one that was exported to compare opens on that."""
    shutil.copytree(runs, tmp_path / "runs")
    for number in range(3):
        shutil.copytree(runs / "default", tmp_path / "runs" / f"again, {number}")
    trace, ratings = tmp_path / "runs" / "again, 0" / "trace.jsonl", itertools.cycle(range(6))
    trace.write_text(re.sub(r'(?<="rating": )\d', lambda _: str(next(ratings)), trace.read_text()))
    library, chosen = open_library(tmp_path / "runs"), "#/compare/again%2C%200,deck,hedonist"
    async with opened(chromium_browser, tmp_path / "runs", chosen) as page:
        served = await page.locator("main").text_content()
        assert await page.locator(".verdicts .badge", has_text="Answered").count() == 1, "an item of a deck is answered, not passed"
        assert await page.locator(".verdicts .badge", has_text="Passed").count() == 0
        assert "deck: Answered, rating 2" in str(await page.locator(".cell.k-answered").first.get_attribute("aria-label"))
    within = await chromium_browser.new_context(offline=True, viewport={"width": 1280, "height": 800})
    page = await within.new_page()
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda message: wrong.append(message.text) if message.type in {"error", "warning"} else None)
    page.on("request", lambda request: None if request.url.startswith(("data:", tmp_path.as_uri())) else wrong.append(request.url))
    for target in (tmp_path / "replay.html", tmp_path / "replay"):
        export(library, target)
        await page.goto((target if target.is_file() else target / "index.html").as_uri())
        await expect(page.locator("tr[data-row]")).to_have_count(7)
        for name in ("deck", "again, 0", "hedonist"):
            await page.locator(f'tr[data-row="{name}"] input').check()
        await page.locator('[data-control="compare"]').click()
        await expect(page.locator("h1")).to_have_text("again, 0 and deck and hedonist")
        await expect(page).to_have_url(re.compile(re.escape(chosen)))
        assert await page.locator("main").text_content() == served
        await page.evaluate("location.hash = '#/s/hedonist'")
        await expect(page.locator('[data-control="against"]')).not_to_have_value("")
        assert await page.locator(".screen img").evaluate("image => image.decode().then(() => image.naturalWidth)") == 90
        await page.keyboard.press("f")
        await page.locator("summary", has_text="Exact prompt").click()
        await expect(page.locator(".asks")).to_contain_text("caption 1 about things")
    export(library, tmp_path / "two.html", compare=["hedonist", "default"])
    await page.goto((tmp_path / "two.html").as_uri())
    await expect(page.locator("h1")).to_have_text("hedonist and default")
    await within.close()
    assert wrong == []
