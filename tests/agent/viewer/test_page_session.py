"""The page of a session in a real Chromium: every control is driven."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from agent.session import arun_session
from agent.spec import make_spec
from tests.agent.viewer.staging import CLICKED, FLIPPED, opened, stage
from tests.environments.browser.conftest import chromium_browser

__all__ = ["chromium_browser"]

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The staged sessions."""
    return stage(tmp_path_factory.mktemp("runs"))


@pytest_asyncio.fixture(loop_scope="module")
async def page(chromium_browser: Browser, runs: Path) -> AsyncIterator[Page]:
    """The hedonist's session at its first step, flips against the default persona found."""
    async with opened(chromium_browser, runs, "#/s/hedonist/0") as found:
        await expect(found.locator('[data-control="against"]')).to_have_value("default")
        yield found


async def at(page: Page, number: int) -> None:
    """The page stands at this step: where it says so, in the caption, and in the address."""
    await expect(page.locator('[data-part="where"]')).to_have_text(f"{number + 1} / 12")
    await expect(page.locator('[data-part="caption"]')).to_contain_text(f"caption {number} ")
    await expect(page).to_have_url(re.compile(f"/{number}$"))


async def test_a_step_is_shown_in_full(page: Page) -> None:
    """Picture, decision, asked and measured dwell, rating, reason, cost, latency, tokens, exact prompt and raw answer are there."""
    card = page.locator("article.card")
    await expect(card.locator(".badge")).to_have_text("Liked")
    await expect(card.locator(".rating b")).to_have_text("5")
    await expect(card.locator('[data-part="reason"]')).to_have_text("reason 0, plainly")
    for words in ("Asked 3.6 s · 90%", "Measured 3.6 s", "Clip 4.0 s", "Latency500 ms", "Cost$0.01", "300 input, 20 output"):
        await expect(card).to_contain_text(words)
    assert await page.locator(".screen img").evaluate("image => image.decode().then(() => image.naturalWidth)") == 90
    for title, words in (("Exact prompt", 'caption: "caption 0 about things"'), ("Raw answer", '{"action": "like"}')):
        fold = page.locator(".asks details", has_text=title).first
        await expect(fold.locator("pre")).to_have_count(0)
        await fold.locator("summary").click()
        await expect(fold).to_contain_text(words)
    await expect(page.locator(".asks")).to_contain_text("You are the hedonist.")
    await page.keyboard.press("ArrowRight")
    await expect(page.locator(".asks details[open]", has_text="Raw answer")).to_contain_text('{"action": "skip"}')


async def test_keys_step_jump_and_turn(page: Page) -> None:
    """← → step, Home and End go to the ends, L F R E jump to the next like, flip, refusal, error, Shift turns pictures or goes back."""
    for key, number in (("ArrowRight", 1), ("ArrowRight", 2), ("ArrowLeft", 1), ("End", 11), ("Home", 0), ("l", 6), ("l", 10), ("l", 0)):
        await page.keyboard.press(key)
        await at(page, number)
    for key, numbers in (("f", FLIPPED), ("r", (3,)), ("e", (4, 5, 7))):
        await page.keyboard.press("Home")
        for number in numbers:
            await page.keyboard.press(key)
            await at(page, number)
    await page.keyboard.press("Shift+E")
    await at(page, 5)
    await page.keyboard.press("Shift+ArrowRight")
    await expect(page.locator(".strip .thumb").nth(1)).to_have_attribute("aria-pressed", "true")


async def test_buttons_do_what_keys_do(page: Page) -> None:
    """Previous, next, the four jumps, the frames of the strip and the timeline answer to a click."""
    await page.get_by_role("button", name="Next step").click()
    await at(page, 1)
    await page.get_by_role("button", name="Previous step").click()
    await at(page, 0)
    for name, number in (("Next like", 6), ("Next flip", 10), ("Next refusal", 3), ("Next error", 4)):
        await page.get_by_role("button", name=name).click()
        await at(page, number)
    frames = page.locator(".strip .thumb")
    address = await page.locator(".screen img").get_attribute("src")
    await frames.nth(2).click()
    await expect(frames.nth(2)).to_have_attribute("aria-pressed", "true")
    assert await page.locator(".screen img").get_attribute("src") != address
    timeline = page.get_by_role("slider")
    box = await timeline.bounding_box()
    assert box is not None
    await page.mouse.move(box["x"] + box["width"] * 8.5 / 12, box["y"] + 40)
    await expect(page.locator(".tip")).to_have_text("9 · Skipped · caption 8 about things")
    await page.mouse.down()
    await at(page, 8)
    await page.mouse.move(box["x"] + box["width"] * 2.5 / 12, box["y"] + 40)
    await page.mouse.up()
    await at(page, 2)
    assert "Watched, 50% watched" in str(await timeline.get_attribute("aria-valuetext"))


