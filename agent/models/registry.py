"""From `provider/name` to a model. Adding a provider is one new file with a `build` and one line in `PROVIDERS`.

Nothing heavy is imported here: a provider's module is imported when one of its models is made.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import cast

from agent.models.base import Model
from agent.models.base_urls import ANTHROPIC_URL, OPENAI_URL, BaseUrls
from personas.errors import ModelSetupError

__all__ = ["PROVIDERS", "ModelOptions", "ProviderEntry", "make_model", "resolved_base_url", "split_name"]


@dataclass(frozen=True)
class ModelOptions:
    """What the user said about the model besides its name.

    base_url  where its server listens, None for the provider's own; a `build` gets it resolved
    serve     start a server for it and stop that server at the end (`vllm` only)
    extra     `--model-option KEY=VALUE`, as written; each provider checks the keys it knows
    """

    base_url: str | None = None
    serve: bool = False
    extra: Mapping[str, str] = field(default_factory=dict)


Build = Callable[[str, ModelOptions], Model]


@dataclass(frozen=True)
class ProviderEntry:
    """Where a provider's `build(name, options) -> Model` is, as "module:function", and an example of a full model name.

    `needs_name` is false where the provider alone is a model; `serves` is true where it can start a server; `urls` says how its
    base URL is found, None where it has none. `answers_from`: what a synthetic respondent answers from, "" for a model.
    """

    target: str
    example: str
    needs_name: bool = True
    serves: bool = False
    urls: BaseUrls | None = None
    answers_from: str = ""

    def load(self) -> Build:
        """The provider's `build`, imported now."""
        module, _, function = self.target.partition(":")
        return cast(Build, getattr(importlib.import_module(module), function))


_OPENAI = BaseUrls("OPENAI_BASE_URL", official=OPENAI_URL)
_ANTHROPIC = BaseUrls("ANTHROPIC_BASE_URL", official=ANTHROPIC_URL)
_VLLM = BaseUrls("VLLM_BASE_URL", path="/v1")

PROVIDERS: dict[str, ProviderEntry] = {
    "openai": ProviderEntry("agent.models.openai:build", "openai/gpt-6.2-sol", urls=_OPENAI),
    "anthropic": ProviderEntry("agent.models.anthropic:build", "anthropic/claude-sonnet-5-5", urls=_ANTHROPIC),
    "vllm": ProviderEntry("agent.models.vllm:build", "vllm/Qwen/Qwen3-VL-8B-Instruct", serves=True, urls=_VLLM),
    "compatible": ProviderEntry("agent.models.compatible:build", "compatible/NAME", urls=BaseUrls()),
    "llamacpp": ProviderEntry("agent.models.llamacpp:build", "llamacpp/PATH.gguf"),
    "reader": ProviderEntry("agent.models.reader:build", "reader", needs_name=False),
    "scripted": ProviderEntry("agent.models.scripted:build", "scripted/FILE", answers_from="a script"),
    "planted": ProviderEntry("agent.models.planted:build", "planted/persona", answers_from="planted labels"),
    "keyed": ProviderEntry("agent.models.keyed:build", "keyed/right", answers_from="the key"),
    "polled": ProviderEntry("agent.models.polled:build", "polled/truth", answers_from="the people's own answers"),
    "rated": ProviderEntry("agent.models.rated:build", "rated/truth", answers_from="the people's own ratings"),
    "scripted-curator": ProviderEntry("agent.models.scripted_curator:build", "scripted-curator", needs_name=False, answers_from="a script"),
    "scripted-judge": ProviderEntry("agent.models.scripted_judge:build", "scripted-judge/exact", answers_from="the design's labels"),
    "noisy-judge": ProviderEntry(
        "agent.models.noisy_judge:build", "noisy-judge/sensitivity=0.8:specificity=0.95", answers_from="the design's labels"
    ),
}


def split_name(name: str) -> tuple[str, str]:
    """`(provider, rest)`, split at the first slash. Raises ModelSetupError for an unknown provider or a missing rest."""
    provider, _, rest = name.strip().partition("/")
    entry = PROVIDERS.get(provider)
    if entry is None:
        raise ModelSetupError(f"unknown model provider {provider[:60]!r}: write PROVIDER/NAME with one of {', '.join(sorted(PROVIDERS))}")
    if entry.needs_name and not rest.strip():
        raise ModelSetupError(f"{name.strip()!r} names no model: write {provider}/NAME, such as {entry.example}")
    return provider, rest.strip()


def resolved_base_url(name: str, options: ModelOptions) -> str | None:
    """The base URL that `make_model` would use, from the options or the environment, in the form in which it is used.

    None means the provider's official address, a server of the session's own, a model within the process, or none named where one
    is needed (`make_model` says so). The same URL given as an option resolves to itself. Raises ModelSetupError for what is no base URL.
    """
    urls = PROVIDERS[split_name(name)[0]].urls
    if urls is None or (options.serve and options.base_url is None):
        return None
    return urls.resolve(options.base_url)


def make_model(name: str, options: ModelOptions | None = None) -> Model:
    """The model called `provider/name`. Raises ModelSetupError for whatever the user can fix: provider, name, key, URL, options."""
    provider, rest = split_name(name)
    options = options or ModelOptions()
    if options.serve and not PROVIDERS[provider].serves:
        raise ModelSetupError(f"{provider} starts no server: leave out --serve")
    if PROVIDERS[provider].urls is not None:
        options = replace(options, base_url=resolved_base_url(name, options))
    return PROVIDERS[provider].load()(rest, options)
