"""`anthropic/NAME`: Anthropic's Messages API, answers under a JSON schema, images never scaled down behind our back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import anthropic as sdk
from httpx2 import Response
from pydantic import BaseModel

from agent.models.base import Prompt, Turn, Usage
from agent.models.base_urls import ANTHROPIC_URL
from agent.models.endpoint import Endpoint, require_key
from agent.models.http_model import Answer, Count, HttpModel, OrUnknown, finish_reason, image_base64, read_json, spoken, tls
from agent.models.prices import price_for
from agent.models.schema import sent_schema
from agent.models.settings import HTTP_KEYS, read_settings

if TYPE_CHECKING:
    from agent.models.registry import ModelOptions

__all__ = ["Messages", "build"]

KEY_VARIABLE = "ANTHROPIC_API_KEY"
# Thinking counts against `max_tokens`, and on current models it cannot always be switched off.
REASONING_ROOM = 4000


class _Block(BaseModel):
    type: str = ""
    text: str | None = None


class _OutputDetails(BaseModel):
    thinking_tokens: Count = None


class _Usage(BaseModel):
    input_tokens: Count = None
    output_tokens: Count = None
    cache_read_input_tokens: Count = None
    cache_creation_input_tokens: Count = None
    output_tokens_details: Annotated[_OutputDetails | None, OrUnknown] = None
    service_tier: str | None = None
    speed: str | None = None

    def counted(self) -> Usage | None:
        """`input_tokens` come without cache reads and writes. `cache_creation` repeats the written ones by lifetime: not added.

        None without counts.
        """
        if self.input_tokens is None or self.output_tokens is None:
            return None
        reasoning = (self.output_tokens_details or _OutputDetails()).thinking_tokens or 0
        return Usage(
            self.input_tokens, self.cache_read_input_tokens or 0, self.cache_creation_input_tokens or 0, self.output_tokens, reasoning
        )

    @property
    def standard_price(self) -> bool:
        return self.service_tier in (None, "standard") and self.speed in (None, "standard")


class _StopDetails(BaseModel):
    category: str | None = None
    explanation: str | None = None


class _Message(BaseModel):
    content: list[_Block]
    model: str = ""
    stop_reason: str | None = None
    stop_details: _StopDetails | None = None
    usage: Annotated[_Usage | None, OrUnknown] = None

    @property
    def refusal(self) -> str | None:
        """The provider's mark of a refusal: its explanation, else its category, else the word."""
        if self.stop_reason != "refusal":
            return None
        details = self.stop_details or _StopDetails()
        return details.explanation or details.category or "refusal"


class Messages:
    """The dialect of `POST /v1/messages`."""

    sdk = sdk

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._client: sdk.AsyncAnthropic | None = None

    def body(self, prompt: Prompt) -> dict[str, Any]:
        settings = self._endpoint.settings
        output: dict[str, Any] = {"format": {"type": "json_schema", "schema": sent_schema(prompt.answer)}}
        if settings.reasoning_effort:
            output["effort"] = settings.reasoning_effort
        body: dict[str, Any] = {
            "model": self._endpoint.model,
            "max_tokens": settings.token_budget(prompt.max_output_tokens),
            "messages": [_message(turn) for turn in prompt.turns],
            "output_config": output,
        }
        chosen = {"system": prompt.system or None, "service_tier": settings.service_tier}
        return body | {key: value for key, value in chosen.items() if value is not None}

    async def post(self, body: dict[str, Any]) -> bytes:
        if self._client is None:
            self._client = self._make_client()
        response = await self._client.post("/v1/messages", body=body, cast_to=Response)
        return response.content

    def _make_client(self) -> sdk.AsyncAnthropic:
        timeout_s = self._endpoint.settings.timeout_s
        return sdk.AsyncAnthropic(
            api_key=self._endpoint.key,
            base_url=self._endpoint.base_url,
            max_retries=0,
            # The deadline of the whole call is kept outside and comes later than that for connecting, so that the two are told apart.
            timeout=sdk.Timeout(timeout_s + 1, connect=min(10.0, 0.5 * timeout_s)),
            http_client=sdk.DefaultAsyncHttpxClient(verify=tls()),
            open_telemetry=False,  # no prompt goes to a tracer that happens to be configured
        )

    def read(self, content: bytes, prompt: Prompt) -> Answer:
        message = read_json(content, _Message)
        return Answer(
            text="".join(block.text or "" for block in message.content if block.type == "text"),
            refusal=message.refusal,
            usage=message.usage.counted() if message.usage else None,
            finish_reason=finish_reason(message.stop_reason),
            model_version=message.model,
            standard_price=message.usage is None or message.usage.standard_price,
        )

    async def close(self) -> None:
        if self._client is not None:
            await self._client.close()


def _message(turn: Turn) -> dict[str, Any]:
    if turn.role == "assistant":
        return {"role": "assistant", "content": spoken(turn)}
    blocks: list[dict[str, Any]] = [
        {
            "type": "image",
            "source": {"type": "base64", "media_type": "image/jpeg", "data": image_base64(frame)},
            # The default is to scale a large image down without saying so: not what an instrument may do.
            "transformations": {"oversized_image": "error"},
        }
        for frame in turn.images
    ]
    if turn.text.strip() or not blocks:
        blocks.append({"type": "text", "text": spoken(turn)})
    return {"role": "user", "content": blocks}


def build(name: str, options: ModelOptions) -> HttpModel:
    """The model `name` of Anthropic. Raises ModelSetupError for a missing key, a bad URL or an unknown option."""
    settings = read_settings(options.extra, (*HTTP_KEYS, "service_tier"), "anthropic", reasoning_tokens=REASONING_ROOM)
    key = require_key(KEY_VARIABLE, "anthropic")
    # List prices are those of the official address: a gateway bills as it likes.
    price = price_for(f"anthropic/{name}", settings, listed=options.base_url is None)
    endpoint = Endpoint("anthropic", name, options.base_url or ANTHROPIC_URL, key, KEY_VARIABLE, settings, price)
    return HttpModel(endpoint, Messages(endpoint))
