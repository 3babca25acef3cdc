"""Which hosts a page may talk to: the site's own. Everything else is refused and counted, WebSockets and redirects included.

Two layers: requests that a page makes are matched in the browser's driver; what that does not see (redirects, workers, name look-ups) finds
no host, because the browser resolves no other name (`AllowList.resolver_rules`).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from personas.errors import EnvironmentFailed

if TYPE_CHECKING:
    from playwright.async_api import BrowserContext, Request, Route, WebSocketRoute

__all__ = ["AllowList", "Gate"]

_ORIGIN = re.compile(r"(?:\*\.)?[a-z0-9_-]+(?:\.[a-z0-9_-]+)*(?::\d{1,5})?")
_NETWORK_SCHEMES = frozenset({"http", "https", "ws", "wss"})


class AllowList:
    """Host patterns: "host", "host:port", or "*.host", which is the host itself and everything below it. No port: any port.

    Raises EnvironmentFailed for a pattern that is none.
    """

    def __init__(self, origins: Sequence[str]) -> None:
        for origin in origins:
            if not _ORIGIN.fullmatch(origin):
                raise EnvironmentFailed(f"the site's origin {origin!r} is not a host pattern such as '*.example.com'")
        self.origins = tuple(origins)

    @cached_property
    def outside(self) -> re.Pattern[str]:
        """Matches every network address that is not of the list; understood alike by Python and JavaScript."""
        hosts = "|".join(_host_pattern(origin) for origin in self.origins) or "(?!)"
        return re.compile(rf"^(?:https?|wss?)://(?!(?:{hosts})(?:[/?#]|$))", re.IGNORECASE)

    def allows(self, url: str) -> bool:
        """Whether a request to `url` may leave. Addresses that need no network (data:, blob:, about:) may always."""
        return not self.outside.match(url)

    @property
    def resolver_rules(self) -> str:
        """The same list for Chromium's `--host-resolver-rules`; it knows hosts, and no ports."""
        hosts = dict.fromkeys(name for origin in self.origins for name in _names(origin.rpartition(":")[0] or origin))
        return ", ".join(["MAP * ~NOTFOUND", *(f"EXCLUDE {host}" for host in hosts)])


def _host_pattern(origin: str) -> str:
    host, _, port = origin.partition(":")
    below = r"(?:[^/?#:@]+\.)?" if host.startswith("*.") else ""
    return below + re.escape(host.removeprefix("*.")) + (f":{port}" if port else r"(?::\d+)?")


def _names(host: str) -> tuple[str, ...]:
    return (host, host.removeprefix("*.")) if host.startswith("*.") else (host,)


class Gate:
    """Keeps one browser context within an allow-list. `blocked` counts refused requests by host, `schemes` refused custom schemes."""

    def __init__(self, allowed: AllowList) -> None:
        self.allowed = allowed
        self.blocked: Counter[str] = Counter()
        self.schemes: Counter[str] = Counter()

    async def attach(self, context: BrowserContext) -> None:
        """Start refusing. Requests within the list do not pass through this process: they cost nothing."""
        await context.route(self.allowed.outside, _abort)
        await context.route_web_socket(self.allowed.outside, self._refuse_socket)
        context.on("requestfailed", self._count)

    def _count(self, request: Request) -> None:
        """Every refused request ends here once: aborted by the route, or without a host to go to."""
        parts = _split(request.url)
        if parts is None:
            return
        scheme, host = parts
        if scheme not in _NETWORK_SCHEMES:
            if scheme not in {"data", "blob", "about"}:
                self.schemes[scheme] += 1
        elif not self.allowed.allows(request.url):
            self.blocked[host] += 1
        elif request.failure and "NAME_NOT_RESOLVED" in request.failure:
            self.blocked[f"redirected by {host}"] += 1  # the browser does not always say where to

    async def _refuse_socket(self, socket: WebSocketRoute) -> None:
        parts = _split(socket.url)
        self.blocked[parts[1] if parts else ""] += 1
        await socket.close(code=1008, reason="not of this site")


async def _abort(route: Route) -> None:
    from playwright.async_api import Error  # noqa: PLC0415 - loads with the browser

    try:
        await route.abort("blockedbyclient")
    except Error:
        return  # the page is gone, and its request with it


def _split(url: str) -> tuple[str, str] | None:
    """Scheme and host of an address, None when it is none: addresses come from pages."""
    try:
        parts = urlsplit(url)
        return parts.scheme, parts.hostname or ""
    except ValueError:
        return None
