"""What one call can cost at most, before it is made, so that a limit in USD is kept and not merely noticed.

Each part is a bound and no estimate:

* text: a token per 2 ASCII characters (English has one per 4 or so), a token per byte of all others;
* a picture: a token per 16×16 pixels and one per row of them, and 3,400 at least. Published counts are lower: OpenAI takes a
  token per 32×32 pixels times at most 2.46, Anthropic one per 750 pixels, Qwen-VL one per 28×28 or 32×32, Pixtral one per
  16×16; models that cut every picture into tiles, however small it is, reach 3,328 (InternVL, 13 tiles of 256) and 2,880 (LLaVA-NeXT);
* 1,000 tokens for what a provider adds: roles, separators, its own words about the form of the answer.
"""

from __future__ import annotations

import io
import json
import math
from decimal import Decimal
from functools import lru_cache

from pydantic import BaseModel

from agent.models.base import Prompt
from agent.models.prices import Price
from agent.models.schema import sent_schema
from environments.base import Frame

__all__ = ["most_input_tokens", "most_usd"]

_LEAST_PER_IMAGE = 3_400
_UNREADABLE_IMAGE = 16_384
_FRAMING = 1_000
_MILLION = Decimal(1_000_000)


def most_usd(prompt: Prompt, price: Price | None, most_output_tokens: int) -> Decimal | None:
    """The most USD that one call can cost; None where the price is unknown, also for a prompt that may be too long for it.

    All input is taken at the dearest input price, because nobody knows before what a provider will write to its cache.
    """
    if price is None:
        return None
    tokens = most_input_tokens(prompt)
    if price.up_to_input_tokens is not None and tokens > price.up_to_input_tokens:
        return None
    return (tokens * max(price.input, price.cached, price.cache_written) + most_output_tokens * price.output) / _MILLION


def most_input_tokens(prompt: Prompt) -> int:
    """More tokens than any provider counts for `prompt`, its pictures and its schema."""
    texts = [prompt.system, *(turn.text for turn in prompt.turns)]
    images = [frame for turn in prompt.turns for frame in turn.images]
    return _FRAMING + _of_schema(prompt.answer) + sum(map(_of_text, texts)) + sum(map(_of_image, images))


@lru_cache(maxsize=256)
def _of_schema(answer: type[BaseModel]) -> int:
    return _of_text(json.dumps(sent_schema(answer)))


def _of_text(text: str) -> int:
    ascii_letters = len(text.encode("ascii", "ignore"))
    others = len(text.encode("utf-8", "surrogatepass")) - ascii_letters
    return math.ceil(ascii_letters / 2) + others


_images: dict[str, int] = {}
"""Tokens by a picture's hash: every clip is asked about again and again."""


def _of_image(frame: Frame) -> int:
    if frame.sha256 not in _images:
        _images[frame.sha256] = _of_new_image(frame)
    return _images[frame.sha256]


def _of_new_image(frame: Frame) -> int:
    from PIL import Image  # noqa: PLC0415 - a model that costs nothing needs no picture opened

    try:
        with Image.open(io.BytesIO(frame.jpeg)) as image:
            width, height = image.size
    except (OSError, Image.DecompressionBombError):
        return _UNREADABLE_IMAGE  # as many as any model counts; most likely the provider turns it away
    rows = math.ceil(height / 16)
    return max(_LEAST_PER_IMAGE, rows * math.ceil(width / 16) + rows)
