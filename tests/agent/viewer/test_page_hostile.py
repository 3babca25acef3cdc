"""A trace whose every word is hostile, in a real Chromium: nothing is executed, nothing breaks, what cannot be seen is named."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from playwright.async_api import Browser, Page, expect

from agent.viewer.export import export
from agent.viewer.library import open_library
from tests.agent.viewer.staging import PROMPT, frames, opened, record
from tests.agent.viewer.traces import BEGUN, answered, done, shown, write
from tests.environments.browser.conftest import chromium_browser

__all__ = ["chromium_browser"]

pytestmark = pytest.mark.asyncio(loop_scope="module")

BAD = (
    '<script>window.hit=1;alert(1)</script><img src=x onerror="window.hit=1"><svg/onload=window.hit=1>'
    '<iframe srcdoc="<script>parent.hit=1</script>"></script><script>window.hit=1</script></style></textarea>'
    '\'"><a href="javascript:window.hit=1" id=link>x</a> javascript:window.hit=1 \u202egnp.exe\u2066 \u0000\u0001\u001b[31m '
    "\U0001f469\u200d\U0001f469\u200d\U0001f467 \u0301\u0301 $persona ${window.hit=1} {{hit}} `x`"
)
LONG = "x" * 1_000_000
DEEP: dict[str, Any] = {"deep": [[[[[[[[[[BAD]]]]]]]]]]}


def hostile(runs: Path, name: str, done_as: str) -> None:
    """A session that says BAD wherever a trace can say something, and 1 MB at times."""
    decision = {"action": done_as, "watch_fraction": 0.5, "rating": 4, "reason": BAD, "scores": {BAD[:200]: 1.0}}
    pictures = frames(runs, 1)
    told = {
        "caption": BAD,
        "author": BAD,
        "hashtags": [BAD],
        "sound": BAD,
        "transcript": BAD,
        "screen": BAD,
        "options": [BAD, {"label": BAD, "text": BAD}],
        "key": BAD,
        "counts": {BAD: 1},
        "__proto__": {"hit": 1},
        **DEEP,
    }
    everything = {"id": BAD, "text": told, "labels": {BAD: 1.0, "HE": 1.0, "constructor": 1.0}, "topic": BAD, "source": BAD}
    ask = {"type": "ask", "at": 1.0, "stage": "feed", "attempt": 0, "cell": 2, "prompt": "a" * 64, "seed": 1, "slots": {"memory": BAD}}
    events: list[dict[str, Any] | bytes] = [
        BEGUN,
        {**PROMPT, "system": "$persona", "user": BAD + "$post"},
        {"type": "problem", "name": BAD, "reason": BAD},
    ]
    for step in range(3):
        events += [shown(step, frames=pictures, **{**everything, "id": f"{BAD}{step}"}), {**ask, "step": step}]
        if step == 1:
            events += [answered(step, outcome="failed", decision=None, raw="", error=BAD), done(step, asked="pass", done="pass", error=BAD)]
        else:
            reason = LONG if step == 2 else BAD
            events += [
                answered(step, decision={**decision, "reason": reason}, raw=reason, model_version=BAD, finish_reason=BAD, refusal=BAD),
                done(step, asked=done_as, done=done_as, error=BAD),
            ]
    events += [
        b"{" + BAD.replace("\n", " ").encode("utf-8", "replace") + b"\n",
        {"type": "end", "at": 9.0, "reason": "failed", "detail": BAD},
    ]
    persona = {"name": BAD, "text": BAD, "target": {BAD: 1, "HE": 1}}
    write(runs / name, *events, record={**record(BAD, model=BAD, feed=name, note=BAD), "persona": persona})


async def unharmed(page: Page) -> None:
    """Nothing ran, nothing was built from the words, and the page does not stick out."""
    assert await page.evaluate("window.hit === undefined && ({}).hit === undefined")
    assert (
        await page.evaluate(
            "document.querySelectorAll('main script, iframe, #link, [onerror], [onload], a[href^=\"javascript\" i]').length"
        )
        == 0
    )
    links: list[str | None] = await page.evaluate("[...document.querySelectorAll('a')].map((link) => link.getAttribute('href'))")
    assert all(link is None or link.startswith("#") for link in links)
    assert await page.evaluate(
        "[...document.querySelectorAll('[style]')].every((node) => !/url|expression/.test(node.getAttribute('style')))"
    )
    assert await page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    assert "\u202e" not in await page.evaluate("document.body.innerText")


async def test_hostile_words_stay_words(chromium_browser: Browser, tmp_path: Path) -> None:
    """In the table, the session with all folds open, the comparison: words, marks that cannot be seen are named, 1 MB comes on request."""
    name = "<img src=x onerror=alert(1)> \u202e 'quoted'"
    hostile(tmp_path, name, "like")
    hostile(tmp_path, "other, with a comma & %2F", "skip")
    async with opened(chromium_browser, tmp_path) as page:
        await expect(page.locator("tr[data-row]")).to_have_count(2)
        await unharmed(page)
        await page.locator("tr[data-row] a").first.click()
        await expect(page.locator(".card .badge")).to_have_text("Liked")
        await expect(page.locator('[data-part="caption"]')).to_contain_text("<script>window.hit=1;alert(1)</script>")
        await expect(page.locator('[data-part="caption"]')).to_contain_text(
            "\U0001f469\u200d\U0001f469\u200d\U0001f467 \u0301\u0301 $persona"
        )
        await expect(page.locator('[data-part="caption"]')).to_contain_text("⟨202E⟩gnp.exe⟨2066⟩ ␀␁␛[31m")
        await expect(page.locator('[data-control="against"]')).not_to_have_value("")
        for number in range(3):
            await page.locator(".asks .fold").first.wait_for()
            for _ in range(2):
                await page.evaluate("document.querySelectorAll('details').forEach((fold) => (fold.open = true))")
                await page.wait_for_timeout(60)
            await unharmed(page)
            if number < 2:
                await page.keyboard.press("Escape")
                await page.get_by_role("button", name="Next step").click()
                await expect(page.locator('[data-part="where"]')).to_have_text(f"{number + 2} / 3")
        more = page.locator(".card").get_by_role("button", name="Show all 1,000,000 characters")
        await more.click()
        assert await page.locator('[data-part="reason"]').evaluate("node => node.textContent.length") == 1_000_000
        raw = page.locator(".asks").get_by_role("button", name="Show all 1,000,000 characters").first
        await raw.click()
        await page.get_by_label("Search captions and reasons").fill("<script>")
        await expect(page.locator('[data-part="many"]')).to_have_text("3 of 3 steps")
        await unharmed(page)
        await page.get_by_role("link", name="Side by side").click()
        await expect(page.locator(".pairrow")).to_have_count(3)
        await page.locator(".matrix button").last.click()
        await unharmed(page)


async def test_hostile_addresses_open_nothing(chromium_browser: Browser, tmp_path: Path) -> None:
    """An address that someone made up leads to a plain message or to the table."""
    hostile(tmp_path, "one", "like")
    async with opened(chromium_browser, tmp_path, allow=("404", "400")) as page:
        for hash_ in (
            "#/s/%3Cimg src=x onerror=window.hit=1%3E",
            "#/s/%E0%A4%A",
            "#/s/../../etc/passwd/1",
            "#/compare/one,<svg onload=window.hit=1>/x",
            "#javascript:window.hit=1",
            "#/s/one/99999999999999",
        ):
            await page.evaluate(f"location.hash = {json.dumps(hash_)}")
            await page.wait_for_timeout(120)
            await page.wait_for_selector("#page:not([aria-busy])")
            await unharmed(page)


async def test_hostile_words_in_an_exported_file(chromium_browser: Browser, tmp_path: Path) -> None:
    """In the single file the words stand among the page's own: still nothing runs, and all of it can be read."""
    hostile(tmp_path / "runs", 'one<!--<script>"x', "like")
    hostile(tmp_path / "runs", "two", "watch")
    target = tmp_path / "replay.html"
    export(open_library(tmp_path / "runs"), target)
    within = await chromium_browser.new_context()
    page = await within.new_page()
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("dialog", lambda dialog: wrong.append(dialog.message))
    page.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
    await page.goto(target.as_uri())
    await page.locator("tr[data-row] a").first.click()
    await expect(page.locator(".card .badge")).to_have_text("Liked")
    await expect(page.locator('[data-part="caption"]')).to_contain_text("</script><script>window.hit=1</script>")
    await unharmed(page)
    await page.evaluate(f"location.hash = '#/compare/two,{quote('one<!--<script>' + chr(34) + 'x')}'")
    await expect(page.locator(".pairrow")).to_have_count(3)
    await unharmed(page)
    await within.close()
    assert wrong == []
