"""Embedders over HTTP, `openai/MODEL`, `vllm/MODEL`, `compatible/MODEL`: `POST /embeddings` with the limiter, retries and errors of models.

They are called from ordinary functions and from several threads at once; all requests of the process run on one event loop in a
thread of its own, where they share the places at an endpoint.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Coroutine, Iterator, Sequence
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import numpy as np
from pydantic import BaseModel

from agent.models.base_urls import OPENAI_URL
from agent.models.endpoint import Endpoint, find_key, require_key
from agent.models.faults import Refused, classify, sdk_errors
from agent.models.http_model import Count, OrUnknown, read_json
from agent.models.limiter import limiter_for
from agent.models.openai_sdk import OpenAIDialect
from agent.models.registry import ModelOptions, resolved_base_url, split_name
from agent.models.retry import RetryPolicy, with_retries
from agent.models.settings import Settings
from personas.errors import ModelError, ModelSetupError, Rejected, Unavailable

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["LONGEST_TEXT", "HttpEmbedder", "build"]

T = TypeVar("T")

LONGEST_TEXT = 8000
"""Characters of a text that are sent: about what a model of 8,192 tokens reads."""

_TEXTS = 128
_CHARACTERS = 200_000  # a request: OpenAI takes 2,048 texts and 300,000 tokens
_PROBE = "a video"

_KEYS = {"openai": ("OPENAI_API_KEY",), "vllm": ("VLLM_API_KEY", "AXIOFEED_API_KEY"), "compatible": ("AXIOFEED_API_KEY",)}


class _Row(BaseModel):
    embedding: list[float]
    index: int | None = None


class _Usage(BaseModel):
    prompt_tokens: Count = None
    total_tokens: Count = None


class _Response(BaseModel):
    data: list[_Row]
    usage: Annotated[_Usage | None, OrUnknown] = None


class _Embeddings(OpenAIDialect):
    path = "/embeddings"


class HttpEmbedder:
    """Texts to vectors at one endpoint. `name` is provider/MODEL, `dim` what the server's first answer has.

    tokens    tokens read so far, by the server's own count; 0 where it gives none
    requests  calls made so far, those that were asked again included
    """

    def __init__(self, endpoint: Endpoint) -> None:
        self.name = endpoint.name
        self.dim = 0
        self.tokens = 0
        self.requests = 0
        self._endpoint = endpoint
        self._dialect = _Embeddings(endpoint)
        self._process = os.getpid()
        settings = endpoint.settings
        self._policy = RetryPolicy(settings.max_attempts, settings.retry_wait_s)
        self.dim = int(_wait_for(self._batch([_PROBE])).shape[1])

    def embed_texts(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """See `environments.embed.Embedder`; an empty text is a row of zeros and is not sent, of a long one `LONGEST_TEXT` characters are.

        Raises ModelError when an answer cannot be had after the retries, or is no answer; ModelSetupError for key, model or URL.
        """
        rows = np.zeros((len(texts), self.dim), dtype=np.float32)
        told = [index for index, text in enumerate(texts) if text.strip()]
        if told:
            rows[told] = _wait_for(self._all([_sendable(texts[index]) for index in told]))
        return rows

    def close(self) -> None:
        """Release the connections. The embedder may be used again afterwards."""
        dialect, self._dialect = self._dialect, _Embeddings(self._endpoint)
        _wait_for(dialect.close())

    async def _all(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """All batches at once, as far as the limiter lets them; the first that fails stops the others."""
        tasks = [asyncio.create_task(self._batch(batch)) for batch in _batches(texts)]
        try:
            return np.concatenate(await asyncio.gather(*tasks))
        finally:
            for task in tasks:
                task.cancel()

    async def _batch(self, texts: Sequence[str]) -> NDArray[np.float32]:
        limiter = limiter_for(self._endpoint.base_url, self._endpoint.model, self._endpoint.settings.concurrency)
        return (await with_retries(lambda: self._call(texts), limiter, self._policy)).value

    async def _call(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """One HTTP call. As with models, the SDK's exception, which holds the key, is not kept as the cause of ours."""
        caller = self._endpoint.caller
        self.requests += 1
        if os.getpid() != self._process:  # a fork: its parent's connections belong to its parent's loop
            self._dialect, self._process = _Embeddings(self._endpoint), os.getpid()
        try:
            async with asyncio.timeout(self._endpoint.settings.timeout_s):
                content = await self._dialect.post({"model": self._endpoint.model, "input": list(texts), "encoding_format": "float"})
        except sdk_errors(self._dialect.sdk) as error:
            failure = classify(error, self._dialect.sdk, caller)
        else:
            try:
                return self._read(content, len(texts))
            except ModelError as error:
                failure = type(error)(caller.say(str(error)))
                failure.possibly_paid = error.possibly_paid
        if isinstance(failure, Refused):
            failure = Rejected(caller.say(f"the provider declines these texts ({failure})"))
        raise failure

    def _read(self, content: bytes, wanted: int) -> NDArray[np.float32]:
        """Rows of length 1, in the order of the texts. Raises Unavailable for what is no whole answer, Rejected for unusable vectors."""
        response = read_json(content, _Response)
        rows = _in_order(response.data, wanted)
        lengths = {len(row.embedding) for row in rows}
        if len(lengths) != 1 or 0 in lengths:
            raise Rejected("its vectors differ in length, or are empty: is this an embedding model that pools its tokens?")
        if self.dim and lengths != {self.dim}:
            raise Rejected(f"its vectors have {lengths.pop()} dimensions now, and had {self.dim}: has the model behind this name changed?")
        vectors = np.array([row.embedding for row in rows], dtype=np.float64)
        if not np.isfinite(vectors).all():
            raise Rejected("its vectors hold values that are not finite numbers")
        if response.usage is not None:
            self.tokens += response.usage.prompt_tokens or response.usage.total_tokens or 0
        norms = np.linalg.norm(vectors, axis=1, keepdims=True)
        unit = np.divide(vectors, norms, out=np.zeros_like(vectors), where=norms > 1e-12)
        rounded: NDArray[np.float32] = unit.astype(np.float32)
        return rounded


