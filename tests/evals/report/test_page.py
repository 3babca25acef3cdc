"""The page in a real Chromium: what it shows, what it never runs or fetches, and that it fits."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, async_playwright

from environments.browser.chromium import LAUNCH_ARGUMENTS, require_chromium
from evals.report import write_report
from evals.values.findings import Analysis
from tests.evals.report.simulated import analysis, hostile

NASTY = (
    "<script>fetch('http://127.0.0.1:9/x');window.pwned=1</script><img src=http://127.0.0.1:9/i onerror='window.pwned=2'>\"'>&amp;"
    "</style></title></textarea><svg onload=window.pwned=3><a xlink:href=javascript:alert(1)>\u202egnol\u0000\x1b[31m $\\frac{1}{0}$ "
    + "verylongword" * 30
    + " 漢字🙂 {{7*7}} ]]> --> "
)
pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    sandbox = [] if os.geteuid() else ["--no-sandbox"]
    async with async_playwright() as playwright:
        found = await playwright.chromium.launch(executable_path=require_chromium(), args=[*LAUNCH_ARGUMENTS, *sandbox])
        yield found
        await found.close()


async def _opened(browser: Browser, folder: Path, width: int) -> tuple[Page, list[str]]:
    """The page with all its details open, and what it asked for or complained of."""
    page = await browser.new_page(viewport={"width": width, "height": 900})
    seen: list[str] = []
    page.on("request", lambda request: seen.append(request.url))
    page.on("dialog", lambda dialog: seen.append(f"dialog {dialog.message}"))
    page.on("console", lambda message: seen.append(message.text))
    page.on("pageerror", lambda error: seen.append(str(error)))
    await page.goto((folder / "report.html").as_uri())
    await page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
    return page, seen


async def _fits(page: Page) -> bool:
    return bool(await page.evaluate("document.documentElement.scrollWidth <= innerWidth && document.body.scrollWidth <= innerWidth"))


@pytest.fixture(scope="module")
def nasty(small: Analysis, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report in which every text is hostile."""
    out = tmp_path_factory.mktemp("nasty") / "r"
    write_report(hostile(small, NASTY), out)
    return out


@pytest.mark.parametrize("width", [1280, 390])
async def test_hostile_text_is_shown_and_never_obeyed(browser: Browser, nasty: Path, width: int):
    """With markup, scripts, direction marks and very long words in every text, nothing runs, nothing is fetched, and the page fits."""
    page, seen = await _opened(browser, nasty, width)
    assert seen == [(nasty / "report.html").as_uri()]
    assert await page.evaluate("window.pwned") is None
    assert await page.evaluate("document.querySelectorAll('script, img, a[href^=javascript], [onload], [onerror]').length") == 0
    assert await _fits(page)
    text = await page.inner_text("body")
    assert "<script>fetch(" in text and "{{7*7}}" in text and "\\u202e" in text
    assert "\u202e" not in text and "\u0000" not in text
    await page.close()


async def test_the_plots_of_hostile_names_open_as_pictures(browser: Browser, nasty: Path):
    """Every SVG is well formed and, opened by itself, runs nothing and fetches nothing."""
    page = await browser.new_page()
    for path in sorted((nasty / "plots").glob("*.svg")):
        seen: list[str] = []
        page.on("request", lambda request, seen=seen: seen.append(request.url))
        await page.goto(path.as_uri())
        assert seen == [path.as_uri()]
        assert (
            await page.evaluate("document.documentElement.localName + ' ' + document.querySelectorAll('parsererror, script').length")
            == "svg 0"
        )
        assert await page.evaluate("window.pwned") is None
    await page.close()


@pytest.mark.parametrize("width", [1280, 390])
async def test_a_long_sweep_stays_readable(browser: Browser, sweep: Path, width: int):
    """With 20 personas × 3 models the page fits, and no text of the matrix lies over another."""
    page, _ = await _opened(browser, sweep, width)
    assert await _fits(page)
    overlaps = await page.evaluate(
        """() => {
          const boxes = [...document.querySelectorAll('.plot-steering svg text')].slice(0, 400).map(t => t.getBoundingClientRect());
          let n = 0;
          for (let i = 0; i < boxes.length; i++) for (let j = i + 1; j < boxes.length; j++) {
            const a = boxes[i], b = boxes[j];
            if (Math.min(a.right, b.right) - Math.max(a.left, b.left) > 1 && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 1) n++;
          }
          return n; }"""
    )
    assert overlaps == 0
    await page.close()


@pytest.fixture(scope="module")
def sweep(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report on 20 personas and three models."""
    out = tmp_path_factory.mktemp("sweep") / "r"
    write_report(analysis(models=("one/model", "two/model", "three/model"), personas=20, items=60, cells=1), out)
    return out


async def test_says_what_was_done_found_and_not_concluded(browser: Browser, small: Analysis, written: Path):
    """The page holds the counts, the main finding, every caveat and control, and the command, in text that is read without colour."""
    page, _ = await _opened(browser, written, 1280)
    text = await page.inner_text("body")
    assert "80 clips" in text and "as 4 other personas" in text and "m-2026-10-01" in text
    for sentence in (*small.conclusions, *small.caveats, small.command):
        assert sentence in text
    verdicts = await page.locator(".verdict").all_inner_texts()
    assert [" ".join(each.split()) for each in verdicts] == ["✓ passed", "✕ not passed", "– without verdict", "– without verdict"]
    assert "Common preference of the default persona" in text
    assert await page.locator("svg[role=img][aria-label]").count() == 8
    ids = await page.evaluate("[...document.querySelectorAll('[id]')].map(each => each.id)")
    assert len(ids) == len(set(ids))
    await page.close()


async def test_needs_no_script_and_no_network(written: Path):
    """The policy forbids everything but inline style, and the page holds no address to fetch from."""
    html = (written / "report.html").read_text()
    assert "default-src 'none'; style-src 'unsafe-inline'" in html
    assert "<script" not in html and "<link" not in html and "@import" not in html and 'src="' not in html
