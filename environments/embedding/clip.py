"""`clip/NAME`: texts and pictures in one space, by a CLIP-family model of the `transformers` package (CLIP, SigLIP, SigLIP 2, …).

Radford et al. 2021 (arXiv:2103.00020), Zhai et al. 2023 (arXiv:2303.15343). Pictures are prepared by Pillow, whether torchvision is
there or not, so that vectors do not depend on what is installed.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from environments.embedding.weights import load_model, load_part, load_transformers, loading, model_folder
from personas.errors import FeedError, ModelSetupError

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["ClipEmbedder", "build"]

_SIGLIP = ("siglip", "siglip2")


class ClipEmbedder:
    """Both halves of one model; `name` is clip/MODEL, `dim` the length of its shared space. Safe to call from threads, one at a time.

    model   a folder, or OWNER/MODEL[@REVISION] on Hugging Face
    batch   texts or pictures a forward pass
    """

    def __init__(self, model: str, *, batch: int = 32) -> None:
        transformers = load_transformers(f"clip/{model}")
        folder = model_folder(model)
        self.name = f"clip/{model}"
        self._batch = batch
        self._lock = Lock()  # the tokenizer keeps its padding in itself
        with loading(self.name):
            config = load_part(transformers.AutoConfig, folder)
            self._model = load_model(transformers.AutoModel, folder, self.name)
            if not (hasattr(self._model, "get_text_features") and hasattr(self._model, "get_image_features")):
                raise ModelSetupError(
                    f"{self.name} is of type {config.model_type}, which has no space for texts and pictures: take a CLIP or SigLIP"
                )
            self._tokenizer = load_part(transformers.AutoTokenizer, folder)
            self._pictures = load_part(transformers.AutoImageProcessor, folder, backend="pil")
            self._siglip = config.model_type in _SIGLIP
            self._longest = int(min(config.text_config.max_position_embeddings, self._tokenizer.model_max_length))
            self.dim = self._text_rows(["a"]).shape[1]

    def embed_texts(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """See `environments.embed.Embedder`; an empty text is a row of zeros, and what is longer than the model reads is cut off."""
        rows = np.zeros((len(texts), self.dim), dtype=np.float32)
        told = [index for index, text in enumerate(texts) if text.strip()]
        # In order of length, for a batch is padded to its longest text.
        told.sort(key=lambda index: len(texts[index]))
        for chosen in _batches(told, self._batch):
            rows[chosen] = self._text_rows([texts[index].encode("utf-8", "replace").decode("utf-8") for index in chosen])
        return rows

    def embed_images(self, jpegs: Sequence[bytes]) -> NDArray[np.float32]:
        """See `environments.embed.ImageEmbedder`. Raises FeedError for what is no whole picture."""
        rows = np.zeros((len(jpegs), self.dim), dtype=np.float32)
        for chosen in _batches(range(len(jpegs)), self._batch):
            pictures = [_picture(jpegs[index], f"picture {index + 1} of {len(jpegs)}") for index in chosen]
            inputs = self._pictures(images=pictures, return_tensors="pt")
            rows[chosen] = self._features(self._model.get_image_features, inputs)
        return rows

    def _text_rows(self, texts: Sequence[str]) -> NDArray[np.float32]:
        # SigLIP learned lower-case texts, padded to the full length, and looked at the padding; CLIP masks it.
        asked = [text.lower() for text in texts] if self._siglip else list(texts)
        padding = "max_length" if self._siglip else True
        with self._lock:
            inputs = dict(self._tokenizer(asked, padding=padding, truncation=True, max_length=self._longest, return_tensors="pt"))
        if self._siglip:
            inputs.pop("attention_mask", None)
        return self._features(self._model.get_text_features, inputs)

    def _features(self, function: Any, inputs: Mapping[str, Any]) -> NDArray[np.float32]:
        """Rows of length 1 from one forward pass."""
        import torch  # noqa: PLC0415 - loads when used

        with torch.inference_mode():
            found = function(**{name: tensor.to(self._model.device) for name, tensor in inputs.items()})
        vectors: NDArray[np.float32] = getattr(found, "pooler_output", found).float().cpu().numpy()
        if not np.isfinite(vectors).all():
            raise ModelSetupError(f"{self.name} gives vectors that are not finite: its weights are damaged")
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        unit: NDArray[np.float32] = np.divide(vectors, lengths, out=np.zeros_like(vectors), where=lengths > 1e-12)
        return unit


def build(name: str, base_url: str | None) -> ClipEmbedder:
    """The embedder called clip/MODEL. Raises ModelSetupError for whatever is wrong with the model or the installation."""
    del base_url  # it asks no server
    return ClipEmbedder(name.partition("/")[2])


def _batches(indices: Sequence[int], size: int) -> Iterator[list[int]]:
    for start in range(0, len(indices), size):
        yield list(indices[start : start + size])


def _picture(jpeg: bytes, name: str) -> Image.Image:
    try:
        with Image.open(io.BytesIO(jpeg), formats=("JPEG", "PNG", "WEBP")) as image:
            return image.convert("RGB")
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise FeedError(f"{name} cannot be read ({type(error).__name__}): it is damaged, or no JPEG") from None