async def test_it_plays_at_four_speeds(page: Page) -> None:
    """Space plays and pauses; a step lasts its dwell over the speed, and 0.6 s over it at least; it stops at the end."""
    play, where = page.locator('[data-control="play"]'), page.locator('[data-part="where"]')
    await where.evaluate("""node => { window.turned = [];
        const note = () => window.turned.push([parseInt(node.textContent), performance.now() / 1000]);
        new MutationObserver(note).observe(node, {childList: true}) }""")
    for speed, first, seconds in (("4", 6, 0.9), ("2", 7, 1.0), ("0.5", 8, 1.2), ("1", 9, 2.0)):
        await page.keyboard.press("Home")
        await at(page, 0)
        await page.goto(f"{page.url.partition('#')[0]}#/s/hedonist/{first}")
        await at(page, first)
        await page.locator(f'[data-speed="{speed}"]').click()
        await expect(page.locator(f'[data-speed="{speed}"]')).to_have_attribute("aria-pressed", "true")
        await page.evaluate("document.activeElement.blur(); window.turned = [[0, performance.now() / 1000]]")
        await page.keyboard.press("Space")
        await expect(play).to_have_attribute("aria-label", "Pause")
        await expect(where).not_to_have_text(f"{first + 1} / 12")
        await page.keyboard.press("Space")
        await expect(play).to_have_attribute("aria-label", "Play")
        (_, begun), (place, turned), *_ = await page.evaluate("window.turned")
        assert place == first + 2, "the step after it, counted from 1"
        assert seconds - 0.05 < turned - begun < seconds + 1.5
    await page.keyboard.press(">")
    await expect(page.locator('[data-speed="2"]')).to_have_attribute("aria-pressed", "true")
    await page.keyboard.press("<")
    await page.keyboard.press("<")
    await expect(page.locator('[data-speed="0.5"]')).to_have_attribute("aria-pressed", "true")
    await page.locator('[data-speed="4"]').click()
    await page.keyboard.press("End")
    await play.click()
    await expect(play).to_have_attribute("aria-label", "Play", timeout=4000)
    await at(page, 11)


async def test_chips_search_and_order(page: Page) -> None:
    """Chips and search narrow the list, the timeline and the steps that one walks through; the list sorts by rating, and is
    then walked in that order; the sums above list what they count."""
    many, rows = page.locator('[data-part="many"]'), page.locator(".row button")
    await page.locator('[data-chip="like"]').click()
    await expect(many).to_have_text("3 of 12 steps")
    await page.locator('[data-chip="refused"]').click()
    await expect(many).to_have_text("4 of 12 steps")
    assert await page.locator(".timeline .dim").count() > 0
    for number in (3, 6, 10):
        await page.get_by_role("button", name="Next step").click()
        await at(page, number)
    await page.locator('[data-chip="all"]').click()
    await expect(many).to_have_text("12 steps")
    counts = {
        kind: await page.locator(f'[data-chip="{kind}"] .count').text_content()
        for kind in ("watch", "skip", "unparsable", "failed", "flip", "error")
    }
    assert counts == {"watch": "4", "skip": "2", "unparsable": "1", "failed": "1", "flip": "3", "error": "3"}
    await page.locator("h1").click()
    await page.keyboard.press("/")
    await page.keyboard.type("SOUP")
    await expect(many).to_have_text("1 of 12 steps")
    await rows.first.click()
    await at(page, 2)
    await page.keyboard.press("ArrowDown")
    await at(page, 2)
    await page.get_by_label("Search captions and reasons").fill("")
    await expect(many).to_have_text("12 steps")
    await page.locator('.row [aria-current="step"]').focus()
    for number in (3, 4):
        await page.keyboard.press("ArrowDown")
        await at(page, number)
    await page.keyboard.press("ArrowUp")
    assert await page.evaluate("document.activeElement.dataset.step") == "3"
    await page.get_by_label("Search captions and reasons").fill("reason 9")
    await expect(many).to_have_text("1 of 12 steps")
    await page.get_by_label("Search captions and reasons").fill("nowhere to be found")
    await expect(page.locator(".list")).to_contain_text("No step matches")
    await page.keyboard.press("Escape")
    await expect(many).to_have_text("12 steps")
    await page.get_by_role("button", name="Liked least").click()
    assert await rows.first.locator(".score").text_content() in {"", "1"}
    await page.locator("[data-sum=skip]").click()
    await expect(many).to_have_text("2 of 12 steps")
    await at(page, 1)
    await page.locator("[data-sum=like]").click()
    await expect(page.get_by_role("button", name="Liked most")).to_have_attribute("aria-pressed", "true")
    for number in (0, 6, 10):
        await at(page, number)
        await expect(page.locator("[data-jump=like] .count")).to_have_text(f"{(0, 6, 10).index(number) + 1}/3")
        await page.get_by_role("button", name="Next step").click()
    await at(page, 10)


async def test_the_profile_moves_with_the_scrubber(page: Page) -> None:
    """At each step the circle holds the mean rating of a value's clips so far, minus that of all; the persona's own is shaded."""
    figures = page.locator(".profile details")
    await figures.locator("summary").click()
    hedonism = figures.locator("tr", has_text="Hedonism").locator("td")
    await expect(hedonism).to_have_text(["0.00", "1"])
    await page.keyboard.press("ArrowRight")
    await expect(hedonism).to_have_text(["+2.00", "1"])
    dot = page.locator(".circle .dot.g-openness").nth(2)
    first = await dot.evaluate("dot => [dot.cx.baseVal.value, dot.cy.baseVal.value]")
    await page.keyboard.press("End")
    await expect(hedonism).to_have_text(["+0.58", "5"])
    assert await dot.evaluate("dot => [dot.cx.baseVal.value, dot.cy.baseVal.value]") != first
    await expect(page.locator(".circle .wanted")).to_have_count(1)


