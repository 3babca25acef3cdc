"""One page in a context of its own that may only show its feed: what else it tries is refused and counted."""

from __future__ import annotations

import asyncio
import secrets
from collections import Counter
from collections.abc import Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Any

from environments.browser.driver import BrowserDriver
from environments.browser.network import AllowList, Gate

if TYPE_CHECKING:
    from playwright.async_api import BrowserContext, ConsoleMessage, Dialog, Page

__all__ = ["GuardedPage", "PageLost", "open_page"]

_CLOSING_S = 5.0
_NEWS_S = 3.0

# Prompts are denied by the browser without a word; this only tells that there was one.
_TELL_OF_PROMPTS = """(token => {
  const tell = console.debug.bind(console, token);
  const watch = (owner, ...names) => names.forEach(name => {
    const real = owner && owner[name];
    if (typeof real === 'function') owner[name] = function (...given) { tell(); return real.apply(this, given); };
  });
  watch(window.Geolocation && Geolocation.prototype, 'getCurrentPosition', 'watchPosition');
  watch(window.MediaDevices && MediaDevices.prototype, 'getUserMedia', 'getDisplayMedia');
  watch(window.Notification, 'requestPermission');
  watch(window.Clipboard && Clipboard.prototype, 'read', 'readText');
})"""


class PageLost(Exception):
    """The page, or its browser, is gone or does not answer; another one has to be opened. Stays inside this package."""


class GuardedPage:
    """`refused` counts downloads, popups, dialogs, file choosers, permission prompts, `file:` and custom schemes; `gate.blocked` counts
    requests by host. `gone` is set when the page or its browser crashed, or was closed. `fresh` is for whoever
    looks at the page first.
    """

    def __init__(self, context: BrowserContext, page: Page, gate: Gate) -> None:
        self.page, self.gate = page, gate
        self.gone = asyncio.Event()
        self.fresh = True
        self._context = context
        self._refused: Counter[str] = Counter()
        self._token = secrets.token_hex(8)
        self._closing: set[asyncio.Task[None]] = set()

    @property
    def refused(self) -> Counter[str]:
        """How often what was refused, by name. Custom schemes as "scheme:NAME"."""
        return self._refused + Counter({f"scheme:{name}": times for name, times in self.gate.schemes.items()})

    async def guard(self) -> None:
        """Begin to refuse. Called once, before the page goes anywhere."""
        await self.gate.attach(self._context)
        await self._context.add_init_script(f"{_TELL_OF_PROMPTS}('{self._token}')")
        self._context.on("page", self._refuse_popup)
        self._context.on("dialog", self._refuse_dialog)
        self._context.on("console", self._hear)
        self._context.on("close", self._lose)
        self.page.on("download", lambda _: self._count("download"))
        self.page.on("filechooser", lambda _: self._count("file chooser"))
        self.page.on("crash", self._lose)
        self.page.on("close", self._lose)

    async def sleep(self, seconds: float) -> None:
        """Let time pass on this page. Raises PageLost as soon as it is gone."""
        try:
            await asyncio.wait_for(self.gone.wait(), max(seconds, 0.0))
        except TimeoutError:
            return
        raise PageLost("the page crashed")

    async def is_gone(self) -> bool:
        """Whether a call failed because the page is gone: word of a crash comes apart from the failed call, and may come after it."""
        from playwright.async_api import Error  # noqa: PLC0415 - loaded with the browser

        try:
            async with asyncio.timeout(_NEWS_S):
                await self.page.evaluate("1")
        except (Error, TimeoutError):
            return True
        return self.gone.is_set()

    async def tidy(self) -> None:
        """Collect the page's garbage: with little script running Chromium puts it off, and clips that were left stay in memory."""
        session = await self._context.new_cdp_session(self.page)
        try:
            await session.send("HeapProfiler.collectGarbage")
            await session.send("Memory.simulatePressureNotification", {"level": "critical"})
        finally:
            await session.detach()

    async def close(self) -> None:
        """End the context, whatever state it is in."""
        from playwright.async_api import Error  # noqa: PLC0415 - loaded with the browser

        self.gone.set()
        try:
            async with asyncio.timeout(_CLOSING_S):
                await self._context.close()
        except (Error, TimeoutError, ConnectionError):
            return  # it went before us, or goes with its browser

    def _count(self, what: str) -> None:
        self._refused[what] += 1

    def _lose(self, _: object) -> None:
        self.gone.set()

    def _refuse_popup(self, popup: Page) -> None:
        self._count("popup")
        self._later(_closed(popup))

    def _refuse_dialog(self, dialog: Dialog) -> None:
        self._count("dialog")
        self._later(_dismissed(dialog))

    def _hear(self, message: ConsoleMessage) -> None:
        if message.text.startswith(self._token):
            self._count("permission prompt")
        elif message.type == "error" and message.text.startswith("Not allowed to load local resource"):
            self._count("scheme:file")

    def _later(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)


async def open_page(driver: BrowserDriver, allowed: AllowList, profile: Path | None = None) -> GuardedPage:
    """A guarded page in a new context of the driver's browser. Raises EnvironmentFailed when no browser starts."""
    context = await driver.open_context(profile)
    page = context.pages[0] if context.pages else await context.new_page()
    guarded = GuardedPage(context, page, Gate(allowed))
    await guarded.guard()
    return guarded


async def _closed(popup: Page) -> None:
    from playwright.async_api import Error  # noqa: PLC0415

    try:
        await popup.close()
    except Error:
        return


async def _dismissed(dialog: Dialog) -> None:
    """Leaving a page is let happen: a page that asks to be stayed on would keep the session from ending."""
    from playwright.async_api import Error  # noqa: PLC0415

    try:
        await (dialog.accept() if dialog.type == "beforeunload" else dialog.dismiss())
    except Error:
        return
