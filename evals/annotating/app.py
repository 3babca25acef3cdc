"""The web application: a page a rater, behind an address that nobody can guess.

GET  /a/TOKEN                     the page
GET  /a/TOKEN/state               the form, the keys of the cards in the rater's order, which are answered
GET  /a/TOKEN/card/KEY            a card, with the answers given so far
GET  /a/TOKEN/picture/KEY/NUMBER  one of its pictures
POST /a/TOKEN/answer              {"key", "values", "seconds"}: "stored" when it is on the disk
POST /a/TOKEN/consent             the rater agrees to take part
GET  /assets/NAME                 scripts and styles
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StrictInt, StrictStr, ValidationError
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from environments.feedapp.guard import Guard
from evals.annotating.desk import Desk
from personas.errors import AxiofeedError, StorageFailed

__all__ = ["create_app"]

_MAX_BODY = 256 * 1024  # bytes; more than a hundred fields of text at their longest are not meant
_MOST_SECONDS = 1e7
_TYPES = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}
_SHARED = {"base.css": "agent.viewer", "dom.js": "agent.viewer", "icon.svg": "environments.feedapp"}
"""Of the other pages: colours and controls, elements whose text is always text, the sign."""

Tell = Callable[[str], None]


class _Posted(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    key: StrictStr
    values: dict[str, StrictInt | StrictStr | None]
    seconds: Annotated[float, Field(ge=0, le=_MOST_SECONDS, allow_inf_nan=False)]


def create_app(desks: Mapping[str, Desk], tell: Tell) -> Starlette:
    """The app for `desks` by token. `tell` gets a line for whoever serves: progress, and what went wrong."""
    routes = _Routes(desks, tell)
    return Starlette(
        routes=[
            Route("/a/{token}", routes.page),
            Route("/a/{token}/state", routes.state),
            Route("/a/{token}/card/{key}", routes.card),
            Route("/a/{token}/picture/{key}/{number:int}", routes.picture),
            Route("/a/{token}/answer", routes.answer, methods=["POST"]),
            Route("/a/{token}/consent", routes.consent, methods=["POST"]),
            Route("/assets/{name}", routes.asset),
        ],
        middleware=[Middleware(Guard)],
        exception_handlers={AxiofeedError: routes.failed},
    )


class _Routes:
    def __init__(self, desks: Mapping[str, Desk], tell: Tell) -> None:
        self._desks = desks
        self._tell = tell
        self._assets = _assets()

    async def failed(self, request: Request, error: Exception) -> Response:
        """The rater gets a plain notice, the one who serves the reason."""
        self._tell(str(error))
        stored = isinstance(error, StorageFailed)
        return JSONResponse({"error": "not stored" if stored else "not shown"}, status_code=507 if stored else 500)

    async def page(self, request: Request) -> Response:
        self._desk(request)
        return Response(self._assets["page.html"], media_type="text/html")

    async def asset(self, request: Request) -> Response:
        name = request.path_params["name"]
        media_type = _TYPES.get(Path(name).suffix)
        if name not in self._assets or media_type is None:
            raise HTTPException(404)
        return Response(self._assets[name], media_type=media_type)

    async def state(self, request: Request) -> Response:
        return JSONResponse(self._desk(request).state())

    async def card(self, request: Request) -> Response:
        desk, key = self._at_card(request, request.path_params["key"])
        return JSONResponse(await desk.card(key))

    async def picture(self, request: Request) -> Response:
        desk, key = self._at_card(request, request.path_params["key"])
        found = await desk.picture(key, request.path_params["number"])
        if found is None:
            raise HTTPException(404)
        return Response(found, media_type="image/jpeg")

    async def answer(self, request: Request) -> Response:
        desk = self._desk(request)
        try:
            posted = _Posted.model_validate_json(await _body(request))
        except ValidationError as error:
            raise HTTPException(422, "these are no answers") from error
        self._at_card(request, posted.key)
        if desk.form.faults(posted.values):
            raise HTTPException(422, "these are no answers to this form")
        await desk.take(posted.key, posted.values, posted.seconds)
        done = desk.done
        self._tell(f"{desk.rater}: {done:,} of {desk.total:,}")
        return JSONResponse({"stored": True, "done": done})

    async def consent(self, request: Request) -> Response:
        await self._desk(request).agree()
        return JSONResponse({"stored": True})

    def _desk(self, request: Request) -> Desk:
        """The desk of the token in the address. Compares with every token in constant time; 404 for an unknown one."""
        given = request.path_params["token"].encode(errors="replace")
        found = None
        for token, desk in self._desks.items():
            if hmac.compare_digest(token.encode(), given):
                found = desk
        if found is None:
            raise HTTPException(404)
        return found

    def _at_card(self, request: Request, key: str) -> tuple[Desk, str]:
        """404 for a key that no card has, 403 before the rater has agreed."""
        desk = self._desk(request)
        if not desk.knows(key):
            raise HTTPException(404)
        if not desk.agreed:
            raise HTTPException(403)
        return desk, key


def _assets() -> dict[str, bytes]:
    own = files("evals.annotating").joinpath("assets")
    shared = {name: files(package).joinpath("assets", name).read_bytes() for name, package in _SHARED.items()}
    return shared | {entry.name: entry.read_bytes() for entry in own.iterdir() if entry.is_file()}


async def _body(request: Request) -> bytes:
    """The request's body, at most _MAX_BODY bytes: 413 beyond."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > _MAX_BODY:
            raise HTTPException(413)
    return bytes(body)
