"""Writes a tiny vision-language model with random weights as two GGUF files, so that tests can run the real llama.cpp on it.

A two-layer Llama text model (347 tokens, width 64) and a two-layer CLIP encoder with a LLaVA projector: under 1 MB, ready in
milliseconds. It understands nothing, but it looks at pixels: its answers depend on the picture. One dimension of the residual
stream is a constant, which the output layer uses as a bias towards short strings of plain letters; without it a random model
writes control characters and sentences without end.
"""

from __future__ import annotations

import string
from dataclasses import dataclass
from pathlib import Path

import gguf
import numpy as np
from numpy.typing import NDArray

__all__ = ["CONTEXT", "TinyVlm", "write_tiny_vlm"]

Array = NDArray[np.float32]

WIDTH, FEED_FORWARD, LAYERS, HEADS, KV_HEADS = 64, 128, 2, 4, 2
CONTEXT = 4096
IMAGE_SIZE, PATCH = 56, 14
EOS = 2
WORDS = ("watch", "skip", "like", "action", "reason", "video", "\u2581the", "\u2581a", "\u2581to", "\u2581and")
CHARACTERS = "\u2581" + string.ascii_letters + string.digits + ".,:;!?{}[]\"'-_/"
TEMPLATE = (
    "{% for m in messages %}{{ m['role'] + ': ' + m['content'] + '\\n' }}{% endfor %}{% if add_generation_prompt %}assistant: {% endif %}"
)


@dataclass(frozen=True)
class TinyVlm:
    """Where the two files are."""

    model: Path
    projector: Path


def write_tiny_vlm(folder: Path, seed: int = 0) -> TinyVlm:
    """Write `tiny-vlm.gguf` and `tiny-vlm-mmproj.gguf` into `folder`. The same seed gives the same weights."""
    files = TinyVlm(folder / "tiny-vlm.gguf", folder / "tiny-vlm-mmproj.gguf")
    random = np.random.default_rng(seed)
    _finish(_text_model(files.model, random))
    _finish(_projector(files.projector, random))
    return files


