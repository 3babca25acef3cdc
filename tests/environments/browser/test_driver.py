"""One browser for many sessions, that leaves nothing behind, and pages that can do nothing but show their feed."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from environments.browser.chromium import CHROMIUM_VARIABLE
from environments.browser.driver import BrowserDriver, shared_driver
from environments.browser.guarded_page import PageLost, open_page
from environments.browser.network import AllowList
from personas.errors import EnvironmentFailed
from tests.environments.browser.plain_feed import served

LOOPBACK = AllowList(["127.0.0.1"])

HOSTILE = """<!doctype html><body><input type=file><a href="/file" download>take</a><script>
window.got = [];
addEventListener('click', event => {
  if (event.target.id !== 'go') return;
  window.open('/'); got.push(confirm('leave?')); alert('hello');
  navigator.geolocation.getCurrentPosition(() => got.push('place'), () => got.push('denied'));
  document.querySelector('a').click();
  setTimeout(() => document.querySelector('input').click(), 100);
  setTimeout(() => { location.href = 'snssdk1233://open'; }, 200);
  setTimeout(() => { location.href = 'file:///etc/passwd'; }, 300);
});
</script><button id=go>go</button>"""

SESSION = """
import asyncio, sys
from environments.browser.driver import BrowserDriver
from environments.browser.guarded_page import open_page
from environments.browser.network import AllowList
async def main():
    allowed = AllowList(["127.0.0.1"])
    driver = BrowserDriver(allowed)
    await driver.acquire()
    await open_page(driver, allowed)
    print("up", flush=True)
    if sys.argv[1] == "raise":
        raise ValueError("on purpose")
    await asyncio.sleep(60)
asyncio.run(main())
"""


def family(pid: int) -> set[int]:
    """All processes below `pid`."""
    parents = {}
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = status.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        parents[int(status.parent.name)] = int(fields[1])
    found, before = {pid}, -1
    while len(found) != before:
        before = len(found)
        found |= {child for child, parent in parents.items() if parent in found}
    return found - {pid}


def alive(pids: set[int]) -> set[int]:
    """Those of `pids` that still run; zombies do not."""
    running = set()
    for pid in pids:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            continue
        if state != "Z":
            running.add(pid)
    return running


def heap_limited(pid: int) -> bool:
    """Whether this is Playwright's driver, told to keep its heap small."""
    try:
        words, told = (Path(f"/proc/{pid}/{name}").read_bytes() for name in ("cmdline", "environ"))
    except OSError:
        return False
    return b"run-driver" in words and b"NODE_OPTIONS=--max-semi-space-size=2 --max-old-space-size=512\0" in told


def gone_within(pids: set[int], seconds: float) -> bool:
    """Whether all of `pids` end in time."""
    deadline = time.monotonic() + seconds
    while alive(pids) and time.monotonic() < deadline:
        time.sleep(0.05)
    return not alive(pids)


async def test_sessions_share_one_browser_and_nothing_else(monkeypatch):
    """Two sessions of a loop get one browser and no common cookie; it ends with the last of them, and starts again when needed."""
    monkeypatch.delenv("NODE_OPTIONS", raising=False)
    before = family(os.getpid())
    with served({"/": "<p>feed</p>"}) as (url, _):
        driver = shared_driver(LOOPBACK)
        assert shared_driver(AllowList(["127.0.0.1:99"])) is driver
        assert shared_driver(AllowList(["a.com"])) is not driver
        await driver.acquire()
        await driver.acquire()
        one, other = await asyncio.gather(open_page(driver, LOOPBACK), open_page(driver, LOOPBACK))
        assert driver.launches == 1
        assert one.page.viewport_size == {"width": 390, "height": 844}
        for guarded in (one, other):
            await guarded.page.goto(url)
        await one.page.evaluate("document.cookie = 'me=1'")
        assert await other.page.evaluate("document.cookie") == ""
        await one.close()
        await driver.release()
        await other.page.evaluate("1")
        browsers = family(os.getpid()) - before
        assert any(heap_limited(pid) for pid in browsers)
        assert os.environ.get("NODE_OPTIONS") is None, "only the driver is told"
        await other.close()
        await driver.release()
        assert len(browsers) > 2
        assert gone_within(browsers, 5)
        await driver.acquire()
        again = await open_page(driver, LOOPBACK)
        await again.page.goto(url)
        await again.close()
        await driver.release()
        assert driver.launches == 2


