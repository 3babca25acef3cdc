"""`openai/NAME`: OpenAI's Responses API, answers under a strict JSON schema, nothing stored at the provider."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import openai as sdk
from httpx2 import Response
from pydantic import BaseModel

from agent.models.base import Prompt, Turn, Usage
from agent.models.base_urls import OPENAI_URL
from agent.models.endpoint import Endpoint, require_key
from agent.models.http_model import Answer, Count, HttpModel, OrUnknown, finish_reason, image_base64, read_json, spoken
from agent.models.prices import price_for
from agent.models.schema import SCHEMA_NAME, sent_schema
from agent.models.settings import HTTP_KEYS, read_settings
from personas.errors import Rejected, Unavailable

if TYPE_CHECKING:
    from agent.models.registry import ModelOptions

__all__ = ["Responses", "build", "openai_client", "withheld_headers"]

KEY_VARIABLE = "OPENAI_API_KEY"
# The models reason before they answer, and those tokens count against the limit.
REASONING_ROOM = 4000


class _Part(BaseModel):
    type: str = ""
    text: str | None = None
    refusal: str | None = None


class _Item(BaseModel):
    type: str = ""
    content: list[_Part] | None = None


class _InputDetails(BaseModel):
    cached_tokens: Count = None
    cache_write_tokens: Count = None


class _OutputDetails(BaseModel):
    reasoning_tokens: Count = None


class _Usage(BaseModel):
    input_tokens: Count = None
    output_tokens: Count = None
    input_tokens_details: Annotated[_InputDetails | None, OrUnknown] = None
    output_tokens_details: Annotated[_OutputDetails | None, OrUnknown] = None

    def counted(self) -> Usage | None:
        """The API counts cache reads and writes within `input_tokens`; here each token is counted once. None without counts."""
        if self.input_tokens is None or self.output_tokens is None:
            return None
        details = self.input_tokens_details or _InputDetails()
        cached, written = details.cached_tokens or 0, details.cache_write_tokens or 0
        reasoning = (self.output_tokens_details or _OutputDetails()).reasoning_tokens or 0
        return Usage(max(0, self.input_tokens - cached - written), cached, written, self.output_tokens, reasoning)


class _Reason(BaseModel):
    reason: str | None = None


class _Error(BaseModel):
    code: str | None = None
    message: str | None = None


class _Response(BaseModel):
    output: list[_Item]
    model: str = ""
    status: str | None = None
    service_tier: str | None = None
    incomplete_details: _Reason | None = None
    error: _Error | None = None
    usage: Annotated[_Usage | None, OrUnknown] = None


class Responses:
    """The dialect of `POST /responses`."""

    sdk = sdk

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._client: sdk.AsyncOpenAI | None = None

    def body(self, prompt: Prompt) -> dict[str, Any]:
        settings = self._endpoint.settings
        answer_format = {"type": "json_schema", "name": SCHEMA_NAME, "schema": sent_schema(prompt.answer), "strict": True}
        body: dict[str, Any] = {
            "model": self._endpoint.model,
            "input": [self._message(turn) for turn in prompt.turns],
            "max_output_tokens": settings.token_budget(prompt.max_output_tokens),
            "text": {"format": answer_format},
            "store": False,
        }
        chosen = {
            "instructions": prompt.system or None,
            "temperature": settings.temperature,
            "top_p": settings.top_p,
            "service_tier": settings.service_tier,
            "reasoning": {"effort": settings.reasoning_effort} if settings.reasoning_effort else None,
        }
        return body | {key: value for key, value in chosen.items() if value is not None}

    def _message(self, turn: Turn) -> dict[str, Any]:
        if turn.role == "assistant":
            return {"role": "assistant", "content": spoken(turn)}
        detail = self._endpoint.settings.image_detail or "auto"
        parts: list[dict[str, Any]] = [
            {"type": "input_image", "image_url": f"data:image/jpeg;base64,{image_base64(frame)}", "detail": detail} for frame in turn.images
        ]
        return {"role": "user", "content": [*parts, {"type": "input_text", "text": turn.text}]}

    async def post(self, body: dict[str, Any]) -> bytes:
        if self._client is None:
            self._client = openai_client(self._endpoint)
        # The typed method walks the whole body against its types first: 40 % of the time of a call, for nothing.
        response = await self._client.post("/responses", body=body, cast_to=Response)
        return response.content

    def read(self, content: bytes, prompt: Prompt) -> Answer:
        response = read_json(content, _Response)
        if response.status == "failed" or (response.error is not None and not response.output):
            raise _failure(response.error or _Error())
        parts = [part for item in response.output if item.type == "message" for part in item.content or []]
        text = "".join(part.text or "" for part in parts if part.type == "output_text")
        refusals = [part.refusal or "refusal" for part in parts if part.type == "refusal"]
        reason = (response.incomplete_details or _Reason()).reason if response.status == "incomplete" else response.status
        if reason == "content_filter" and not refusals:
            refusals = ["content_filter"]
        return Answer(
            text=text,
            refusal=" ".join(refusals) or None,
            usage=response.usage.counted() if response.usage else None,
            finish_reason="refusal" if refusals else finish_reason(reason),
            model_version=response.model,
            standard_price=response.service_tier in (None, "auto", "default"),
        )

    async def close(self) -> None:
        if self._client is not None:
            await self._client.close()


def _failure(error: _Error) -> Rejected | Unavailable:
    """What a response of status `failed` is: the server's fault by these codes, the request's by all others."""
    what = f"the model failed ({error.code or 'no code'}): {error.message or 'no reason given'}"
    if error.code in (None, "server_error", "rate_limit_exceeded", "vector_store_timeout"):
        return Unavailable(what)
    return Rejected(what)


def openai_client(endpoint: Endpoint) -> sdk.AsyncOpenAI:
    """A client of the OpenAI SDK that never retries."""
    timeout_s = endpoint.settings.timeout_s
    return sdk.AsyncOpenAI(
        api_key=endpoint.key or "none",
        base_url=endpoint.base_url,
        max_retries=0,
        # The deadline of the whole call is kept outside and comes later than that for connecting, so that the two are told apart.
        timeout=sdk.Timeout(timeout_s + 1, connect=min(10.0, 0.5 * timeout_s)),
    )


def withheld_headers(endpoint: Endpoint) -> dict[str, Any]:
    """Headers that the SDK would take from the user's environment, or make up, and that this endpoint must not get."""
    withheld: dict[str, Any] = {} if endpoint.provider == "openai" else {"OpenAI-Organization": sdk.omit, "OpenAI-Project": sdk.omit}
    if endpoint.key is None:
        withheld["Authorization"] = sdk.omit
    return withheld


def build(name: str, options: ModelOptions) -> HttpModel:
    """The model `name` of OpenAI. Raises ModelSetupError for a missing key, a bad URL or an unknown option."""
    known = (*HTTP_KEYS, "image_detail", "service_tier", "temperature", "top_p")
    settings = read_settings(options.extra, known, "openai", reasoning_tokens=REASONING_ROOM)
    key = require_key(KEY_VARIABLE, "openai")
    # List prices are those of the official address: a gateway or a regional host bills as it likes.
    price = price_for(f"openai/{name}", settings, listed=options.base_url is None)
    endpoint = Endpoint("openai", name, options.base_url or OPENAI_URL, key, KEY_VARIABLE, settings, price)
    return HttpModel(endpoint, Responses(endpoint))
