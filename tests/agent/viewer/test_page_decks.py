"""The page of a session over a deck of questions in a real Chromium."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.async_api import Browser, expect

from agent.session import arun_session
from agent.spec import make_spec
from tests.agent.viewer.staging import ended, frames, opened, record, stage
from tests.agent.viewer.test_answers import KEYS, deck
from tests.agent.viewer.traces import BEGUN, answered, done, shown, write
from tests.environments.browser.conftest import chromium_browser

__all__ = ["chromium_browser"]

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.usefixtures("own_cache")]


async def test_a_deck_is_shown_as_questions(chromium_browser: Browser, tmp_path: Path) -> None:
    """Chosen option with its letter, right or wrong, all options marked, the condition, and nothing that is of a feed."""
    items = deck(tmp_path / "items")
    for condition in ("shown", "none"):
        spec = make_spec(
            environment="deck", feed=str(items), protocol="choice", model="keyed/uniform", videos=3, condition=condition, seed=1
        )
        await arun_session(spec, runs=tmp_path / "runs", session=condition)
    async with opened(chromium_browser, tmp_path / "runs", "#/s/none/0") as page:
        await expect(page.locator(".head")).to_contain_text("condition none")
        await expect(page.locator(".screen")).to_have_text("Pictures withheld (condition none)")
        await expect(page.locator(".circlebox")).to_be_hidden()
        for word in ("like", "clip", "Clip", "Value profile"):
            await expect(page.locator("main")).not_to_contain_text(word, use_inner_text=True)
        seen = set()
        for number in range(3):
            await page.evaluate(f"location.hash = '#/s/none/{number}'")
            await expect(page.locator('[data-part="where"]')).to_have_text(f"{number + 1} / 3")
            picked, key = page.locator(".options .picked"), page.locator(".options .key span").first
            letter, words = (await picked.locator("b").inner_text(), await picked.locator("span").first.inner_text())
            name = (await page.locator('[data-part="caption"]').inner_text()).removeprefix("What is it, ").removesuffix("?")
            await expect(key).to_have_text(KEYS[name])
            is_right = "right" if words == KEYS[name] else "wrong"
            await expect(page.locator('[data-part="answer"]')).to_have_text(f"{letter}: {words}{is_right}")
            seen.add(is_right)
        assert seen == {"right", "wrong"}
        await page.keyboard.press("w")
        await expect(page.locator(".judged.wrong")).to_be_visible()
        await page.evaluate("location.hash = '#/s/shown/0'")
        await expect(page.locator(".head")).to_contain_text("condition shown")
        await expect(page.locator(".screen img")).to_be_visible()
        await page.evaluate("location.hash = '#/'")
        await expect(page.locator('[data-column="condition"]')).to_be_visible()
        assert sorted(await page.locator('td[data-title="Condition"]').all_inner_texts()) == ["none", "shown"]
        assert "Items" in await page.locator(".sums").inner_text() and "Liked" not in await page.locator(".sums").inner_text()
        await expect(page.locator('[data-column="likes"]')).to_have_count(0)


async def test_a_feed_keeps_its_words(chromium_browser: Browser, tmp_path: Path) -> None:
    """Clips, likes, the value profile; the marks of the timeline are explained, and ties of the best rated are said."""
    async with opened(chromium_browser, stage(tmp_path), "#/s/hedonist/0") as page:
        await expect(page.locator(".circlebox")).to_contain_text("Value profile so far")
        await expect(page.locator(".head")).to_contain_text("Clips")
        await expect(page.locator(".head")).not_to_contain_text("condition")
        await expect(page.locator('[data-jump="like"]')).to_be_visible()
        await expect(page.locator('[data-jump="wrong"]')).to_have_count(0)
        await expect(page.locator(".legend")).to_contain_text("liked")
        await page.get_by_role("button", name="Liked most").click()
        await expect(page.locator('[data-part="many"]')).to_have_text("12 steps, 3 tie at 5 of 5")


async def test_pictures_of_another_item_are_said_to_be_that(chromium_browser: Browser, tmp_path: Path) -> None:
    """Condition wrong: the note stands above the picture. An open answer stands in its words, with the reference under the picture."""
    said = {"action": "pass", "watch_fraction": 0.0, "reason": "a small dog"}
    item = {"condition": "wrong", "reference": "a cat"}
    events = (
        shown(0, frames=frames(tmp_path, 1, 1), text={"caption": "What is it?"}, item=item),
        answered(0, stage="question", decision=said),
        done(0, asked="pass", done="pass", watch_fraction=0.0, dwell_s=0.0),
        ended("pass"),
    )
    write(tmp_path / "one", BEGUN, *events, record=record("default", environment="deck", protocol="open", condition="wrong"))
    async with opened(chromium_browser, tmp_path, "#/s/one/0") as page:
        await expect(page.locator(".pictures")).to_have_text("Pictures of another item (condition wrong)")
        await expect(page.locator(".screen img")).to_be_visible()
        await expect(page.locator('[data-part="answer"]')).to_have_text("a small dog")
        await expect(page.locator(".options")).to_have_text("Reference: a cat")
