"""The read-only web application: the page, and what it shows as JSON.

GET  /                          the page
GET  /assets/NAME               its scripts and styles
GET  /api/experiment            the table of sessions
GET  /api/session/NAME          a session; /steps?from=N what came since; /step/N one step whole
GET  /api/compare?sessions=A,B  sessions side by side
GET  /frames/SHA256.jpg         a picture
"""

from __future__ import annotations

from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from urllib.parse import unquote

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from agent.viewer.library import Library
from agent.viewer.shelf import NotHere, Shelf
from environments.feedapp.guard import Guard
from personas.errors import UserError

__all__ = ["create_app", "page_assets"]

_TYPES = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}
_IMMUTABLE = "private, max-age=31536000, immutable"


def page_assets() -> dict[str, bytes]:
    """The files of the page by name."""
    return {entry.name: entry.read_bytes() for entry in files("agent.viewer").joinpath("assets").iterdir() if entry.is_file()}


def create_app(library: Library) -> Starlette:
    """The app over the sessions of `library`. It writes nothing and reads nothing outside of it."""
    routes = _Routes(Shelf(library))
    return Starlette(
        routes=[
            Route("/", routes.page),
            Route("/assets/{name}", routes.asset),
            Route("/api/experiment", routes.experiment),
            Route("/api/compare", routes.compare),
            Route("/api/session/{name}/steps", routes.steps),
            Route("/api/session/{name}/step/{number:int}", routes.step),
            Route("/api/session/{name}", routes.session),
            Route("/frames/{name}", routes.frame),
        ],
        middleware=[Middleware(Guard, images="'self' data:")],
        exception_handlers={NotHere: _not_here, UserError: _refused, HTTPException: _http_error},
    )


async def _not_here(request: Request, error: Exception) -> Response:
    return JSONResponse({"error": str(error)}, status_code=404)


async def _refused(request: Request, error: Exception) -> Response:
    return JSONResponse({"error": str(error)}, status_code=400)


async def _http_error(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    return JSONResponse({"error": "there is no such page" if status == 404 else "this server is read only"}, status_code=status)


class _Routes:
    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf
        self._assets = page_assets()

    async def page(self, request: Request) -> Response:
        if "index.html" not in self._assets:
            raise HTTPException(404)
        return Response(self._assets["index.html"], media_type="text/html")

    async def asset(self, request: Request) -> Response:
        name = request.path_params["name"]
        media_type = _TYPES.get(Path(name).suffix)
        if name not in self._assets or media_type is None:
            raise HTTPException(404)
        return Response(self._assets[name], media_type=media_type)

    async def experiment(self, request: Request) -> Response:
        return await _json(self._shelf.experiment)

    async def session(self, request: Request) -> Response:
        return await _json(lambda: self._shelf.session(request.path_params["name"]))

    async def steps(self, request: Request) -> Response:
        first = request.query_params.get("from", "0")
        if not (first.isascii() and first.isdecimal() and len(first) < 10):
            raise UserError("from takes the number of a step")
        return await _json(lambda: self._shelf.steps(request.path_params["name"], int(first)))

    async def step(self, request: Request) -> Response:
        return await _json(lambda: self._shelf.step(request.path_params["name"], request.path_params["number"]))

    async def compare(self, request: Request) -> Response:
        return await _json(lambda: self._shelf.compare(_names(request.url.query)))

    async def frame(self, request: Request) -> Response:
        data = await run_in_threadpool(self._shelf.frame, request.path_params["name"].removesuffix(".jpg"))
        return Response(data, media_type="image/jpeg", headers={"Cache-Control": _IMMUTABLE})


async def _json(make: Callable[[], bytes]) -> Response:
    return Response(await run_in_threadpool(make), media_type="application/json")


def _names(query: str) -> list[str]:
    """The names in `sessions=A,B`, each percent-encoded, so that a comma within a name does not part it."""
    given = [value for key, _, value in (pair.partition("=") for pair in query.split("&")) if key == "sessions"]
    return [unquote(name) for value in given for name in value.split(",") if name]
