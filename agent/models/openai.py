"""`openai/NAME`: OpenAI's Responses API, answers under a strict JSON schema, nothing stored at the provider."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel

from agent.models.base import Prompt, Turn, Usage
from agent.models.base_urls import OPENAI_URL
from agent.models.endpoint import Endpoint, require_key
from agent.models.http_model import Answer, Count, HttpModel, OrUnknown, finish_reason, image_base64, read_json, spoken
from agent.models.openai_sdk import InputDetails, OpenAIDialect, OutputDetails, counted
from agent.models.prices import price_for
from agent.models.schema import SCHEMA_NAME, sent_schema
from agent.models.settings import HTTP_KEYS, read_settings
from personas.errors import Rejected, Unavailable

if TYPE_CHECKING:
    from agent.models.registry import ModelOptions

__all__ = ["Responses", "build"]

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


class _Usage(BaseModel):
    input_tokens: Count = None
    output_tokens: Count = None
    input_tokens_details: Annotated[InputDetails | None, OrUnknown] = None
    output_tokens_details: Annotated[OutputDetails | None, OrUnknown] = None

    def counted(self) -> Usage | None:
        """Each token once; None without counts."""
        return counted(self.input_tokens, self.output_tokens, self.input_tokens_details, self.output_tokens_details)


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


class Responses(OpenAIDialect):
    """The dialect of `POST /responses`."""

    path = "/responses"

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


def _failure(error: _Error) -> Rejected | Unavailable:
    """What a response of status `failed` is: the server's fault by these codes, the request's by all others."""
    what = f"the model failed ({error.code or 'no code'}): {error.message or 'no reason given'}"
    if error.code in (None, "server_error", "rate_limit_exceeded", "vector_store_timeout"):
        return Unavailable(what)
    return Rejected(what)


def build(name: str, options: ModelOptions) -> HttpModel:
    """The model `name` of OpenAI. Raises ModelSetupError for a missing key, a bad URL or an unknown option."""
    known = (*HTTP_KEYS, "image_detail", "service_tier", "temperature", "top_p")
    settings = read_settings(options.extra, known, "openai", reasoning_tokens=REASONING_ROOM)
    key = require_key(KEY_VARIABLE, "openai")
    # List prices are those of the official address: a gateway or a regional host bills as it likes.
    price = price_for(f"openai/{name}", settings, listed=options.base_url is None)
    endpoint = Endpoint("openai", name, options.base_url or OPENAI_URL, key, KEY_VARIABLE, settings, price)
    return HttpModel(endpoint, Responses(endpoint))
