"""A real Chromium is found, and plays the catalogue's clips."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from environments.browser import chromium, install
from environments.browser.chromium import LAUNCH_ARGUMENTS, LONGEST_TEMPORARY, find_chromium, require_chromium, require_surroundings
from environments.catalogue.render import render
from environments.catalogue.specs import load_clips
from personas.errors import EnvironmentFailed, FeedError

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


def test_a_chromium_that_is_named_is_taken_or_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What AXIOFEED_CHROMIUM names is used when it starts; else one line says what is wrong with it, and no other browser is taken."""
    broken = tmp_path / "chromium"
    broken.write_text("#!/bin/sh\nexit 127\n")
    broken.chmod(0o755)
    monkeypatch.setenv(chromium.CHROMIUM_VARIABLE, str(broken))
    (tmp_path / "text").write_text("no program")
    for name, what in (("chromium", "does not start"), ("text", "is no program"), ("none", "does not exist")):
        monkeypatch.setenv(chromium.CHROMIUM_VARIABLE, str(tmp_path / name))
        with pytest.raises(FeedError, match=rf"^AXIOFEED_CHROMIUM names [^\n]*/{name}, which {what}: [^\n]*unset AXIOFEED_CHROMIUM$"):
            require_chromium()
    assert install.main([]) == 2
    assert capsys.readouterr().err.endswith("or unset AXIOFEED_CHROMIUM\n")
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


def test_what_chromium_needs_besides_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """A window without a screen, and a temporary folder whose path is too long for a socket, are one line each that says what to do."""
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    require_surroundings(headed=False)
    with pytest.raises(FeedError, match=r"^--headed [^\n]*DISPLAY is not set[^\n]*leave --headed out, or run under `xvfb-run -a`$"):
        require_surroundings(headed=True)
    monkeypatch.setenv("DISPLAY", ":0")
    require_surroundings(headed=True)
    monkeypatch.setattr(chromium.tempfile, "tempdir", "/" + "t" * (LONGEST_TEMPORARY - 1))
    require_surroundings(headed=False)
    monkeypatch.setattr(chromium.tempfile, "tempdir", "/" + "t" * LONGEST_TEMPORARY)
    with pytest.raises(FeedError, match=r"^the path of the temporary folder has 63 bytes[^\n]*set TMPDIR to a shorter one$"):
        require_surroundings(headed=False)
