"""The annotation page in a real browser, with the keyboard alone."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio
from playwright.async_api import Browser, async_playwright, expect

from environments.browser.chromium import LAUNCH_ARGUMENTS, require_chromium
from evals.annotating.answers import read_annotations
from tests.evals.annotating.annotators import Page


@pytest_asyncio.fixture
async def chromium() -> AsyncIterator[Browser]:
    """A real Chromium."""
    sandbox = [] if os.geteuid() else ["--no-sandbox"]
    async with async_playwright() as driver:
        browser = await driver.chromium.launch(executable_path=require_chromium(), args=[*LAUNCH_ARGUMENTS, *sandbox])
        yield browser
        await browser.close()


async def test_by_keyboard_through_a_kill(chromium: Browser, tmp_path: Path) -> None:
    """A rater codes two items by keyboard, the server is killed and begun again, the open page and a new one go on at the third item;
    an answer can be changed; words that would like to run stay words; nothing is preset, and an open field is named."""
    served = await Page.begin(tmp_path, "anna")
    page = await chromium.new_page(viewport={"width": 390, "height": 844})
    page.set_default_timeout(15_000)
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("dialog", lambda dialog: faults.append(dialog.message))
    await page.goto(served.links["anna"])
    await expect(page.get_by_role("heading", name="How it works")).to_be_visible()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", level=1)).to_contain_text("1 of 6")
    assert await page.locator("input:checked").count() == 0
    await page.keyboard.press("3")  # calm: for
    await page.keyboard.press("Enter")
    await expect(page.locator(".lacking")).to_have_text("Still empty: Noise.")
    await expect(page.get_by_role("group", name="Noise").get_by_role("radio").first).to_be_focused()
    await page.keyboard.press("0")  # none of the others
    await page.keyboard.press("Enter")
    await expect(page.locator("#page")).to_have_attribute("data-at", "1")
    assert await page.locator("input:checked").count() == 0
    assert await page.title() == "What is in it?" and await page.locator("img[src=x], main script").count() == 0
    assert "<script>" in await page.locator(".texts").inner_text()
    assert await page.evaluate("[...document.querySelectorAll('.picture img')].every((image) => image.complete && image.naturalWidth > 0)")
    assert await page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    await page.keyboard.press("Tab")  # from the first field, marked as the card comes, to the second
    await expect(page.get_by_role("group", name="Noise").get_by_role("radio").first).to_be_focused()
    await page.keyboard.press("Shift+Tab")
    for key in ("1", "2", "Tab", "Tab"):
        await page.keyboard.press(key)
    await expect(page.get_by_label("Anything else")).to_be_focused()
    await page.keyboard.type("a 1 in b")  # letters and digits are a text's here
    await page.keyboard.press("Control+Enter")
    await expect(page.locator("#page")).to_have_attribute("data-at", "2")

    await served.kill()
    for key in ("2", "2", "Enter"):
        await page.keyboard.press(key)
        if key == "2":
            await page.wait_for_timeout(50)
    await expect(page.locator("#toast")).to_contain_text("connection is lost")
    assert read_annotations(tmp_path).height == 2
    other = await chromium.new_page()
    served = await Page.begin(tmp_path, "anna")
    await expect(page.locator("#page")).to_have_attribute("data-at", "3")
    await expect(page.locator("#toast")).to_be_hidden()
    await other.goto(served.links["anna"])
    await expect(other.get_by_role("heading", level=1)).to_contain_text("4 of 6")
    await expect(other.get_by_role("progressbar", name="3 of 6 answered")).to_be_visible()

    for back in ("2", "1", "0"):
        await other.keyboard.press("b")
        await expect(other.locator("#page")).to_have_attribute("data-at", back)
    await expect(other.get_by_role("group", name="Calm").get_by_role("radio", name="for")).to_be_checked()
    await other.get_by_role("group", name="Calm").get_by_role("radio", name="for").focus()
    await other.keyboard.press("1")
    await other.keyboard.press("Enter")
    await expect(other.locator("#page")).to_have_attribute("data-at", "1")
    await other.keyboard.press("s")
    await expect(other.locator("#page")).to_have_attribute("data-at", "3")
    await served.kill()
    table = read_annotations(tmp_path)
    assert table.select("calm", "noise", "kind", "note").rows() == [(-1, 0, None, None), (-1, 0, None, "a 1 in b"), (0, 0, None, None)]
    assert table["seconds"].min() > 0 and len((tmp_path / "anna.jsonl").read_text().splitlines()) == 4
    assert faults == []
