"""A Chat Completions server that answers each call 100 ms after it has arrived, as cheaply as Python can: what is measured is the caller.

It reads no request: whatever is posted gets the same valid answer of the protocol `feed`.
"""

from __future__ import annotations

import asyncio
import json
import multiprocessing
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection

__all__ = ["ANSWER", "ANSWER_AFTER_S", "slow_server"]

ANSWER_AFTER_S = 0.1
ANSWER = {"action": "watch", "watch_fraction": 0.4, "rating": 3, "reason": "It holds my attention for a moment."}


def _response() -> bytes:
    message = {"role": "assistant", "content": json.dumps(ANSWER), "refusal": None}
    body = json.dumps(
        {
            "id": "benchmark",
            "object": "chat.completion",
            "created": 1,
            "model": "benchmark",
            "choices": [{"index": 0, "message": message, "finish_reason": "stop", "logprobs": None}],
            "usage": {"prompt_tokens": 500, "completion_tokens": 40, "total_tokens": 540},
        }
    ).encode()
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


class _Connection(asyncio.Protocol):
    """One connection: counts bytes until a request is whole, then answers. Requests follow each other and are never pipelined."""

    response = _response()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._head = b""
        self._missing = 0

    def data_received(self, data: bytes) -> None:
        if self._missing == 0:
            self._head += data
            end = self._head.find(b"\r\n\r\n")
            if end < 0:
                return
            lines = self._head[:end].lower().split(b"\r\n")
            length = next((int(line[15:]) for line in lines if line.startswith(b"content-length:")), 0)
            self._missing = length - (len(self._head) - end - 4)
            self._head = b""
        else:
            self._missing -= len(data)
        if self._missing == 0:
            asyncio.get_running_loop().call_later(ANSWER_AFTER_S, self._answer)

    def _answer(self) -> None:
        assert isinstance(self._transport, asyncio.WriteTransport)
        if not self._transport.is_closing():
            self._transport.write(self.response)


def _serve(told: Connection) -> None:
    async def run() -> None:
        server = await asyncio.get_running_loop().create_server(_Connection, "127.0.0.1", 0, backlog=1024)
        told.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(run())


@contextmanager
def slow_server() -> Iterator[str]:
    """The base URL of a server in a process of its own, which ends with the block."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe(duplex=False)
    process = context.Process(target=_serve, args=(there,), daemon=True)
    process.start()
    try:
        if not here.poll(30):
            raise RuntimeError("the server did not start")
        yield f"http://127.0.0.1:{here.recv()}/v1"
    finally:
        process.terminate()
        process.join()
