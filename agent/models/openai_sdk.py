"""What OpenAI's two APIs share, Responses and Chat Completions: the SDK's client, how it is called and closed, how tokens are counted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import openai as sdk
from httpx2 import Response
from pydantic import BaseModel
from pydantic_core import to_json

from agent.models.base import Usage
from agent.models.endpoint import Endpoint
from agent.models.http_model import Count, tls

if TYPE_CHECKING:
    from openai._types import RequestOptions

__all__ = ["InputDetails", "OpenAIDialect", "OutputDetails", "counted", "openai_client"]


class InputDetails(BaseModel):
    """Of the tokens read: how many came from the cache, and how many were written to it."""

    cached_tokens: Count = None
    cache_write_tokens: Count = None


class OutputDetails(BaseModel):
    """Of the tokens written: how many were hidden reasoning."""

    reasoning_tokens: Count = None


def counted(read: int | None, written: int | None, of_read: InputDetails | None, of_written: OutputDetails | None) -> Usage | None:
    """Each token once: the APIs count what was read from and written to the cache within `read`. None without counts."""
    if read is None or written is None:
        return None
    details = of_read or InputDetails()
    cached, kept = details.cached_tokens or 0, details.cache_write_tokens or 0
    reasoning = (of_written or OutputDetails()).reasoning_tokens or 0
    return Usage(max(0, read - cached - kept), cached, kept, written, reasoning)


class OpenAIDialect:
    """The half of `agent.models.http_model.Dialect` that both APIs share; `path` is where questions go."""

    sdk = sdk
    path: str

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._clients: list[sdk.AsyncOpenAI] = []
        self._idle: list[sdk.AsyncOpenAI] = []

    async def post(self, body: dict[str, Any]) -> bytes:
        """Send a question, through a client that has none under way.

        One client for all would look through all its connections with each question: with 64 in flight that takes longer than the rest.
        """
        client = self._idle.pop() if self._idle else self._another()
        try:
            return await self._post(client, body)
        finally:
            self._idle.append(client)

    async def _post(self, client: sdk.AsyncOpenAI, body: dict[str, Any]) -> bytes:
        # The SDK's typed methods walk the whole body against their types first: 40 % of the time of a call, for nothing.
        # Its JSON encoder takes another quarter, nearly all of it on the pictures.
        # All options are given, because it makes deep copies of the defaults of those that are not.
        options: RequestOptions = {
            "headers": _withheld_headers(self._endpoint),
            "params": {},
            "max_retries": 0,
            "timeout": client.timeout,
            "security": {"bearer_auth": True},
        }
        response = await client.post(self.path, content=to_json(body), cast_to=Response, options=options)
        return response.content

    def _another(self) -> sdk.AsyncOpenAI:
        self._clients.append(self.make_client())
        return self._clients[-1]

    def make_client(self) -> sdk.AsyncOpenAI:
        """A client for this dialect's endpoint."""
        return openai_client(self._endpoint)

    async def close(self) -> None:
        """Release the connections."""
        for client in self._clients:
            await client.close()


def openai_client(endpoint: Endpoint) -> sdk.AsyncOpenAI:
    """A client of the OpenAI SDK that never retries."""
    timeout_s = endpoint.settings.timeout_s
    return sdk.AsyncOpenAI(
        api_key=endpoint.key or "none",
        base_url=endpoint.base_url,
        max_retries=0,
        # The deadline of the whole call is kept outside and comes later than that for connecting, so that the two are told apart.
        timeout=sdk.Timeout(timeout_s + 1, connect=min(10.0, 0.5 * timeout_s)),
        http_client=sdk.DefaultAsyncHttpxClient(verify=tls()),
    )


def _withheld_headers(endpoint: Endpoint) -> dict[str, Any]:
    """Headers that the SDK would take from the user's environment, or make up, and that this endpoint must not get."""
    withheld: dict[str, Any] = {} if endpoint.provider == "openai" else {"OpenAI-Organization": sdk.omit, "OpenAI-Project": sdk.omit}
    if endpoint.key is None:
        withheld["Authorization"] = sdk.omit
    return withheld
