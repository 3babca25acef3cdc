"""From `provider/name` to a model. Adding a provider is one new file with a `build` and one line in `PROVIDERS`.

Nothing heavy is imported here: a provider's module is imported when one of its models is made.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import cast

from agent.models.base import Model
from personas.errors import ModelSetupError

__all__ = ["PROVIDERS", "ModelOptions", "ProviderEntry", "make_model", "split_name"]


@dataclass(frozen=True)
class ModelOptions:
    """What the user said about the model besides its name.

    base_url  where its server listens, None for the provider's own
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

    `needs_name` is false where the provider alone is a model; `serves` is true where it can start a server.
    """

    target: str
    example: str
    needs_name: bool = True
    serves: bool = False

    def load(self) -> Build:
        """The provider's `build`, imported now."""
        module, _, function = self.target.partition(":")
        return cast(Build, getattr(importlib.import_module(module), function))


PROVIDERS: dict[str, ProviderEntry] = {
    "openai": ProviderEntry("agent.models.openai:build", "openai/gpt-6.2-sol"),
    "anthropic": ProviderEntry("agent.models.anthropic:build", "anthropic/claude-sonnet-5-5"),
    "vllm": ProviderEntry("agent.models.vllm:build", "vllm/Qwen/Qwen3-VL-8B-Instruct", serves=True),
    "compatible": ProviderEntry("agent.models.compatible:build", "compatible/NAME"),
    "llamacpp": ProviderEntry("agent.models.llamacpp:build", "llamacpp/PATH.gguf"),
    "reader": ProviderEntry("agent.models.reader:build", "reader", needs_name=False),
    "scripted": ProviderEntry("agent.models.scripted:build", "scripted/FILE"),
    "planted": ProviderEntry("agent.models.planted:build", "planted/persona"),
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


def make_model(name: str, options: ModelOptions | None = None) -> Model:
    """The model called `provider/name`. Raises ModelSetupError for whatever the user can fix: provider, name, key, URL, options."""
    provider, rest = split_name(name)
    options = options or ModelOptions()
    if options.serve and not PROVIDERS[provider].serves:
        raise ModelSetupError(f"{provider} starts no server: leave out --serve")
    return PROVIDERS[provider].load()(rest, options)
