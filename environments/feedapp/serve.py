"""Runs an app on loopback in the event loop that is there, for as long as a block lasts."""

from __future__ import annotations

import asyncio
import errno
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import uvicorn
from starlette.types import ASGIApp

from personas.errors import UserError

__all__ = ["LOOPBACK", "serve"]

LOOPBACK = "127.0.0.1"
_PATIENCE_S = 1  # for answers under way when the block ends


class _Server(uvicorn.Server):
    """Leaves the signals of the process to whoever runs it."""

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        await self._serve(sockets)


@asynccontextmanager
async def serve(app: ASGIApp, port: int = 0) -> AsyncIterator[str]:
    """Serves `app` on 127.0.0.1 and gives its address, "http://127.0.0.1:PORT"; port 0 takes a free one. Stops when the block ends.

    Raises UserError when the port cannot be used.
    """
    listener = _listen(port)
    config = uvicorn.Config(app, log_config=None, log_level="critical", access_log=False, timeout_graceful_shutdown=_PATIENCE_S, ws="none")
    server = _Server(config)
    running = asyncio.create_task(server.serve([listener]))
    try:
        while not server.started:
            if running.done():
                running.result()
                raise RuntimeError("the server ended before it had begun")
            await asyncio.sleep(0.005)
        yield f"http://{LOOPBACK}:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        await asyncio.gather(running, return_exceptions=True)
        listener.close()


def _listen(port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((LOOPBACK, port))
        listener.listen(128)
    except (OSError, OverflowError) as error:
        listener.close()
        if isinstance(error, OSError) and error.errno == errno.EADDRINUSE:
            raise UserError(f"port {port} on {LOOPBACK} is in use; choose another with --port, or leave it out for a free one") from error
        what = error.strerror if isinstance(error, OSError) else "it must be between 0 and 65535"
        raise UserError(f"port {port} on {LOOPBACK} cannot be used: {what}; choose another with --port") from error
    return listener
