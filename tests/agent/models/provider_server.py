"""A real HTTP server on the loopback that speaks OpenAI Responses, Anthropic Messages and Chat Completions, and misbehaves on demand.

    with ProviderServer([throttled(), ok({"action": "like"})]) as server:
        ... server.url("chat") ... server.requests

    python -m tests.agent.models.provider_server --port 8000 --behaviour ok --log requests.jsonl

A behaviour is given once (for every request), as a list (one a request, the last one from then on), or as a function of the request.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import socket
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

Dialect = Literal["responses", "messages", "chat"]
PATHS: dict[str, Dialect] = {"/v1/responses": "responses", "/v1/messages": "messages", "/v1/chat/completions": "chat"}
SERVED_VERSION = "served-model-2026-11-01"


@dataclass(frozen=True)
class Tokens:
    """What the server says it counted, before each dialect words it in its own way. `input` is fresh tokens only."""

    input: int = 700
    cached: int = 200
    cache_written: int = 100
    output: int = 50
    reasoning: int = 20


@dataclass(frozen=True)
class Behaviour:
    """What to do with one request. `text` None means: an answer that fits the schema that was sent. `usage` stands in for `tokens`."""

    kind: Literal["answer", "refusal", "truncated", "status", "drop", "garbage"] = "answer"
    text: str | None = None
    status: int = 200
    code: str = ""
    message: str = "as the test asked"
    headers: tuple[tuple[str, str], ...] = ()
    delay_s: float = 0.0
    tokens: Tokens | None = Tokens()
    usage: tuple[Any] | None = None
    tier: str | None = None
    logprobs: tuple[dict[str, Any], ...] = ()


def ok(answer: dict[str, Any] | str | None = None, **more: Any) -> Behaviour:
    """An answer: a JSON object, any text, or (None) whatever fits the schema."""
    return Behaviour(text=json.dumps(answer) if isinstance(answer, dict) else answer, **more)


def malformed() -> Behaviour:
    """An answer whose text is broken JSON."""
    return Behaviour(text='{"action": "like", "watch_fr')


def truncated(text: str = '{"action": "li') -> Behaviour:
    """An answer that met the token limit."""
    return Behaviour("truncated", text)


def refusal(text: str = "I cannot help with that.") -> Behaviour:
    """A refusal, in the dialect's own way."""
    return Behaviour("refusal", text)


def failing(status: int, message: str = "as the test asked", code: str = "") -> Behaviour:
    """An HTTP error."""
    return Behaviour("status", status=status, message=message, code=code)


def throttled(retry_after: str | None = "0.05") -> Behaviour:
    """429, with Retry-After unless None."""
    return replace(failing(429), headers=(("retry-after", retry_after),) if retry_after is not None else ())


def dropped() -> Behaviour:
    """The connection ends in the middle of the body."""
    return Behaviour("drop")


def garbage() -> Behaviour:
    """200 with a body that is no answer of any API."""
    return Behaviour("garbage")


def slow(seconds: float, then: Behaviour | None = None) -> Behaviour:
    """Wait before doing `then`."""
    return replace(then or ok(), delay_s=seconds)


@dataclass(frozen=True)
class Recorded:
    """One request as it came. `at` is seconds of the monotonic clock."""

    path: str
    headers: dict[str, str]
    body: dict[str, Any]
    at: float = field(compare=False)

    @property
    def dialect(self) -> Dialect:
        """Which API was spoken."""
        return PATHS[self.path]


Behaviours = Behaviour | Sequence[Behaviour] | Callable[[Recorded], Behaviour]