def build(name: str, base_url: str | None) -> HttpEmbedder:
    """The embedder called provider/MODEL; asks it once. Raises ModelSetupError for key, model or URL, ModelError without an answer."""
    provider, model = split_name(name)
    url = resolved_base_url(name, ModelOptions(base_url=base_url)) or (OPENAI_URL if provider == "openai" else None)
    if url is None:
        variable = " or VLLM_BASE_URL" if provider == "vllm" else ""
        raise ModelSetupError(f"the embedder {provider} needs a base URL{variable}, such as http://127.0.0.1:8000/v1")
    variables = _KEYS[provider]
    key = require_key(variables[0], provider) if provider == "openai" else find_key(*variables)
    return HttpEmbedder(Endpoint(provider, model, url, key, variables[0], Settings(), None))


def _in_order(data: Sequence[_Row], wanted: int) -> Sequence[_Row]:
    """The rows by their `index`, or as they came where none has one. Raises Unavailable unless each text has exactly one."""
    given = [row.index for row in data if row.index is not None]
    if len(data) == wanted and not given:
        return data
    if sorted(given) == list(range(wanted)) and len(data) == wanted:
        return sorted(data, key=lambda row: row.index or 0)
    failure = Unavailable(f"the answer does not hold one vector a text: {len(data)} for {wanted} texts, or their numbers repeat")
    failure.possibly_paid = 1
    raise failure


def _batches(texts: Sequence[str]) -> Iterator[list[str]]:
    batch: list[str] = []
    characters = 0
    for text in texts:
        if batch and (len(batch) == _TEXTS or characters + len(text) > _CHARACTERS):
            yield batch
            batch, characters = [], 0
        batch.append(text)
        characters += len(text)
    yield batch


def _sendable(text: str) -> str:
    """JSON takes valid Unicode only; a lone surrogate becomes a question mark."""
    return text[:LONGEST_TEXT].encode("utf-8", "replace").decode("utf-8")


_loops: dict[int, asyncio.AbstractEventLoop] = {}
_making = threading.Lock()


def _loop() -> asyncio.AbstractEventLoop:
    """The loop of all embedders of this process; a forked process does not have its parent's thread, and makes its own."""
    with _making:
        if os.getpid() not in _loops:
            loop = asyncio.new_event_loop()
            threading.Thread(target=loop.run_forever, name="embeddings", daemon=True).start()
            _loops[os.getpid()] = loop
        return _loops[os.getpid()]


def _wait_for(work: Coroutine[Any, Any, T]) -> T:
    """The result of `work`, done on the loop of the embedders. An interrupted wait stops the work."""
    future = asyncio.run_coroutine_threadsafe(work, _loop())
    try:
        return future.result()
    except BaseException:
        future.cancel()
        raise
