"""`wordllama`: the text embedder that comes with the package, by name."""

from __future__ import annotations

from environments.embed import WordLlamaEmbedder, wordllama_embedder
from personas.errors import ModelSetupError

__all__ = ["build"]


def build(name: str, base_url: str | None) -> WordLlamaEmbedder:
    """The embedder called `wordllama`, or by its weights, as it calls itself. Raises ModelSetupError for other weights."""
    del base_url  # it asks no server
    if name not in {"wordllama", WordLlamaEmbedder.name}:
        raise ModelSetupError(f"{name[:80]!r} does not come with the package: write wordllama (its weights are {WordLlamaEmbedder.name})")
    return wordllama_embedder()
