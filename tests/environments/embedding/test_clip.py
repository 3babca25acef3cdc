"""CLIP, SigLIP and SigLIP 2 with tiny random weights, by the code that loads real ones."""

from __future__ import annotations

import io
import json
import os
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from environments.embed import ImageEmbedder
from environments.embedders import make_embedder
from environments.embedding.clip import ClipEmbedder
from personas.errors import FeedError, ModelSetupError
from tests.environments.embedding.tiny_models import NEEDS_TORCH

pytestmark = NEEDS_TORCH

KINDS = ("clip", "siglip", "siglip2")
DIMS = {"clip": 24, "siglip": 32, "siglip2": 32}
TEXTS = ["cat soup", "Kitchen by the SEA", "a dog", "mountain football " * 9]
Tiny = Callable[[str], Path]


def jpeg(seed: int, width: int = 90, height: int = 160) -> bytes:
    noise = np.random.default_rng(seed).integers(0, 255, (height // 10, width // 10, 3), dtype=np.uint8)
    out = io.BytesIO()
    Image.fromarray(noise).resize((width, height)).save(out, "JPEG")
    return out.getvalue()


PICTURES = [jpeg(seed, 90 + 20 * seed) for seed in range(5)]


def made(folder: Path, batch: int = 32) -> ClipEmbedder:
    return ClipEmbedder(str(folder), batch=batch)


@pytest.mark.parametrize("kind", KINDS)
def test_texts_and_pictures_are_unit_vectors_in_one_space(tiny: Tiny, kind: str) -> None:
    """float32 rows of length 1 and of the model's dimension, in order; an empty text is zeros; another model object says the same."""
    name = f"clip/{tiny(kind)}"
    embedder = make_embedder(name)
    assert isinstance(embedder, ImageEmbedder)
    assert (embedder.name, embedder.dim) == (name, DIMS[kind])
    texts, pictures = embedder.embed_texts([*TEXTS, " "]), embedder.embed_images(PICTURES)
    assert texts.dtype == pictures.dtype == np.float32
    assert (texts.shape, pictures.shape) == ((5, embedder.dim), (5, embedder.dim))
    assert np.allclose(np.linalg.norm(texts[:4], axis=1), 1, atol=1e-5)
    assert np.allclose(np.linalg.norm(pictures, axis=1), 1, atol=1e-5)
    assert not texts[4].any()
    assert len({row.tobytes() for row in (*texts, *pictures)}) == 10
    again = made(tiny(kind))
    assert np.array_equal(again.embed_texts([*TEXTS, " "]), texts)
    assert np.array_equal(again.embed_images(PICTURES), pictures)
    assert embedder.embed_texts([]).shape == embedder.embed_images([]).shape == (0, embedder.dim)


@pytest.mark.parametrize("kind", KINDS)
def test_a_vector_does_not_depend_on_its_batch(tiny: Tiny, kind: str) -> None:
    """Alone, in twos or all together: the same within 1e-4."""
    whole, alone = made(tiny(kind)), made(tiny(kind), batch=1)
    assert np.allclose(alone.embed_texts(TEXTS), whole.embed_texts(TEXTS), atol=1e-4)
    assert np.allclose(alone.embed_images(PICTURES), whole.embed_images(PICTURES), atol=1e-4)
    assert np.allclose(whole.embed_texts(TEXTS[::-1])[::-1], whole.embed_texts(TEXTS), atol=1e-4)


@pytest.mark.parametrize("kind", KINDS)
def test_the_vector_is_the_one_of_the_library(tiny: Tiny, kind: str) -> None:
    """Against the model's own classes, called as their documentation says."""
    import torch
    import transformers

    folder = tiny(kind)
    named = {"clip": "CLIP", "siglip": "Siglip", "siglip2": "Siglip2"}[kind]
    model = getattr(transformers, f"{named}Model").from_pretrained(folder)
    pictures = getattr(transformers, f"{named}ImageProcessorPil").from_pretrained(folder)
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    padding = True if kind == "clip" else "max_length"
    with torch.no_grad():
        tokens = tokenizer(TEXTS[:3], padding=padding, truncation=True, return_tensors="pt")
        if kind != "clip":  # trained without a mask
            del tokens["attention_mask"]
        texts = model.get_text_features(**tokens).pooler_output
        shown = pictures([Image.open(io.BytesIO(jpeg)) for jpeg in PICTURES[:3]], return_tensors="pt")
        images = model.get_image_features(**shown).pooler_output
    embedder = made(folder)
    for rows, found in ((texts, embedder.embed_texts(TEXTS[:3])), (images, embedder.embed_images(PICTURES[:3]))):
        assert np.allclose((rows / rows.norm(dim=-1, keepdim=True)).numpy(), found, atol=1e-5)


def test_threads_share_a_model(tiny: Tiny) -> None:
    """Texts of different lengths asked for at once from four threads come out as they do alone."""
    embedder = made(tiny("clip"))
    alone = [embedder.embed_texts([text]) for text in TEXTS]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda n: embedder.embed_texts([TEXTS[n % 4]]), range(24)))
    assert all(np.allclose(rows, alone[n % 4], atol=1e-5) for n, rows in enumerate(found))