class ProviderServer:
    """The server, running while the `with` block is. `requests` holds every model call in order; `behave` may change at any time."""

    def __init__(self, behaviour: Behaviours | None = None, port: int = 0, log: Path | None = None) -> None:
        self.requests: list[Recorded] = []
        self.in_flight = 0
        self.most_in_flight = 0
        self._queue: list[Behaviour] = []
        self._choose: Callable[[Recorded], Behaviour] = lambda _: ok()
        self.behave(behaviour if behaviour is not None else ok())
        self._log = log
        # With the protocol named, asyncio switches Nagle's algorithm off; without, every answer takes 40 ms.
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._socket.bind(("127.0.0.1", port))
        self.port = int(self._socket.getsockname()[1])
        routes = [Route(path, self._call, methods=["POST"]) for path in PATHS]
        routes += [Route("/health", lambda _: Response()), Route("/v1/models", self._models)]
        app = Starlette(routes=routes)
        config = uvicorn.Config(app, log_config=None, log_level="critical", lifespan="off", timeout_graceful_shutdown=1)
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [self._socket]}, daemon=True)

    def behave(self, behaviour: Behaviours) -> None:
        """What to do from now on."""
        if callable(behaviour):
            self._choose = behaviour
            return
        self._queue = [behaviour] if isinstance(behaviour, Behaviour) else list(behaviour)
        self._choose = lambda _: self._queue.pop(0) if len(self._queue) > 1 else self._queue[0]

    def url(self, dialect: Dialect | str = "chat") -> str:
        """The base URL to give to a model of that dialect."""
        root = f"http://127.0.0.1:{self.port}"
        return root if dialect in ("messages", "anthropic") else f"{root}/v1"

    def __enter__(self) -> ProviderServer:
        self._thread.start()
        while not self._server.started:
            if not self._thread.is_alive():
                raise RuntimeError("the provider server did not start")
            time.sleep(0.005)
        return self

    def __exit__(self, *_: object) -> None:
        self._server.should_exit = True
        self._thread.join(10)
        self._socket.close()

    def serve(self) -> None:
        """Run in this thread until interrupted."""
        self._server.run(sockets=[self._socket])

    async def _models(self, _: Request) -> Response:
        return JSONResponse({"object": "list", "data": [{"id": SERVED_VERSION, "object": "model"}]})

    async def _call(self, request: Request) -> Response:
        recorded = Recorded(request.url.path, dict(request.headers), json.loads(await request.body()), time.monotonic())
        self.requests.append(recorded)
        if self._log is not None:
            with self._log.open("a", encoding="utf-8") as log:
                log.write(json.dumps(asdict(recorded)) + "\n")
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            behaviour = self._choose(recorded)
            await asyncio.sleep(behaviour.delay_s)
            return respond(recorded, behaviour)
        finally:
            self.in_flight -= 1


class Dropped(Response):
    """Promises a body, sends a piece of it, and breaks off."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = [(b"content-type", b"application/json"), (b"content-length", b"1000")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b'{"id": "half', "more_body": True})
        raise ConnectionAbortedError


def respond(request: Recorded, behaviour: Behaviour) -> Response:
    """The response in the request's dialect."""
    if behaviour.kind == "drop":
        return Dropped()
    if behaviour.kind == "garbage":
        return Response("<html>a proxy's page</html>", media_type="text/html")
    if behaviour.kind == "status":
        error: dict[str, Any] = {"type": "error", "message": behaviour.message, "code": behaviour.code or None}
        return JSONResponse({"type": "error", "error": error}, behaviour.status, dict(behaviour.headers))
    text = behaviour.text if behaviour.text is not None else json.dumps(fitting(schema_of(request)))
    body = {"responses": _responses, "messages": _messages, "chat": _chat}[request.dialect](text, behaviour)
    if behaviour.usage is not None:
        body["usage"] = behaviour.usage[0]
    return JSONResponse(body)


def _responses(text: str, behaviour: Behaviour) -> dict[str, Any]:
    part = {"type": "output_text", "text": text, "annotations": []}
    if behaviour.kind == "refusal":
        part = {"type": "refusal", "refusal": text}
    body: dict[str, Any] = {
        "id": "resp_1",
        "object": "response",
        "created_at": 1,
        "model": SERVED_VERSION,
        "status": "incomplete" if behaviour.kind == "truncated" else "completed",
        "incomplete_details": {"reason": "max_output_tokens"} if behaviour.kind == "truncated" else None,
        "service_tier": behaviour.tier or "default",
        "output": [
            {"id": "rs_1", "type": "reasoning", "summary": []},
            {"id": "msg_1", "type": "message", "role": "assistant", "status": "completed", "content": [part]},
        ],
    }
    if (count := behaviour.tokens) is not None:
        body["usage"] = {
            "input_tokens": count.input + count.cached + count.cache_written,
            "input_tokens_details": {"cached_tokens": count.cached, "cache_write_tokens": count.cache_written},
            "output_tokens": count.output,
            "output_tokens_details": {"reasoning_tokens": count.reasoning},
            "total_tokens": count.input + count.cached + count.cache_written + count.output,
        }
    return body


