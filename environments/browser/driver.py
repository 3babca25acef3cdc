"""One Chromium for many sessions: started when first needed, started again after a crash, ended with its last user.

The browser is a grandchild: Playwright's driver holds it by a pipe, and this process holds the driver by another. When this
process is gone, however it went, the pipes close and both end themselves.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from environments.browser.chromium import CHROMIUM_VARIABLE, LAUNCH_ARGUMENTS, require_chromium
from environments.browser.network import AllowList
from personas.errors import EnvironmentFailed
from personas.one_line import one_line

if TYPE_CHECKING:
    from playwright.async_api import Browser, BrowserContext, Playwright

__all__ = ["VIEWPORT", "BrowserDriver", "shared_driver"]

VIEWPORT = (390, 844)
"""Width and height of the page in CSS pixels, at one device pixel each: a phone held upright."""

_ARGUMENTS = (
    *LAUNCH_ARGUMENTS,
    "--autoplay-policy=no-user-gesture-required",
    "--deny-permission-prompts",
    "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",  # the one way out that no host list closes
)
_NODE_OPTIONS = "NODE_OPTIONS"
_SMALL_HEAP = "--max-semi-space-size=2 --max-old-space-size=512"  # MiB; a driver keeps some 40, and left alone it heaps up 200 more
_CLOSING_S = 10.0

_drivers: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[tuple[bool, str], BrowserDriver]] = WeakKeyDictionary()


def shared_driver(allowed: AllowList, *, headed: bool = False) -> BrowserDriver:
    """The driver that all sessions of the running loop share who may reach the same hosts."""
    drivers = _drivers.setdefault(asyncio.get_running_loop(), {})
    key = (headed, allowed.resolver_rules)
    if key not in drivers:
        drivers[key] = BrowserDriver(allowed, headed=headed)
    return drivers[key]


class BrowserDriver:
    """Call `acquire` before the first `open_context` and `release` after the last: the browser lives as long as someone holds it."""

    def __init__(self, allowed: AllowList, *, headed: bool = False) -> None:
        self._headed = headed
        self._arguments = [*_ARGUMENTS, f"--host-resolver-rules={allowed.resolver_rules}", *_no_sandbox()]
        self._users = 0
        self._lock = asyncio.Lock()
        self._playwright: Playwright | None = None
        self._browser: Browser | None = None
        self.launches = 0

    @property
    def users(self) -> int:
        """How many hold the browser."""
        return self._users

    async def acquire(self) -> None:
        """Hold the browser; it is started when it is needed."""
        self._users += 1

    async def release(self) -> None:
        """Let go. The last one ends the browser and Playwright's driver."""
        self._users -= 1
        async with self._lock:
            if self._users <= 0:
                await self._stop()

    async def open_context(self, profile: Path | None = None) -> BrowserContext:
        """A context that shares no cookie with others. `profile` is a folder that keeps a login; it has a browser process to itself.

        Raises EnvironmentFailed when no browser starts, in one line that says why.
        """
        from playwright.async_api import Error  # noqa: PLC0415 - loads when a browser is wanted

        assert self._users > 0, "acquire() before open_context()"
        async with self._lock:
            try:
                return await self._context(profile)
            except Error:
                await self._stop()  # the driver itself may have gone: once more from the beginning
            try:
                return await self._context(profile)
            except Error as error:
                raise EnvironmentFailed(_why(error, self._headed)) from error

    async def _context(self, profile: Path | None) -> BrowserContext:
        if self._playwright is None:
            from playwright.async_api import async_playwright  # noqa: PLC0415

            with _small_heap():
                self._playwright = await async_playwright().start()
        options: dict[str, Any] = {
            "viewport": {"width": VIEWPORT[0], "height": VIEWPORT[1]},
            "device_scale_factor": 1,
            "accept_downloads": False,
            "service_workers": "block",
            "reduced_motion": "reduce",  # pictures of moments, not of a page that is still moving
        }
        if profile is not None:
            self.launches += 1
            return await self._playwright.chromium.launch_persistent_context(profile, **await self._launching(), **options)
        if self._browser is None or not self._browser.is_connected():
            self.launches += 1
            self._browser = await self._playwright.chromium.launch(**await self._launching())
        return await self._browser.new_context(**options)

    async def _launching(self) -> dict[str, Any]:
        """Signals stay ours: an interrupt ends the session first, and the session ends the browser."""
        executable = await asyncio.to_thread(_executable, os.environ.get(CHROMIUM_VARIABLE, ""))
        signals = {"handle_sigint": False, "handle_sigterm": False, "handle_sighup": False}
        return {"executable_path": executable, "headless": not self._headed, "args": self._arguments, **signals}

    async def _stop(self) -> None:
        from playwright.async_api import Error  # noqa: PLC0415

        browser, playwright = self._browser, self._playwright
        self._browser = self._playwright = None
        try:
            async with asyncio.timeout(_CLOSING_S):
                if browser is not None and browser.is_connected():
                    await browser.close()
        except (Error, TimeoutError):
            pass  # stopping the driver ends it all the same
        if playwright is not None:
            await _quietly_stopped(playwright)


@contextmanager
def _small_heap() -> Iterator[None]:
    """For the time in which a driver starts: it takes over our environment, and there is no other way to tell it. What the user set wins.

    Starts that overlap do not keep it from being taken out again.
    """
    if _SMALL_HEAP not in os.environ.get(_NODE_OPTIONS, ""):
        os.environ[_NODE_OPTIONS] = f"{_SMALL_HEAP} {os.environ.get(_NODE_OPTIONS, '')}".strip()
    try:
        yield
    finally:
        left = os.environ.pop(_NODE_OPTIONS, "").replace(_SMALL_HEAP, "").strip()
        if left:
            os.environ[_NODE_OPTIONS] = left


@cache
def _executable(_named: str) -> Path:
    """Looked for once a process, and again when the user names another: looking takes half a second."""
    return require_chromium()


async def _quietly_stopped(playwright: Playwright) -> None:
    from playwright.async_api import Error  # noqa: PLC0415

    try:
        async with asyncio.timeout(_CLOSING_S):
            await playwright.stop()
    except (Error, TimeoutError, ConnectionError):
        return  # it went before us


def _no_sandbox() -> Sequence[str]:
    return () if os.geteuid() else ("--no-sandbox",)  # Chromium refuses to start as root with its sandbox


def _why(error: Exception, headed: bool) -> str:
    said = next((line for line in str(error).splitlines() if line.strip()), "no reason given")
    hint = f"; a window needs a screen, and DISPLAY is {one_line(os.environ.get('DISPLAY', ''))!r}" if headed else ""
    return f"Chromium does not start: {one_line(said, 200)}{hint}"
