"""A real HTTP server on the loopback that scores prompts as vLLM does, by a language model small enough to know every sum beforehand.

The model: P(token | token before) = (count + 1) / (count of the token before + vocabulary), over the tokens of `CORPUS`. A token is a word
with the space before it, or one other character: a template that ends in a space merges it with the first word of the answer.
"""

from __future__ import annotations

import json
import math
import re
import threading
from collections import Counter
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from typing import Any

CORPUS = "user: Is it a cat? assistant: It is a cat. user: Is it a dog? assistant: No, it is a cat that sits. Yes, a dog may sit."
PLAIN, SPACED = "assistant:\n", "assistant: "


def tokens_of(text: str) -> list[str]:
    """The tokens of a text, in order; joined they are the text."""
    return re.findall(r" ?\w+|[^\w]", text)


_WORDS = tokens_of(CORPUS)
_PAIRS, _ALONE = Counter(pairwise(_WORDS)), Counter(_WORDS)


def logprob(before: str, token: str) -> float:
    """The natural logarithm of P(token | before)."""
    return math.log((_PAIRS[before, token] + 1) / (_ALONE[before] + len(_ALONE) + 1))


def logprob_of(text: str, before: str) -> float:
    """The sum over the tokens of `text`, the first of them after the token `before`."""
    tokens = [before, *tokens_of(text)]
    return sum(logprob(one, two) for one, two in pairwise(tokens))


Fault = Callable[[int, dict[str, Any]], int | None]
"""Of the number of a request, from 0, and its body: the HTTP status to fail with, None to answer."""


class BigramServer:
    """The server, running while the `with` block is. `requests`: each body in order. `told`: what opens the assistant's turn."""

    def __init__(self, told: str = PLAIN, fault: Fault | None = None, *, silent: bool = False) -> None:
        self.requests: list[dict[str, Any]] = []
        self.told, self.fault, self.silent = told, fault, silent
        owner = self

        class Handler(BaseHTTPRequestHandler):
            disable_nagle_algorithm = True

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                owner.requests.append(body)
                status = owner.fault(len(owner.requests) - 1, body) if owner.fault else None
                said = {"error": {"message": "as the test asked"}} if status else owner.reply(body)
                data = json.dumps(said).encode()
                self.send_response(status or 200)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_: object) -> None:
                """Nothing on stderr."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)

    @property
    def url(self) -> str:
        """The base URL to give to a model."""
        return f"http://127.0.0.1:{self._server.server_port}/v1"

    def __enter__(self) -> BigramServer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def reply(self, body: dict[str, Any]) -> dict[str, Any]:
        """A completion in vLLM's form, with the log-probabilities of the prompt where they are asked for."""
        continued = body.get("continue_final_message") and not body.get("add_generation_prompt", True)
        *before, last = body["messages"]
        assert continued and last["role"] == "assistant", "only a conversation that is to be continued is understood here"
        text = "".join(f"{message['role']}: {_words(message['content'])}\n" for message in before) + self.told + last["content"]
        tokens = tokens_of(text)
        told: list[Any] = [None]
        for one, two in pairwise(tokens):
            told.append({str(_identity(two)): {"logprob": logprob(one, two), "rank": 3, "decoded_token": two}})
        return {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "created": 1,
            "model": body["model"],
            "choices": [{"index": 0, "message": {"role": "assistant", "content": "."}, "finish_reason": "length"}],
            "usage": {"prompt_tokens": len(tokens), "completion_tokens": 1, "total_tokens": len(tokens) + 1},
            **({} if self.silent else {"prompt_logprobs": told}),
        }


def _words(content: Any) -> str:
    if isinstance(content, str):
        return content
    return "".join("#" * 4 if part["type"] == "image_url" else part["text"] for part in content)


def _identity(token: str) -> int:
    return int.from_bytes(token.encode(), "big")