@pytest.mark.parametrize("data", [b"", b"no picture", PICTURES[0][:700], b"\xff\xd8\xff\xe0" + bytes(50)])
def test_a_broken_picture_is_one_line(tiny: Tiny, data: bytes) -> None:
    """What is cut short or no picture at all is named by its place, and no vector is made up for it."""
    with pytest.raises(FeedError, match="picture 2 of 3 cannot be read") as caught:
        made(tiny("clip")).embed_images([PICTURES[0], data, PICTURES[1]])
    assert "\n" not in str(caught.value)


def test_odd_texts_are_taken(tiny: Tiny) -> None:
    """Broken UTF-8, other scripts and the tokenizer's own marks give vectors, not errors."""
    rows = made(tiny("siglip")).embed_texts(["\udcff broken", "海辺の朝 🌅", "<pad> <end>", "\0"])
    assert np.isfinite(rows).all()


def copied(source: Path, to: Path) -> Path:
    shutil.copytree(source, to, dirs_exist_ok=True)
    return to


class Mine:
    """Leaves a mark where somebody unpickles it."""

    def __init__(self, mark: Path) -> None:
        self.mark = str(mark)

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, (self.mark,)


def test_pickled_weights_are_refused(tiny: Tiny, tmp_path: Path) -> None:
    """A folder with pickled weights only is not loaded, and what is in the pickle does not run."""
    import torch

    folder = copied(tiny("clip"), tmp_path / "model")
    (folder / "model.safetensors").unlink()
    torch.save(Mine(tmp_path / "mark"), folder / "pytorch_model.bin")
    with pytest.raises(ModelSetupError, match="pickled ones"):
        made(folder)
    assert not (tmp_path / "mark").exists()


def test_code_of_a_model_does_not_run(tiny: Tiny, tmp_path: Path) -> None:
    """A model that brings its own classes is loaded with the library's, or refused; its files are not imported."""
    folder = copied(tiny("clip"), tmp_path / "model")
    (folder / "evil.py").write_text(f"import os\nos.mkdir({str(tmp_path / 'mark')!r})\nclass Evil: pass\n", encoding="utf-8")
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    auto = {"AutoConfig": "evil.Evil", "AutoModel": "evil.Evil", "AutoTokenizer": ["evil.Evil", None], "AutoImageProcessor": "evil.Evil"}
    (folder / "config.json").write_text(json.dumps(config | {"auto_map": auto}), encoding="utf-8")
    assert made(folder).dim == 24
    (folder / "config.json").write_text(json.dumps(config | {"auto_map": auto, "model_type": "evil"}), encoding="utf-8")
    with pytest.raises(ModelSetupError) as caught:
        made(folder)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "mark").exists()


def cut_weights(folder: Path) -> None:
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:5000])


def drop_weights(folder: Path) -> None:
    from safetensors.numpy import load_file, save_file

    kept = {name: rows for name, rows in load_file(folder / "model.safetensors").items() if name != "visual_projection.weight"}
    save_file(kept, folder / "model.safetensors", metadata={"format": "pt"})


def change_shape(folder: Path) -> None:
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    (folder / "config.json").write_text(json.dumps(config | {"projection_dim": 25}), encoding="utf-8")


def drop_tokenizer(folder: Path) -> None:
    (folder / "tokenizer.json").write_text("{", encoding="utf-8")


def drop_config(folder: Path) -> None:
    (folder / "config.json").unlink()


def make_nonsense(folder: Path) -> None:
    (folder / "config.json").write_text('{"model_type": "clip", "text_config": {"hidden_size": "many"}}', encoding="utf-8")


def make_whisper(folder: Path) -> None:
    (folder / "config.json").write_text('{"model_type": "bert", "hidden_size": 32, "num_attention_heads": 4}', encoding="utf-8")


@pytest.mark.parametrize("spoil", [cut_weights, drop_weights, change_shape, drop_tokenizer, drop_config, make_nonsense, make_whisper])
def test_a_damaged_model_is_one_line(tiny: Tiny, tmp_path: Path, spoil: Callable[[Path], None]) -> None:
    """Weights cut short, missing, or of another shape, a broken tokenizer, a missing or senseless configuration: said, never filled in."""
    folder = copied(tiny("clip"), tmp_path / "model")
    spoil(folder)
    with pytest.raises(ModelSetupError) as caught:
        made(folder)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 500
