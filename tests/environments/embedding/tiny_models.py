"""Writes tiny models with random weights in the layout of the `transformers` package: CLIP, SigLIP, SigLIP 2 and Whisper.

They understand nothing; the same seed gives the same weights. Their tokenizers are made here, too: nothing is downloaded.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

__all__ = ["LANGUAGES", "NEEDS_TORCH", "WHISPER_LENGTH", "write_clip", "write_siglip", "write_siglip2", "write_whisper"]

NEEDS_TORCH = pytest.mark.skipif(
    find_spec("torch") is None or find_spec("transformers") is None,
    reason="the extra `transformers` (torch, transformers) is not installed",
)

TEXT: dict[str, Any] = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4}
VISION: dict[str, Any] = {**TEXT, "image_size": 32, "patch_size": 8}
WORDS = ("cat", "dog", "soup", "sea", "kitchen", "mountain", "football")


def _word_level(folder: Path, length: int, *, ends: tuple[str, str]) -> int:
    """A tokenizer that knows a few words and all letters; returns the size of its vocabulary. `ends` open and close each text."""
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    start, end = ends
    pieces = ["<pad>", "<unk>", start, end, *WORDS, *(chr(code) for code in range(33, 127)), *(f"##{chr(code)}" for code in range(33, 127))]
    vocabulary = {piece: number for number, piece in enumerate(dict.fromkeys(pieces))}
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="<unk>"))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{start} $A {end}", special_tokens=[(start, vocabulary[start]), (end, vocabulary[end])]
    )
    wrapped = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, model_max_length=length, bos_token=start, eos_token=end, pad_token="<pad>", unk_token="<unk>"
    )
    wrapped.save_pretrained(folder)
    return len(vocabulary)


def write_clip(folder: Path, seed: int = 0) -> Path:
    """A CLIP of 32 × 32 pixels, 20 tokens and a shared space of 24 dimensions."""
    import torch
    from transformers import CLIPConfig, CLIPImageProcessorPil, CLIPModel

    size = _word_level(folder, 20, ends=("<start>", "<end>"))
    text = TEXT | {"vocab_size": size, "max_position_embeddings": 20, "bos_token_id": 2, "eos_token_id": 3, "pad_token_id": 0}
    torch.manual_seed(seed)
    CLIPModel(CLIPConfig(text_config=text, vision_config=VISION, projection_dim=24)).save_pretrained(folder)
    CLIPImageProcessorPil(size={"shortest_edge": 32}, crop_size={"height": 32, "width": 32}).save_pretrained(folder)
    return folder


def write_siglip(folder: Path, seed: int = 0) -> Path:
    """A SigLIP of 32 × 32 pixels, 16 tokens and 32 dimensions."""
    import torch
    from transformers import SiglipConfig, SiglipImageProcessorPil, SiglipModel

    size = _word_level(folder, 16, ends=("<start>", "<end>"))
    text = TEXT | {"vocab_size": size, "max_position_embeddings": 16, "pad_token_id": 0}
    torch.manual_seed(seed)
    SiglipModel(SiglipConfig(text_config=text, vision_config=VISION)).save_pretrained(folder)
    SiglipImageProcessorPil(size={"height": 32, "width": 32}).save_pretrained(folder)
    return folder


def write_siglip2(folder: Path, seed: int = 0) -> Path:
    """A SigLIP 2 that reads pictures of any shape as up to 16 patches of 8 × 8 pixels."""
    import torch
    from transformers import Siglip2Config, Siglip2ImageProcessorPil, Siglip2Model

    size = _word_level(folder, 16, ends=("<start>", "<end>"))
    text = TEXT | {"vocab_size": size, "max_position_embeddings": 16, "pad_token_id": 0}
    vision = TEXT | {"patch_size": 8, "num_patches": 16}
    torch.manual_seed(seed)
    Siglip2Model(Siglip2Config(text_config=text, vision_config=vision)).save_pretrained(folder)
    Siglip2ImageProcessorPil(patch_size=8, max_num_patches=16).save_pretrained(folder)
    return folder


LANGUAGES = ("en", "de")
WHISPER_LENGTH = 40
"""Most tokens its decoder holds."""


def write_whisper(folder: Path, seed: int = 0, *, multilingual: bool = True) -> Path:
    """A Whisper that hears 30 s at 16 mel bands and writes nothing but small letters and spaces."""
    import torch
    from transformers import GenerationConfig, WhisperConfig, WhisperFeatureExtractor, WhisperForConditionalGeneration, WhisperTokenizer

    byte_tokens = list(_byte_alphabet())
    special = ["<|endoftext|>", "<|startoftranscript|>", *(f"<|{code}|>" for code in LANGUAGES), "<|translate|>", "<|transcribe|>"]
    special += ["<|startoflm|>", "<|startofprev|>", "<|nospeech|>", "<|notimestamps|>"]
    ids = {token: number for number, token in enumerate([*byte_tokens, *special])}
    tokenizer = WhisperTokenizer(vocab=ids, merges=[])
    tokenizer.add_special_tokens({"additional_special_tokens": special[1:]})
    tokenizer.save_pretrained(folder)
    WhisperFeatureExtractor(feature_size=16).save_pretrained(folder)
    marks = {"bos_token_id": ids["<|endoftext|>"], "eos_token_id": ids["<|endoftext|>"], "pad_token_id": ids["<|endoftext|>"]}
    marks["decoder_start_token_id"] = ids["<|startoftranscript|>"]
    layers: dict[str, Any] = {"encoder_layers": 1, "decoder_layers": 1, "encoder_attention_heads": 2, "decoder_attention_heads": 2}
    sizes: dict[str, Any] = {"d_model": 16, "encoder_ffn_dim": 32, "decoder_ffn_dim": 32, "num_mel_bins": 16, "init_std": 0.6}
    torch.manual_seed(seed)
    config = WhisperConfig(vocab_size=len(ids), max_target_positions=WHISPER_LENGTH, **marks, **layers, **sizes)
    model = WhisperForConditionalGeneration(config)
    letters = set("abcdefghijklmnopqrstuvwxyzĠ")
    asked: dict[str, Any] = {"is_multilingual": multilingual, "no_timestamps_token_id": ids["<|notimestamps|>"]}
    if multilingual:
        asked["lang_to_id"] = {f"<|{code}|>": ids[f"<|{code}|>"] for code in LANGUAGES}
        asked["task_to_id"] = {task: ids[f"<|{task}|>"] for task in ("transcribe", "translate")}
    unwanted = [number for token, number in ids.items() if token not in letters and token != "<|endoftext|>"]
    model.generation_config = GenerationConfig(suppress_tokens=unwanted, max_length=WHISPER_LENGTH, **marks, **asked)
    model.save_pretrained(folder)
    return folder


def _byte_alphabet() -> str:
    """The 256 characters that stand for bytes in byte-level vocabularies."""
    from tokenizers.pre_tokenizers import ByteLevel

    return "".join(sorted(ByteLevel.alphabet()))