async def test_flips_are_against_a_session_of_choice(page: Page) -> None:
    """The other's decision stands beside a flip and leads there; nobody means no flips; side by side leads to the comparison."""
    await page.keyboard.press("f")
    await expect(page.locator(".flipped")).to_have_text("default: Watched")
    await page.locator('[data-control="against"]').select_option("")
    await expect(page.locator(".flipped")).to_have_count(0)
    await expect(page.locator('[data-jump="flip"]')).to_have_attribute("aria-disabled", "true")
    await page.locator('[data-control="against"]').select_option("default")
    await page.get_by_role("link", name="Side by side").click()
    await expect(page.locator("h1")).to_have_text("default and hedonist")


async def test_a_link_opens_its_step(chromium_browser: Browser, runs: Path) -> None:
    """#/s/NAME/STEP opens there; another address in the same tab goes on, and the way back works."""
    async with opened(chromium_browser, runs, "#/s/hedonist/5", allow=("404",)) as page:
        await at(page, 5)
        await expect(page.locator(".errors")).to_have_text("Answer: server answered 500 at 5")
        await page.evaluate("location.hash = '#/s/hedonist/7'")
        await at(page, 7)
        await expect(page.locator(".errors")).to_have_text("Action: the like did not register")
        await page.evaluate("location.hash = '#/s/nobody/7'")
        await expect(page.get_by_role("alert")).to_contain_text("there is no such session")
        await page.go_back()
        await at(page, 7)


async def test_a_click_is_drawn_over_the_frame(page: Page) -> None:
    """Where an action says where the click landed, a ring stands there, and can be taken away."""
    ring = page.get_by_role("img", name="Where the click landed")
    await expect(ring).to_be_visible()
    await page.locator(".screen img").evaluate("image => image.decode()")
    places = await page.evaluate(
        """() => { const box = document.querySelector('.screen img').getBoundingClientRect();
        const ring = document.querySelector('.click').getBoundingClientRect();
        return [(ring.x + ring.width / 2 - box.x) / box.width, (ring.y + ring.height / 2 - box.y) / box.height] }"""
    )
    assert places == pytest.approx(CLICKED, abs=0.01)
    await page.locator('[data-control="click"]').click()
    await expect(ring).to_be_hidden()
    await page.keyboard.press("ArrowRight")
    await expect(page.locator('[data-control="click"]')).to_have_count(0)


async def test_decks_and_people(chromium_browser: Browser, runs: Path) -> None:
    """A deck's item shows question, options, answer and key; a person's session looks the same, without a prompt."""
    async with opened(chromium_browser, runs, "#/s/deck/0") as page:
        await expect(page.locator('[data-part="caption"]')).to_have_text("Which of these is a value?")
        await expect(page.locator(".options li")).to_have_count(3)
        await expect(page.locator(".options .picked.key")).to_have_text("2benevolenceanswer · key")
        await expect(page.locator(".options .right")).to_have_text("The answer is the key.")
        await expect(page.locator(".card .badge")).to_have_text("Answered")
        await page.evaluate("location.hash = '#/s/human-ana-001'")
        await expect(page.locator(".head")).to_contain_text("A person")
        await expect(page.locator(".card .badge")).to_have_text("Liked")
        await expect(page.locator(".asks")).to_contain_text("Raw answer")
        await expect(page.locator(".asks")).not_to_contain_text("Exact prompt")
        await expect(page.locator("article.card")).to_contain_text("Watched 4.0 s · 100%")
        for word in ("Asked", "Cost", "Latency"):
            await expect(page.locator("main")).not_to_contain_text(word)
        await page.locator("details", has_text="What the person agreed to").locator("summary").click()
        await expect(page.locator(".asks")).to_contain_text("I agree to take part.")


async def test_texts_that_were_scored_are_in_the_exact_prompt(chromium_browser: Browser, tmp_path: Path) -> None:
    """Of a likelihood session: each option as it was scored, and what it was scored after a second time."""
    (tmp_path / "items.jsonl").write_text('{"id": "q", "text": "Who?", "options": ["<b>she</b>", "he &amp; I"], "key": [0]}\n')
    spec = make_spec(environment="deck", feed=str(tmp_path), protocol="likelihood", model="keyed/right", videos=1)
    await arun_session(spec, runs=tmp_path / "runs", session="one")
    async with opened(chromium_browser, tmp_path / "runs", "#/s/one/0") as found:
        fold = found.locator(".asks details", has_text="Exact prompt").first
        await fold.locator("summary").click()
        for words in ("Texts that were scored", "<b>she</b>", "he &amp; I", "a second time after", "Answer:"):
            await expect(fold).to_contain_text(words)