def _messages(text: str, behaviour: Behaviour) -> dict[str, Any]:
    refused = behaviour.kind == "refusal"
    count = behaviour.tokens or Tokens(0, 0, 0, 0, 0)
    return {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": SERVED_VERSION,
        "content": [] if refused else [{"type": "thinking", "thinking": "", "signature": "s"}, {"type": "text", "text": text}],
        "stop_reason": {"refusal": "refusal", "truncated": "max_tokens"}.get(behaviour.kind, "end_turn"),
        "stop_details": {"type": "refusal", "category": "general_harms", "explanation": text} if refused else None,
        "usage": {
            "input_tokens": count.input,
            "cache_read_input_tokens": count.cached,
            "cache_creation_input_tokens": count.cache_written,
            "cache_creation": {"ephemeral_5m_input_tokens": count.cache_written, "ephemeral_1h_input_tokens": 0},
            "output_tokens": count.output,
            "output_tokens_details": {"thinking_tokens": count.reasoning},
            "service_tier": behaviour.tier or "standard",
        },
    }


def _chat(text: str, behaviour: Behaviour) -> dict[str, Any]:
    refused = behaviour.kind == "refusal"
    choice: dict[str, Any] = {
        "index": 0,
        "message": {"role": "assistant", "content": None if refused else text, "refusal": text if refused else None},
        "finish_reason": "length" if behaviour.kind == "truncated" else "stop",
    }
    if behaviour.logprobs:
        choice["logprobs"] = {"content": list(behaviour.logprobs)}
    body: dict[str, Any] = {"id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": SERVED_VERSION, "choices": [choice]}
    if (count := behaviour.tokens) is not None:
        body["usage"] = {
            "prompt_tokens": count.input + count.cached + count.cache_written,
            "prompt_tokens_details": {"cached_tokens": count.cached, "cache_write_tokens": count.cache_written},
            "completion_tokens": count.output,
            "completion_tokens_details": {"reasoning_tokens": count.reasoning},
            "total_tokens": count.input + count.cached + count.cache_written + count.output,
        }
    return body


def schema_of(request: Recorded) -> dict[str, Any]:
    """The JSON schema that the request asks the answer to fit."""
    body = request.body
    if request.dialect == "responses":
        return dict(body["text"]["format"]["schema"])
    if request.dialect == "messages":
        return dict(body["output_config"]["format"]["schema"])
    return dict(body.get("response_format", {}).get("json_schema", {}).get("schema", {}))


def fitting(schema: dict[str, Any]) -> Any:
    """A value that fits a strict schema: the first option, one, a short text."""
    if "enum" in schema:
        return schema["enum"][0]
    if "const" in schema:
        return schema["const"]
    if "anyOf" in schema:
        return fitting(schema["anyOf"][0])
    kind = schema.get("type", "object")
    if kind == "object":
        return {name: fitting(part) for name, part in schema.get("properties", {}).items()}
    if kind == "array":
        return [fitting(schema["items"])] if "items" in schema else []
    return {"integer": 1, "number": 1, "boolean": True, "string": "because", "null": None}[kind]


NAMED: dict[str, Callable[[], Behaviour]] = {
    "ok": ok,
    "malformed": malformed,
    "truncated": truncated,
    "refusal": refusal,
    "throttled": throttled,
    "dropped": dropped,
    "garbage": garbage,
    "failing": lambda: failing(500),
}


def main() -> int:
    """Serve until interrupted; the first line on standard output is the root URL."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--behaviour", default="ok", help=f"names with commas between, the last one repeats: {', '.join(NAMED)}")
    parser.add_argument("--delay", type=float, default=0.0, help="seconds before each answer")
    parser.add_argument("--log", type=Path, help="a file to which each request is appended as a line of JSON")
    chosen = parser.parse_args()
    behaviours = [slow(chosen.delay, NAMED[name]()) for name in chosen.behaviour.split(",")]
    server = ProviderServer(behaviours, chosen.port, chosen.log)
    print(f"http://127.0.0.1:{server.port}", flush=True)
    server.serve()
    return 0


if __name__ == "__main__":
    sys.exit(main())