def _text_model(path: Path, random: np.random.Generator) -> gguf.GGUFWriter:
    writer = gguf.GGUFWriter(str(path), "llama")
    writer.add_name("tiny random vision-language model")
    writer.add_context_length(CONTEXT)
    writer.add_embedding_length(WIDTH)
    writer.add_block_count(LAYERS)
    writer.add_feed_forward_length(FEED_FORWARD)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(KV_HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_dimension_count(WIDTH // HEADS)
    writer.add_file_type(gguf.LlamaFileType.ALL_F32)
    tokens = _add_tokenizer(writer)
    writer.add_chat_template(TEMPLATE)
    _add_text_weights(writer, tokens, random)
    return writer


def _add_tokenizer(writer: gguf.GGUFWriter) -> list[str]:
    """A SentencePiece-style vocabulary: three control tokens, all bytes, single characters, a few words."""
    special = ["<unk>", "<s>", "</s>"]
    in_bytes = [f"<0x{byte:02X}>" for byte in range(256)]
    normal = [*CHARACTERS, *WORDS]
    tokens = special + in_bytes + normal
    kinds = [gguf.TokenType.UNKNOWN, gguf.TokenType.CONTROL, gguf.TokenType.CONTROL]
    kinds += [gguf.TokenType.BYTE] * len(in_bytes) + [gguf.TokenType.NORMAL] * len(normal)
    writer.add_vocab_size(len(tokens))
    writer.add_tokenizer_model("llama")
    writer.add_token_list([token.encode() for token in tokens])
    writer.add_token_scores([0.0] * (len(tokens) - len(normal)) + [-float(rank) for rank in range(len(normal))])
    writer.add_token_types([int(kind) for kind in kinds])
    writer.add_unk_token_id(0)
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(EOS)
    writer.add_add_bos_token(True)
    writer.add_add_space_prefix(False)
    return tokens


def _output_bias(tokens: list[str]) -> Array:
    """How much the output layer favours each token.

    Plain letters over bytes and spaces; the quote and the comma, which end strings and numbers; small digits over what would lead a
    number out of 0..5, because a grammar need not hold the bounds of numbers.
    """
    bias = np.full(len(tokens), -30.0, np.float32)
    for index, token in enumerate(tokens):
        if token in WORDS or (len(token) == 1 and token in CHARACTERS):
            bias[index] = 0.0
    for character, favour in {"\u2581": -6.0, '"': 5.0, ",": 7.0, "0": 4.0, "1": 4.0, "-": -8.0, ".": -2.0, "e": -8.0, "E": -8.0}.items():
        bias[tokens.index(character)] = favour
    for digit in "6789":
        bias[tokens.index(digit)] = -8.0
    bias[EOS] = 0.0
    return bias


def _add_text_weights(writer: gguf.GGUFWriter, tokens: list[str], random: np.random.Generator) -> None:
    embedding = _noise(random, len(tokens), WIDTH)
    embedding[:, 0] = 1.0  # the constant dimension: no layer below writes to it
    output = _noise(random, len(tokens), WIDTH)
    output[:, 0] = _output_bias(tokens)
    writer.add_tensor("token_embd.weight", embedding)
    writer.add_tensor("output_norm.weight", np.ones(WIDTH, np.float32))
    writer.add_tensor("output.weight", output)
    for layer in range(LAYERS):
        block = f"blk.{layer}."
        shapes = {
            "attn_q": (WIDTH, WIDTH),
            "attn_k": (WIDTH // HEADS * KV_HEADS, WIDTH),
            "attn_v": (WIDTH // HEADS * KV_HEADS, WIDTH),
            "attn_output": (WIDTH, WIDTH),
            "ffn_gate": (FEED_FORWARD, WIDTH),
            "ffn_up": (FEED_FORWARD, WIDTH),
            "ffn_down": (WIDTH, FEED_FORWARD),
        }
        for name, shape in shapes.items():
            weight = _noise(random, *shape)
            if name in ("attn_output", "ffn_down"):
                weight[0] = 0.0
            writer.add_tensor(f"{block}{name}.weight", weight)
        for name in ("attn_norm", "ffn_norm"):
            writer.add_tensor(f"{block}{name}.weight", np.ones(WIDTH, np.float32))


def _projector(path: Path, random: np.random.Generator) -> gguf.GGUFWriter:
    """A CLIP vision tower and LLaVA-1.5's two-layer projector onto the text model's width."""
    writer = gguf.GGUFWriter(str(path), "clip")
    writer.add_type("mmproj")
    writer.add_file_type(gguf.LlamaFileType.ALL_F32)
    writer.add_bool("clip.has_vision_encoder", True)
    writer.add_bool("clip.has_text_encoder", False)
    writer.add_bool("clip.has_llava_projector", True)
    writer.add_bool("clip.use_gelu", False)
    writer.add_string("clip.projector_type", "mlp")
    sizes = {
        "image_size": IMAGE_SIZE,
        "patch_size": PATCH,
        "embedding_length": WIDTH,
        "feed_forward_length": FEED_FORWARD,
        "block_count": LAYERS,
        "attention.head_count": HEADS,
        "projection_dim": WIDTH,
    }
    for name, size in sizes.items():
        writer.add_uint32(f"clip.vision.{name}", size)
    writer.add_float32("clip.vision.attention.layer_norm_epsilon", 1e-5)
    writer.add_array("clip.vision.image_mean", [0.48, 0.46, 0.41])
    writer.add_array("clip.vision.image_std", [0.27, 0.26, 0.28])
    _add_vision_weights(writer, random)
    return writer


def _add_vision_weights(writer: gguf.GGUFWriter, random: np.random.Generator) -> None:
    patches = (IMAGE_SIZE // PATCH) ** 2
    writer.add_tensor("v.class_embd", _noise(random, WIDTH))
    writer.add_tensor("v.patch_embd.weight", _noise(random, WIDTH, 3, PATCH, PATCH))
    writer.add_tensor("v.position_embd.weight", _noise(random, patches + 1, WIDTH))
    for name in ("v.pre_ln", "v.post_ln"):
        _add_norm(writer, name)
    for layer in range(LAYERS):
        block = f"v.blk.{layer}."
        for name in ("attn_q", "attn_k", "attn_v", "attn_out"):
            _add_linear(writer, random, block + name, WIDTH, WIDTH)
        for name in ("ln1", "ln2"):
            _add_norm(writer, block + name)
        # In this format the tensor called "down" comes first: it widens.
        _add_linear(writer, random, block + "ffn_down", FEED_FORWARD, WIDTH)
        _add_linear(writer, random, block + "ffn_up", WIDTH, FEED_FORWARD)
    _add_linear(writer, random, "mm.0", WIDTH, WIDTH)
    _add_linear(writer, random, "mm.2", WIDTH, WIDTH)


def _add_norm(writer: gguf.GGUFWriter, name: str) -> None:
    writer.add_tensor(f"{name}.weight", np.ones(WIDTH, np.float32))
    writer.add_tensor(f"{name}.bias", np.zeros(WIDTH, np.float32))


def _add_linear(writer: gguf.GGUFWriter, random: np.random.Generator, name: str, out: int, inward: int) -> None:
    writer.add_tensor(f"{name}.weight", _noise(random, out, inward))
    writer.add_tensor(f"{name}.bias", np.zeros(out, np.float32))


def _noise(random: np.random.Generator, *shape: int) -> Array:
    return (random.standard_normal(shape) * 0.15).astype(np.float32)


def _finish(writer: gguf.GGUFWriter) -> None:
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
