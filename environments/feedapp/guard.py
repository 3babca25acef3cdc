"""Keeps strangers out: only this machine's names as Host, events only from our own page, and a page that can load nothing foreign."""

from __future__ import annotations

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["Guard"]

_NAMES = frozenset({"127.0.0.1", "localhost", "[::1]"})
_SAFE = frozenset({"GET", "HEAD"})

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src {images}; media-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",  # the address holds the viewer's token
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
}


class Guard:
    """ASGI middleware around the app. `images`: where pictures may come from, in the words of a content security policy."""

    def __init__(self, app: ASGIApp, images: str = "'self'") -> None:
        self._app = app
        self._headers = {"Content-Security-Policy": _POLICY.format(images=images), **_HEADERS}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers what is not for us; passes on the rest, with headers added."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        host = headers.get("host", "")

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                added = MutableHeaders(scope=message)
                added.update(self._headers)
                added.setdefault("Cache-Control", "no-store")
            await send(message)

        refusal = _refusal(scope["method"], host, headers)
        answer = PlainTextResponse(refusal, status_code=403) if refusal else self._app
        await answer(scope, receive, send_guarded)


def _refusal(method: str, host: str, headers: Headers) -> str | None:
    """Why a request is refused. A foreign name in Host is how a web page elsewhere would reach this server (DNS rebinding)."""
    name = host if host.endswith("]") else host.rpartition(":")[0] or host
    if name.lower() not in _NAMES:
        return "this server answers to localhost only\n"
    if headers.get("origin", None if method in _SAFE else "") not in {None, f"http://{host}"}:
        return "this server answers to its own page only\n"
    if headers.get("sec-fetch-site", "none") not in {"same-origin", "none"} and headers.get("sec-fetch-mode") != "navigate":
        return "this is for the page of this server only\n"
    return None
