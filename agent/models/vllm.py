"""`vllm/HF-ID`: a running vLLM server at `--base-url` or VLLM_BASE_URL, or one that is started for the session and stopped after it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from agent.models.base_urls import is_loopback
from agent.models.chat import CHAT_KEYS
from agent.models.endpoint import Endpoint, find_key
from agent.models.given_texts import GivenTexts, ScoringHttpModel
from agent.models.prices import price_for
from agent.models.settings import HTTP_KEYS, Settings, read_settings
from agent.models.vllm_server import VllmServer
from personas.errors import ModelSetupError

if TYPE_CHECKING:
    from agent.models.registry import ModelOptions

__all__ = ["build"]

_SECRET_FLAGS = {"--api-key": "VLLM_API_KEY", "--hf-token": "HF_TOKEN"}
_SHORTEST = len("--hf")
_KEYS = ("VLLM_API_KEY", "AXIOFEED_API_KEY")


def build(name: str, options: ModelOptions) -> ScoringHttpModel:
    """The model `name` on a vLLM server; free on this machine. With `options.serve` the first question starts one, and waits for it.

    Raises ModelSetupError for a missing base URL, a key among the server's arguments, or vLLM not being installed.
    """
    settings = read_settings(options.extra, (*HTTP_KEYS, *CHAT_KEYS, "serve_args", "serve_timeout_s"), "vllm")
    _refuse_secrets(settings.serve_args)
    if options.serve:
        return _served(name, options, settings)
    if options.base_url is None:
        raise ModelSetupError("vllm needs --base-url or VLLM_BASE_URL, such as http://127.0.0.1:8000/v1, or --serve to start a server")
    endpoint = _endpoint(name, options.base_url, settings)
    return ScoringHttpModel(endpoint, GivenTexts(endpoint))


def _served(name: str, options: ModelOptions, settings: Settings) -> ScoringHttpModel:
    if options.base_url is not None:
        raise ModelSetupError("give either --serve or --base-url: --serve starts a server of its own")
    server = VllmServer(name, settings.serve_args)
    endpoint = _endpoint(name, server.base_url, settings)
    # The first question starts it: a model that is only looked at, as in a dry run, loads no weights.
    return ScoringHttpModel(
        endpoint, GivenTexts(endpoint), on_close=server.stop, ready=partial(server.wait_until_ready, settings.serve_timeout_s)
    )


def _refuse_secrets(arguments: Sequence[str]) -> None:
    """Model options are written into run folders: they may hold no key. Raises ModelSetupError, also for shortened flags."""
    for argument in arguments:
        flag = argument.partition("=")[0].replace("_", "-")
        for secret, variable in _SECRET_FLAGS.items():
            if len(flag) > _SHORTEST and secret.startswith(flag):
                raise ModelSetupError(f"leave {secret} out of serve_args, which are stored with the run: set {variable} in the environment")


def _endpoint(name: str, base_url: str, settings: Settings) -> Endpoint:
    price = price_for(f"vllm/{name}", settings, local=is_loopback(base_url))
    return Endpoint("vllm", name, base_url, find_key(*_KEYS), _KEYS[0], settings, price)
