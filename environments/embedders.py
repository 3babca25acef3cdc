"""From the words a user types to an embedder. Adding one is a module with a `build` and one line in `EMBEDDERS`.

Nothing heavy is imported here: an embedder's module is imported when one is made. Those that ask a server stand in `agent`, above
this package, and are named only.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, cast

from personas.errors import ModelSetupError

if TYPE_CHECKING:
    from environments.embed import Embedder

__all__ = ["EMBEDDERS", "EmbedderEntry", "make_embedder"]


@dataclass(frozen=True)
class EmbedderEntry:
    """Where the `build(name, base_url) -> Embedder` of a kind is, as "module:function", and an example of a full name.

    `build` gets the name as it was typed, kind included. `needs_name`: a model must follow the kind; `served`: it takes a base URL.
    """

    target: str
    example: str
    needs_name: bool = True
    served: bool = False

    def load(self) -> Callable[[str, str | None], Embedder]:
        """The kind's `build`, imported now."""
        module, _, function = self.target.partition(":")
        return cast("Callable[[str, str | None], Embedder]", getattr(import_module(module), function))


_SERVER = "agent.models.embeddings:build"

EMBEDDERS: Mapping[str, EmbedderEntry] = {
    "wordllama": EmbedderEntry("environments.embedding.wordllama:build", "wordllama", needs_name=False),
    "clip": EmbedderEntry("environments.embedding.clip:build", "clip/openai/clip-vit-base-patch32"),
    "openai": EmbedderEntry(_SERVER, "openai/text-embedding-3-small", served=True),
    "vllm": EmbedderEntry(_SERVER, "vllm/Qwen/Qwen3-Embedding-0.6B", served=True),
    "compatible": EmbedderEntry(_SERVER, "compatible/NAME", served=True),
}
"""The first word of a name, and what it stands for."""


def make_embedder(name: str, *, base_url: str | None = None) -> Embedder:
    """The embedder called `name`; its own `name` is one that this function takes. Only `clip` takes pictures (`ImageEmbedder`).

    Blocks while weights load (`clip`: seconds, and a download the first time) or while a server says how long its vectors are.
    Raises ModelSetupError for what the user can fix, ModelError where a server does not answer.
    """
    typed = name.strip()
    kind, _, model = typed.partition("/")
    entry = EMBEDDERS.get(kind)
    if entry is None:
        choices = ", ".join(each.example for each in EMBEDDERS.values())
        raise ModelSetupError(f"unknown embedder {typed[:80]!r}: give one like {choices}")
    if entry.needs_name and not model.strip():
        raise ModelSetupError(f"{typed!r} names no model: write {kind}/NAME, such as {entry.example}")
    if base_url is not None and not entry.served:
        raise ModelSetupError(f"the embedder {kind} asks no server: leave out the base URL")
    return entry.load()(typed, base_url)
