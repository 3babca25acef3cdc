"""A model over HTTP: one place in the limiter, the retries, the price. What differs between providers is their dialect."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from ssl import SSLContext
from types import ModuleType
from typing import Annotated, Any, Protocol, TypeVar

from httpx2 import create_ssl_context
from pydantic import BaseModel, NonNegativeInt, ValidationError, ValidatorFunctionWrapHandler, WrapValidator

from agent.models.base import Prompt, Reply, Turn, Usage
from agent.models.bounds import most_usd
from agent.models.endpoint import Endpoint
from agent.models.faults import Refused, classify, sdk_errors
from agent.models.limiter import limiter_for
from agent.models.prices import FREE, cost
from agent.models.retry import RetryPolicy, with_retries
from environments.base import Frame
from personas.errors import ModelError, Unavailable

__all__ = ["Answer", "Count", "Dialect", "HttpModel", "OrUnknown", "finish_reason", "image_base64", "read_json", "spoken", "tls"]

M = TypeVar("M", bound=BaseModel)


def _or_unknown(value: Any, read: ValidatorFunctionWrapHandler) -> Any:
    try:
        return read(value)
    except ValidationError:
        return None


OrUnknown = WrapValidator(_or_unknown)
"""For what may be missing from a good answer: whatever it is not, it is None, and the answer stands."""

Count = Annotated[NonNegativeInt | None, OrUnknown]
"""A number of tokens, None where the server does not say."""

_FINISH = {
    "completed": "stop",
    "end_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "max_output_tokens": "length",
    "model_context_window_exceeded": "length",
    "content_filter": "refusal",
}


@dataclass(frozen=True)
class Answer:
    """What a dialect read from a response body. `standard_price` is false where the server says it billed at another tier."""

    text: str
    refusal: str | None
    usage: Usage | None
    finish_reason: str
    model_version: str
    standard_price: bool = True
    logprobs: Mapping[str, float] | None = None


class Dialect(Protocol):
    """How one API is spoken, over the client of `sdk`.

    `post` sends a body that `body` made and returns the bytes that came; `read` raises ModelError for what is no answer.
    """

    @property
    def sdk(self) -> ModuleType: ...

    def body(self, prompt: Prompt) -> dict[str, Any]: ...

    async def post(self, body: dict[str, Any]) -> bytes: ...

    def read(self, content: bytes, prompt: Prompt) -> Answer: ...

    async def close(self) -> None: ...


class HttpModel:
    """A `Model` over HTTP. For a server of its own: `ready` waits until it answers, before each question; `on_close` ends it."""

    synthetic = False

    def __init__(
        self,
        endpoint: Endpoint,
        dialect: Dialect,
        on_close: Callable[[], None] | None = None,
        ready: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        self.name = endpoint.name
        # A tier of the user's own choice is not billed at the listed prices.
        settings = endpoint.settings
        self._tier_unpriced = settings.service_tier not in (None, "default", "standard_only") and settings.price_input is None
        self.price_known = endpoint.price is not None and not self._tier_unpriced
        self.price = endpoint.price if self.price_known else None
        self._endpoint = endpoint
        self._dialect = dialect
        self._on_close = on_close
        self._ready = ready
        self._policy = RetryPolicy(settings.max_attempts, settings.retry_wait_s)

    async def ask(self, prompt: Prompt) -> Reply:
        """Raises ModelError when no reply can be had after the retries, ModelSetupError for a key, model or URL that does not work."""
        if self._ready is not None:
            await self._ready()
        settings = self._endpoint.settings
        limiter = limiter_for(self._endpoint.base_url, self._endpoint.model, settings.concurrency)
        body = self._dialect.body(prompt)
        got = await with_retries(lambda: self._call(body, prompt), limiter, self._policy)
        return Reply(
            text=got.value.text,
            refusal=got.value.refusal,
            usage=got.value.usage or Usage(),
            cost_usd=self._cost(got.value),
            latency_s=got.latency_s,
            attempts=got.attempts,
            possibly_paid=got.possibly_paid,
            finish_reason=got.value.finish_reason,
            model_version=got.value.model_version,
            logprobs=got.value.logprobs,
        )

    def most_usd(self, prompt: Prompt) -> Decimal | None:
        """The bound of `agent.models.bounds`, hidden reasoning included; 0 on this machine, None where the price is unknown."""
        if self._endpoint.price is FREE:
            return Decimal(0)
        price = self._endpoint.price if self.price_known else None
        return most_usd(prompt, price, self._endpoint.settings.token_budget(prompt.max_output_tokens))

    async def close(self) -> None:
        """Release connections, and the server where one was started. May be called more than once."""
        try:
            await self._dialect.close()
        finally:
            if self._on_close is not None:
                await asyncio.to_thread(self._on_close)

    async def _call(self, body: dict[str, Any], prompt: Prompt) -> Answer:
        """One HTTP call. The SDK's exception, which holds the request and its key, is not kept as the cause of ours."""
        sdk = self._dialect.sdk
        caller = self._endpoint.caller
        try:
            async with asyncio.timeout(self._endpoint.settings.timeout_s):
                content = await self._dialect.post(body)
        except sdk_errors(sdk) as error:
            failure = classify(error, sdk, caller)
        else:
            try:
                return self._dialect.read(content, prompt)
            except ModelError as error:
                failure = type(error)(caller.say(str(error)))
                failure.possibly_paid = error.possibly_paid
        if isinstance(failure, Refused):
            return Answer("", str(failure), Usage(), "refusal", "")
        raise failure

    def _cost(self, answer: Answer) -> Decimal | None:
        if self._endpoint.price is FREE:
            return cost(Usage(), FREE)
        billed_as_listed = (answer.standard_price and not self._tier_unpriced) or self._endpoint.settings.price_input is not None
        return cost(answer.usage, self._endpoint.price) if answer.usage is not None and billed_as_listed else None


def read_json(content: bytes, shape: type[M]) -> M:
    """`content` as `shape`. Raises Unavailable, possibly paid, for anything else: a proxy's page, half a body, another protocol."""
    try:
        return shape.model_validate_json(content)
    except ValidationError as error:
        kind = error.errors(include_url=False, include_context=False, include_input=False)[0]
        failure = Unavailable(f"the answer is not in the API's form ({'.'.join(map(str, kind['loc'])) or 'body'}: {kind['msg']})")
        failure.possibly_paid = 1
        raise failure from None


def finish_reason(said: str | None) -> str:
    """The provider's word in the contract's terms: stop, length, refusal; other words stay as they are."""
    return _FINISH.get(said or "", said or "stop")


@cache
def tls() -> SSLContext:
    """The certificates that servers are checked against. Reading them takes 20 ms: once for all clients of the process."""
    return create_ssl_context()


def image_base64(frame: Frame) -> str:
    """The frame's JPEG bytes in base64."""
    return base64.b64encode(frame.jpeg).decode("ascii")


def spoken(turn: Turn) -> str:
    """The turn's text; an empty answer of the model is shown as such, because APIs refuse empty messages."""
    return turn.text if turn.text.strip() or turn.images else "(no answer)"
