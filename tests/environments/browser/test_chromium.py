"""A real Chromium is found, and plays the catalogue's clips."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from environments.browser import chromium
from environments.browser.chromium import LAUNCH_ARGUMENTS, find_chromium, require_chromium
from environments.catalogue.render import render
from environments.catalogue.specs import load_clips
from personas.errors import EnvironmentFailed

PAGE = "<video muted src='data:video/webm;base64,{}'></video>"


async def test_chromium_plays_a_rendered_clip(tmp_path: Path) -> None:
    """`make test` has got a Chromium; it plays a clip of the catalogue in its size, and time goes on."""
    import base64

    from playwright.async_api import async_playwright

    clip = min(load_clips(), key=lambda each: each.duration_s)
    source = base64.b64encode(render(clip, tmp_path).read_bytes()).decode()
    sandbox = [] if os.geteuid() else ["--no-sandbox"]
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=require_chromium(), args=[*LAUNCH_ARGUMENTS, *sandbox])
        page = await browser.new_page()
        await page.set_content(PAGE.format(source))
        await page.evaluate("document.querySelector('video').play()")
        await page.wait_for_function("document.querySelector('video').currentTime > 0.3", timeout=20_000)
        facts = await page.evaluate("(v => [v.videoWidth, v.videoHeight, v.duration])(document.querySelector('video'))")
        await browser.close()
    assert facts[:2] == [360, 640]
    assert facts[2] == pytest.approx(clip.duration_s, abs=0.2)


def test_a_chromium_that_does_not_start_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that is no program, or fails, is not taken for a browser, even when it is named."""
    broken = tmp_path / "chromium"
    broken.write_text("#!/bin/sh\nexit 127\n")
    broken.chmod(0o755)
    monkeypatch.setenv(chromium.CHROMIUM_VARIABLE, str(broken))
    assert find_chromium() != broken
    good = tmp_path / "good"
    good.write_text("#!/bin/sh\nexit 0\n")
    good.chmod(0o755)
    monkeypatch.setenv(chromium.CHROMIUM_VARIABLE, str(good))
    assert find_chromium() == good


def test_without_chromium_the_error_says_how_to_get_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """One line, with both ways."""
    monkeypatch.setattr(chromium, "find_chromium", lambda: None)
    with pytest.raises(EnvironmentFailed, match=r"playwright install chromium.*apt-get install chromium"):
        require_chromium()
