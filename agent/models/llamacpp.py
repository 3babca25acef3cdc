"""`llamacpp/PATH.gguf`: a local vision-language model, run by llama.cpp inside this process. No key, no network, no cost.

The answer's form is held by a grammar made from its JSON schema, bounds and lengths included. It is sent as a grammar and not
as `response_format`, because llama.cpp answers a cut-off completion under `response_format` with HTTP 500, and the text is lost.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import openai as sdk
from pydantic import BaseModel

from agent.models.base import Prompt
from agent.models.chat import ChatCompletions
from agent.models.endpoint import Endpoint
from agent.models.gguf_files import find_files
from agent.models.http_model import Answer, HttpModel
from agent.models.llamacpp_server import LlamaServer, LlamaSettings, load_xllamacpp
from agent.models.openai_sdk import openai_client
from agent.models.prices import FREE
from agent.models.schema import bounded_schema
from agent.models.settings import check_keys, read_settings
from personas.errors import ModelSetupError, Rejected

if TYPE_CHECKING:
    from agent.models.registry import ModelOptions

__all__ = ["answer_grammar", "build"]

_HTTP_KEYS = ("logprobs", "max_attempts", "max_output_tokens", "retry_wait_s", "temperature", "timeout_s", "top_p")
_BOUNDS: dict[str, tuple[int, int]] = {
    "n_ctx": (256, 1_048_576),
    "n_threads": (1, 1024),
    "n_parallel": (1, 64),
    "n_gpu_layers": (0, 10_000),
}
_KEYS = (*_HTTP_KEYS, *_BOUNDS, "cache_prompt", "projector")
_MOST_LOGPROBS = 100


@dataclass(frozen=True)
class _Served:
    """What the dialect must know of the model besides its endpoint."""

    version: str
    cache_prompt: bool


class LlamaChat(ChatCompletions):
    """Chat Completions as llama.cpp speaks it: a grammar for the answer, and no memory of earlier prompts unless asked for."""

    def __init__(self, endpoint: Endpoint, served: _Served) -> None:
        super().__init__(endpoint)
        self._served = served

    def body(self, prompt: Prompt) -> dict[str, Any]:
        body = super().body(prompt)
        body.pop("response_format", None)
        if "top_logprobs" in body:
            body["top_logprobs"] = _MOST_LOGPROBS
        return body | {"grammar": answer_grammar(prompt.answer), "cache_prompt": self._served.cache_prompt}

    def make_client(self) -> sdk.AsyncOpenAI:
        # Past any proxy that the environment names: the server is in this process.
        return openai_client(self._endpoint).with_options(http_client=sdk.DefaultAsyncHttpxClient(trust_env=False))

    async def post(self, body: dict[str, Any]) -> bytes:
        """Raises Rejected for a prompt that is longer than the context."""
        try:
            return await super().post(body)
        except sdk.BadRequestError as error:
            said = error.body if isinstance(error.body, dict) else {}
            if error.type != "exceed_context_size_error":
                raise
            raise Rejected(
                f"{self._endpoint.name}: the prompt has {said.get('n_prompt_tokens')} tokens, the context {said.get('n_ctx')}: "
                "raise it with --model-option n_ctx=…, or show fewer --frames or less --memory"
            ) from None

    def read(self, content: bytes, prompt: Prompt) -> Answer:
        return replace(super().read(content, prompt), model_version=self._served.version)


@lru_cache(maxsize=256)
def answer_grammar(answer: type[BaseModel]) -> str:
    """llama.cpp's grammar of an answer: the fields in their order, all of them, nothing else, without idle white space."""
    # Where the build has llguidance it reads this; elsewhere it is not looked at.
    schema = bounded_schema(answer) | {"x-guidance": {"whitespace_flexible": False}}
    return str(load_xllamacpp().json_schema_to_grammar(json.dumps(schema)))


def build(name: str, options: ModelOptions) -> HttpModel:
    """The model in the file `name`, loaded and ready. `close` stops its server and frees its memory.

    Raises ModelSetupError for missing, wrong or unpaired files, options that make no sense, or xllamacpp not being installed.
    """
    if options.base_url is not None or options.serve:
        raise ModelSetupError(
            "llamacpp runs the model itself: leave out --base-url and --serve, or use compatible/NAME for a running server"
        )
    check_keys(options.extra, _KEYS, "llamacpp")
    local = LlamaSettings(**{key: _whole(key, text) for key, text in options.extra.items() if key in _BOUNDS})
    http = {key: text for key, text in options.extra.items() if key in _HTTP_KEYS}
    settings = read_settings(http, _HTTP_KEYS, "llamacpp", timeout_s=1800.0, max_attempts=2, concurrency=local.n_parallel)
    cache_prompt = _flag("cache_prompt", options.extra)
    files = find_files(name, options.extra.get("projector"))
    load_xllamacpp()  # before gigabytes are read
    served = _Served(files.version(), cache_prompt)
    server = LlamaServer(files, local)
    endpoint = Endpoint("llamacpp", name, server.base_url, server.key, "the server's own key", settings, FREE)
    return HttpModel(endpoint, LlamaChat(endpoint, served), on_close=server.stop)


def _whole(key: str, text: str) -> int:
    low, high = _BOUNDS[key]
    try:
        value = int(text)
    except ValueError:
        value = low - 1
    if not low <= value <= high:
        raise ModelSetupError(f"model option {key}={text[:60]!r} is not valid: it takes a whole number from {low} to {high}")
    return value


def _flag(key: str, extra: Mapping[str, str]) -> bool:
    text = extra.get(key, "false").strip().lower()
    if text not in ("true", "false"):
        raise ModelSetupError(f"model option {key}={text[:60]!r} is not valid: it takes true or false")
    return text == "true"
