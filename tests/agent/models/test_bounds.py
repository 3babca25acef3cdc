"""The most that one call can cost: never below what providers count, and known before anything is sent."""

import io
from dataclasses import replace
from decimal import Decimal
from typing import Literal

import pytest
from PIL import Image
from pydantic import BaseModel

from agent.models.base import Prompt, Turn
from agent.models.bounds import most_input_tokens, most_usd
from agent.models.prices import Price
from agent.models.registry import ModelOptions, make_model
from environments.base import Frame

PRICE = Price(input=Decimal(2), output=Decimal(10), cached=Decimal("0.1"), cache_written=Decimal("2.5"), up_to_input_tokens=50_000)


class Answer(BaseModel):
    action: Literal["skip", "like"]


def picture(width: int, height: int) -> Frame:
    """A real JPEG of that size."""
    data = io.BytesIO()
    Image.new("RGB", (width, height), "teal").save(data, "JPEG")
    return Frame.of(data.getvalue(), 0.0)


def asking(text: str = "", *frames: Frame, system: str = "") -> Prompt:
    return Prompt("feed", system, (Turn("user", text, frames),), Answer, 1)


EMPTY = most_input_tokens(asking())


def test_text_is_bounded_by_characters_and_bytes() -> None:
    """A token per two ASCII characters and per byte of all others, in the system text and in every turn."""
    assert most_input_tokens(asking("x" * 1000)) - EMPTY == most_input_tokens(asking(system="x" * 1000)) - EMPTY == 500
    assert most_input_tokens(asking("語" * 100)) - EMPTY == 300
    assert most_input_tokens(asking("\ud83d" * 10)) - EMPTY == 30, "half a pair, as hostile pages send it"
    longer = replace(asking(), turns=(Turn("user", "ab"), Turn("assistant", "abcd"), Turn("user", "ab")))
    assert most_input_tokens(longer) - EMPTY == 4
    assert EMPTY > 1000, "the provider's own words and the schema are counted as well"


@pytest.mark.parametrize(("width", "height"), [(432, 768), (390, 844), (768, 768), (1080, 1920), (2576, 1449)])
def test_pictures_are_bounded_by_every_published_count(width: int, height: int) -> None:
    """At least what OpenAI (patches and tiles), Anthropic, Qwen-VL, Pixtral and InternVL say they count for the size."""
    published = {
        "patches of 32, times 2.46": 2.46 * -(-width // 32) * -(-height // 32),
        "tiles of 512 at 170, and 85": 85 + 170 * -(-width // 512) * -(-height // 512),
        "area / 750": width * height / 750,
        "patches of 28": -(-width // 28) * -(-height // 28),
        "patches of 16 with row ends": -(-height // 16) * (-(-width // 16) + 1),
        "13 tiles of 256": 13 * 256,
    }
    bound = most_input_tokens(asking("", picture(width, height))) - EMPTY
    assert all(bound >= count for count in published.values()), published
    assert most_input_tokens(asking("", picture(width, height), picture(width, height))) - EMPTY == 2 * bound


def test_a_picture_that_cannot_be_read_is_taken_for_a_large_one() -> None:
    """Bytes that are no picture raise nothing and bound highly."""
    assert most_input_tokens(asking("", Frame.of(b"\xff\xd8 no picture", 0.0))) - EMPTY == 16_384


def test_the_dearest_input_price_and_all_the_output_count() -> None:
    """Input at the highest of the three input prices, plus every token that may be written; no number where the price is unknown."""
    prompt = asking("x" * 1000)
    tokens = most_input_tokens(prompt)
    assert most_usd(prompt, PRICE, 4500) == (tokens * Decimal("2.5") + 45_000) / 10**6
    assert most_usd(prompt, replace(PRICE, cached=Decimal(99)), 0) == tokens * Decimal(99) / 10**6
    assert most_usd(prompt, None, 4500) is None
    assert most_usd(asking("x" * 200_000), PRICE, 0) is None, "too long for the listed price"


async def test_every_model_knows_its_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    """Listed and given prices bound, with the room for reasoning; local and rule-based models are free; unknown prices stay unknown."""
    for variable in ("OPENAI_BASE_URL", "ANTHROPIC_BASE_URL", "AXIOFEED_PRICES"):
        monkeypatch.delenv(variable, raising=False)
    for variable in ("OPENAI_API_KEY", "ANTHROPIC_API_KEY"):
        monkeypatch.setenv(variable, "k" * 20)
    prompt = asking("x" * 1000, picture(432, 768))
    tokens = most_input_tokens(prompt)

    def bound(name: str, url: str | None = None, **extra: str) -> Decimal | None:
        return make_model(name, ModelOptions(url, extra=extra)).most_usd(prompt)

    assert bound("openai/gpt-6-sol") == (tokens * Decimal("2.5") + 4500 * 10) / 10**6
    assert bound("anthropic/claude-haiku-4-5", reasoning_tokens="0") == (tokens * Decimal("1.25") + 500 * 5) / 10**6
    assert bound("openai/gpt-6-sol", "https://gateway.example/v1") is None
    assert bound("openai/gpt-6-sol", service_tier="priority") is None
    assert bound("openai/unheard-of") is None
    assert bound("compatible/x", "http://127.0.0.1:9/v1") is None
    assert bound("compatible/x", "http://127.0.0.1:9/v1", price_input="1", price_output="2") == (tokens + 500 * 2) / Decimal(10**6)
    assert bound("vllm/x", "http://127.0.0.1:9/v1") == bound("scripted/like") == bound("planted/null") == 0
    assert bound("vllm/x", "http://elsewhere.example:8000") is None
