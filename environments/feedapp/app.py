"""The web application: a page per viewer, its clips, and one endpoint for events. It knows viewings, and no trace.

GET  /v/TOKEN              the page
GET  /v/TOKEN/state        where the viewer stands
GET  /v/TOKEN/next         the current clip; the same one until it was left
GET  /v/TOKEN/media/NAME   a clip's file, with ranges
POST /v/TOKEN/events       a JSON list of events; posting it again changes nothing
GET  /assets/NAME          scripts and styles
"""

from __future__ import annotations

import hmac
import logging
import re
import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from importlib.resources import files
from pathlib import Path

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from environments.cache import default_cache_dir
from environments.feedapp.events import posted_events
from environments.feedapp.guard import Guard
from environments.feedapp.seat import Seat
from environments.feedapp.shelf import NotPlayable, Shelf
from environments.feedapp.viewing import Viewing
from personas.errors import AxiofeedError

__all__ = ["create_app", "new_token"]

_TOKEN = re.compile(r"[A-Za-z0-9_-]{32,200}")
_MAX_BODY = 64 * 1024  # bytes; also what a browser sends while its page is closing
_TYPES = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}


def new_token() -> str:
    """A token that nobody can guess: 192 random bits in 32 characters that stand in an address as they are."""
    return secrets.token_urlsafe(24)


def create_app(viewings: Mapping[str, Viewing], *, cache_dir: Path | None = None) -> Starlette:
    """The app for `viewings` by token (32 or more of A–Z a–z 0–9 _ -), looked up at each request: viewers may be added while it runs.

    `cache_dir` keeps converted clips (default: the product's cache). Raises ValueError for a token that could be guessed.
    """
    for token in viewings:
        if not _TOKEN.fullmatch(token):
            raise ValueError("a viewer's token needs 32 or more letters, digits, dashes and underscores; new_token() makes one")
    routes = _Routes(viewings, Shelf(cache_dir or default_cache_dir()))
    return Starlette(
        routes=[
            Route("/v/{token}", routes.page),
            Route("/v/{token}/state", routes.state),
            Route("/v/{token}/next", routes.next),
            Route("/v/{token}/media/{name}", routes.media),
            Route("/v/{token}/events", routes.events, methods=["POST"]),
            Route("/assets/{name}", routes.asset),
        ],
        middleware=[Middleware(Guard)],
        exception_handlers={AxiofeedError: _stopped},
        lifespan=routes.lifespan,
    )


async def _stopped(request: Request, error: Exception) -> Response:
    """The feed broke: the viewer gets a plain notice, the one who runs it the reason."""
    logging.getLogger(__name__).error("the feed stopped: %s", error)
    return JSONResponse({"error": "stopped"}, status_code=500)


class _Routes:
    def __init__(self, viewings: Mapping[str, Viewing], shelf: Shelf) -> None:
        self._viewings = viewings
        self._shelf = shelf
        self._seats: dict[str, Seat] = {}
        folder = files("environments.feedapp").joinpath("assets")
        self._assets = {entry.name: entry.read_bytes() for entry in folder.iterdir() if entry.is_file()}

    @asynccontextmanager
    async def lifespan(self, app: Starlette) -> AsyncIterator[None]:
        """Stops conversions when the server stops."""
        yield
        self._shelf.close()

    async def page(self, request: Request) -> Response:
        self._seat(request)
        return Response(self._assets["page.html"], media_type="text/html")

    async def asset(self, request: Request) -> Response:
        name = request.path_params["name"]
        media_type = _TYPES.get(Path(name).suffix)
        if name not in self._assets or media_type is None:
            raise HTTPException(404)
        return Response(self._assets[name], media_type=media_type)

    async def state(self, request: Request) -> Response:
        return JSONResponse(self._seat(request).state())

    async def next(self, request: Request) -> Response:
        return JSONResponse(await self._seat(request).next(h264=request.query_params.get("h264") == "1"))

    async def media(self, request: Request) -> Response:
        try:
            found = await self._seat(request).media(request.path_params["name"])
        except NotPlayable:
            found = None
        if found is None or not found.path.is_file():
            raise HTTPException(404)
        return FileResponse(found.path, media_type=found.media_type)

    async def events(self, request: Request) -> Response:
        seat = self._seat(request)
        try:
            posted = posted_events(await _body(request))
        except ValueError as error:
            raise HTTPException(422, "not a list of events") from error
        verdicts = [await seat.take(event) for event in posted]
        return JSONResponse({verdict: verdicts.count(verdict) for verdict in ("new", "seen", "stale", "refused")})

    def _seat(self, request: Request) -> Seat:
        """The seat of the token in the address. Compares with every token in constant time; 404 for an unknown one."""
        given = request.path_params["token"].encode()
        found: str | None = None
        for token in self._viewings:
            if hmac.compare_digest(token.encode(), given):
                found = token
        if found is None:
            raise HTTPException(404)
        seat = self._seats.get(found)
        if seat is None or seat.viewing is not self._viewings[found]:
            seat = self._seats[found] = Seat(self._viewings[found], self._shelf)
        return seat


async def _body(request: Request) -> bytes:
    """The request's body, at most _MAX_BODY bytes: 413 beyond."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > _MAX_BODY:
            raise HTTPException(413)
    return bytes(body)