async def test_a_profile_folder_keeps_a_login(tmp_path):
    """What a page stored in a profile folder is there the next time; without the folder it is not."""
    with served({"/": "<p>feed</p>"}) as (url, _):
        driver = BrowserDriver(LOOPBACK)
        await driver.acquire()
        first = await open_page(driver, LOOPBACK, tmp_path / "profile")
        await first.page.goto(url)
        await first.page.evaluate("localStorage.setItem('login', 'yes')")
        await first.close()
        kept = await open_page(driver, LOOPBACK, tmp_path / "profile")
        await kept.page.goto(url)
        assert await kept.page.evaluate("localStorage.getItem('login')") == "yes"
        await kept.close()
        apart = await open_page(driver, LOOPBACK)
        await apart.page.goto(url)
        assert await apart.page.evaluate("localStorage.getItem('login')") is None
        await apart.close()
        await driver.release()


async def test_a_page_can_do_nothing_but_show_its_feed():
    """Downloads, popups, dialogs, prompts, file choosers, file: and custom schemes are refused and counted; the page stays."""
    with served({"/": HOSTILE}) as (url, _):
        driver = BrowserDriver(LOOPBACK)
        await driver.acquire()
        guarded = await open_page(driver, LOOPBACK)
        page = guarded.page
        await page.goto(url)
        await page.click("#go")
        until = time.monotonic() + 10
        while guarded.refused.total() < 8 and time.monotonic() < until:
            await page.wait_for_timeout(50)
        await page.wait_for_timeout(300)  # and nothing is counted twice
        assert sorted(await page.evaluate("got.map(String)")) == ["denied", "false"]
        assert dict(guarded.refused) == {
            "popup": 1,
            "dialog": 2,
            "permission prompt": 1,
            "download": 1,
            "file chooser": 1,
            "scheme:snssdk1233": 1,
            "scheme:file": 1,
        }
        assert page.context.pages == [page]
        assert page.url == f"{url}/"
        assert not guarded.gone.is_set()
        await guarded.close()
        await driver.release()


async def test_time_on_a_page_ends_when_it_crashes():
    """Waiting on a page raises as soon as the page is gone, and another page of the same browser is not touched."""
    driver = BrowserDriver(LOOPBACK)
    await driver.acquire()
    one, other = await open_page(driver, LOOPBACK), await open_page(driver, LOOPBACK)
    waiting = asyncio.create_task(one.sleep(20))
    await asyncio.gather(one.page.goto("chrome://crash"), return_exceptions=True)
    begun = time.monotonic()
    with pytest.raises(PageLost):
        await waiting
    assert time.monotonic() - begun < 2
    await other.sleep(0.01)
    await one.close()
    await other.close()
    await driver.release()


async def test_a_browser_that_does_not_start_is_one_line(tmp_path, monkeypatch):
    """A program that is no browser gives one line that says so."""
    fake = tmp_path / "chromium"
    fake.write_text("#!/bin/sh\nexit 0\n")
    fake.chmod(0o755)
    monkeypatch.setenv(CHROMIUM_VARIABLE, str(fake))
    driver = BrowserDriver(LOOPBACK)
    await driver.acquire()
    with pytest.raises(EnvironmentFailed, match=r"^Chromium does not start: [^\n]*$"):
        await open_page(driver, LOOPBACK)
    await driver.release()


def test_no_browser_is_left_behind():
    """However the process that browses ends (kill -9, SIGTERM, an interrupt of its group, an exception), its browser ends with it."""
    ends = ("kill", "terminate", "interrupt", "raise")
    pipe = {"stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL, "start_new_session": True}
    sessions = {end: subprocess.Popen([sys.executable, "-c", SESSION, end], **pipe) for end in ends}  # all at once: starting takes longest
    try:
        children = {}
        for end, session in sessions.items():
            assert session.stdout is not None
            assert session.stdout.readline() == b"up\n"
            children[end] = family(session.pid)
            assert end == "raise" or len(children[end]) > 2
        sessions["kill"].kill()
        sessions["terminate"].terminate()
        os.killpg(sessions["interrupt"].pid, signal.SIGINT)
        for end, session in sessions.items():
            session.wait(20)
            assert gone_within(children[end], 10), end
    finally:
        for session in sessions.values():
            if session.poll() is None:
                session.kill()
