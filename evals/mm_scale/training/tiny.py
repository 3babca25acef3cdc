"""A tiny LLaVA (Liu et al. 2023) with random weights and its own vocabulary, written in the layout of the `transformers` package.

It knows the words of protocol `rating` and of the synthetic scenarios, nothing else, and understands none of them before training. It is
made here, without a download, to try training and to test it: 32 × 32 pixels, two layers, some 120,000 weights.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from agent.protocols.rating import RatingProtocol
from evals.mm_scale.training.synthetic import words_known

__all__ = ["tiny_model"]

_SPECIAL = ("<pad>", "<unk>", "<s>", "</s>", "<image>")
_TALK = (
    "{% for turn in messages %}{% for part in turn['content'] %}"
    "{% if part['type'] == 'image' %}<image> {% else %}{{ part['text'] }} {% endif %}"
    "{% endfor %}{% endfor %}</s> "
)
"""The chat template: pictures and words one after another."""
_PATCH = 8
_LONGEST = 1024


def tiny_model(folder: Path, seed: int = 0) -> Path:
    """Write it; the same seed writes the same weights. Needs torch and transformers. Returns the folder."""
    import torch  # noqa: PLC0415 - an extra: loads when used
    from transformers import CLIPImageProcessorPil, LlavaConfig, LlavaForConditionalGeneration, LlavaProcessor  # noqa: PLC0415

    tokenizer, size = _tokenizer()
    vision: dict[str, Any] = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 1, "num_attention_heads": 2}
    vision |= {"model_type": "clip_vision_model", "image_size": 32, "patch_size": _PATCH, "projection_dim": 32}
    text: dict[str, Any] = {"hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2, "num_attention_heads": 4}
    text |= {"model_type": "llama", "vocab_size": size, "num_key_value_heads": 4, "max_position_embeddings": _LONGEST}
    text |= {"pad_token_id": 0, "bos_token_id": 2, "eos_token_id": 3}
    config = LlavaConfig(vision_config=vision, text_config=text, image_token_index=_SPECIAL.index("<image>"), vision_feature_layer=-1)
    state = torch.get_rng_state()
    torch.manual_seed(seed)
    model = LlavaForConditionalGeneration(config)
    torch.set_rng_state(state)
    model.save_pretrained(folder)
    pictures = CLIPImageProcessorPil(size={"shortest_edge": 32}, crop_size={"height": 32, "width": 32})
    LlavaProcessor(  # type: ignore[no-untyped-call]
        image_processor=pictures,
        tokenizer=tokenizer,
        patch_size=_PATCH,
        vision_feature_select_strategy="default",
        num_additional_image_tokens=1,
        chat_template=_TALK,
        image_token="<image>",  # noqa: S106 - no password
    ).save_pretrained(folder)
    return folder


def _tokenizer() -> tuple[Any, int]:
    """One token a word or mark, and the size of the vocabulary."""
    from tokenizers import Tokenizer, models, pre_tokenizers  # noqa: PLC0415 - an extra: loads when used
    from transformers import PreTrainedTokenizerFast  # noqa: PLC0415

    protocol, split = RatingProtocol(), pre_tokenizers.Whitespace()
    texts = [protocol.template(protocol.first_stage, cell).user for cell in range(protocol.cells)]
    texts += [*words_known(), '"Somebody." {"rating": 1, "ground": "both", "reason": ""}', "2 3 4 5"]
    words = sorted({word for text in texts for word, _ in split.pre_tokenize_str(text)})
    vocabulary = {word: number for number, word in enumerate((*_SPECIAL, *words))}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))  # noqa: S106 - no password
    tokenizer.pre_tokenizer = split
    wrapped: Any = PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=tokenizer,
        model_max_length=_LONGEST,
        bos_token="<s>",  # noqa: S106
        eos_token="</s>",  # noqa: S106
        pad_token="<pad>",  # noqa: S106
        unk_token="<unk>",  # noqa: S106
        additional_special_tokens=["<image>"],
    )
    return wrapped, len(vocabulary)
