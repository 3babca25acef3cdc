"""`vllm/HF-ID`: a running vLLM server at `--base-url` or VLLM_BASE_URL, or one that is started for the session and stopped after it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from agent.models.chat import CHAT_KEYS, ChatCompletions
from agent.models.endpoint import Endpoint, checked_url, find_key, is_loopback
from agent.models.http_model import HttpModel
from agent.models.prices import price_for
from agent.models.settings import HTTP_KEYS, Settings, read_settings
from agent.models.vllm_server import VllmServer
from personas.errors import ModelSetupError

if TYPE_CHECKING:
    from agent.models.registry import ModelOptions

__all__ = ["build"]

_KEYS = ("VLLM_API_KEY", "AXIOFEED_API_KEY")


def build(name: str, options: ModelOptions) -> HttpModel:
    """The model `name` on a vLLM server; free on this machine. With `options.serve` this waits until the server is ready.

    Raises ModelSetupError for a missing base URL, vLLM not being installed, or a server that does not come up.
    """
    settings = read_settings(options.extra, (*HTTP_KEYS, *CHAT_KEYS, "serve_args", "serve_timeout_s"), "vllm")
    if options.serve:
        return _served(name, options, settings)
    base_url = options.base_url or os.environ.get("VLLM_BASE_URL")
    if not base_url:
        raise ModelSetupError("vllm needs --base-url or VLLM_BASE_URL, such as http://127.0.0.1:8000/v1, or --serve to start a server")
    endpoint = _endpoint(name, checked_url(base_url), settings)
    return HttpModel(endpoint, ChatCompletions(endpoint))


def _served(name: str, options: ModelOptions, settings: Settings) -> HttpModel:
    if options.base_url is not None:
        raise ModelSetupError("give either --serve or --base-url: --serve starts a server of its own")
    server = VllmServer(name, settings.serve_args)
    server.wait_until_ready(settings.serve_timeout_s)
    endpoint = _endpoint(name, server.base_url, settings)
    return HttpModel(endpoint, ChatCompletions(endpoint), on_close=server.stop)


def _endpoint(name: str, base_url: str, settings: Settings) -> Endpoint:
    if urlsplit(base_url).path in ("", "/"):
        base_url += "/v1"
    price = price_for(f"vllm/{name}", settings, local=is_loopback(base_url))
    return Endpoint("vllm", name, base_url, find_key(*_KEYS), _KEYS[0], settings, price)
