"""`--model-option KEY=VALUE`, checked and typed. Each provider names the keys it knows; any other is the user's mistake."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from personas.errors import ModelSetupError

__all__ = ["HTTP_KEYS", "KNOWN_OPTIONS", "PRICE_KEYS", "Settings", "check_keys", "read_settings"]

PRICE_KEYS = ("price_cache_written", "price_cached", "price_input", "price_output")
"""USD per million tokens."""

HTTP_KEYS = (
    "concurrency",
    "max_attempts",
    "max_output_tokens",
    "reasoning_effort",
    "reasoning_tokens",
    "retry_wait_s",
    "timeout_s",
    *PRICE_KEYS,
)
"""What every model over HTTP takes."""


@dataclass(frozen=True)
class Settings:
    """How to call a model over HTTP. None leaves the choice to the server, and for `max_output_tokens` to the prompt.

    timeout_s         seconds for one call, from sending to the last byte
    max_attempts      calls for one question, the first included
    retry_wait_s      the first wait between two calls, in seconds; it doubles from there
    concurrency       most calls under way at once, to one endpoint
    reasoning_tokens  room for hidden reasoning on top of the answer's own tokens; nothing is paid for what is not used
    prices            `price_*` options, USD per million tokens
    """

    timeout_s: float = 120.0
    max_attempts: int = 6
    retry_wait_s: float = 0.5
    concurrency: int = 64
    max_output_tokens: int | None = None
    reasoning_tokens: int = 0
    reasoning_effort: str | None = None
    temperature: float | None = None
    top_p: float | None = None
    service_tier: str | None = None
    image_detail: str | None = None
    logprobs: bool = False
    send_seed: bool = True
    structured: str = "json_schema"
    serve_args: tuple[str, ...] = ()
    serve_timeout_s: float = 1800.0
    price_input: Decimal | None = None
    price_cached: Decimal | None = None
    price_cache_written: Decimal | None = None
    price_output: Decimal | None = None

    def token_budget(self, asked: int) -> int:
        """Most tokens the model may write for a prompt that asks for at most `asked` visible ones."""
        return (self.max_output_tokens or asked) + self.reasoning_tokens


def _number(low: float, high: float) -> Callable[[str], float]:
    def parse(text: str) -> float:
        value = float(text)
        if not low <= value <= high:  # also false for NaN
            raise ValueError
        return value

    return parse


def _whole(low: int, high: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        value = int(text)
        if not low <= value <= high:
            raise ValueError
        return value

    return parse


def _choice(*choices: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if text not in choices:
            raise ValueError
        return text

    return parse


def _flag(text: str) -> bool:
    return {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}[text.lower()]


def _word(text: str) -> str:
    if not text or not text.isprintable():
        raise ValueError
    return text


def _money(text: str) -> Decimal:
    value = Decimal(text)
    if not (value.is_finite() and 0 <= value <= 1_000_000):
        raise ValueError
    return value


def _arguments(text: str) -> tuple[str, ...]:
    return tuple(shlex.split(text))


_PARSERS: dict[str, tuple[Callable[[str], Any], str]] = {
    "concurrency": (_whole(1, 10_000), "a whole number of at least 1"),
    "image_detail": (_choice("auto", "low", "high", "original"), "auto, low, high or original"),
    "logprobs": (_flag, "true or false"),
    "max_attempts": (_whole(1, 100), "a whole number from 1 to 100"),
    "max_output_tokens": (_whole(1, 1_000_000), "a whole number of at least 1"),
    "price_cache_written": (_money, "USD per million tokens, such as 2.50"),
    "price_cached": (_money, "USD per million tokens, such as 0.20"),
    "price_input": (_money, "USD per million tokens, such as 2"),
    "price_output": (_money, "USD per million tokens, such as 10"),
    "reasoning_effort": (_word, "a word that the model knows, such as low"),
    "reasoning_tokens": (_whole(0, 1_000_000), "a whole number of at least 0"),
    "retry_wait_s": (_number(0, 600), "seconds, from 0 to 600"),
    "send_seed": (_flag, "true or false"),
    "serve_args": (_arguments, "arguments of `vllm serve`, quoted as in a shell"),
    "serve_timeout_s": (_number(0.1, 86_400), "seconds, at least 0.1"),
    "service_tier": (_word, "a tier that the provider knows, such as default"),
    "structured": (_choice("json_schema", "json_object", "none"), "json_schema, json_object or none"),
    "temperature": (_number(0, 2), "a number from 0 to 2"),
    "timeout_s": (_number(0.001, 86_400), "seconds, above 0"),
    "top_p": (_number(0, 1), "a number from 0 to 1"),
}

_UNSHOWN = ("serve_args",)  # somebody will have put a key there

KNOWN_OPTIONS = tuple(_PARSERS)
"""Every option of a model over HTTP, of whichever provider."""


def check_keys(extra: Mapping[str, str], known: Collection[str], provider: str) -> None:
    """Raise ModelSetupError where `extra` has a key outside `known`; the message lists the known ones."""
    for key in extra:
        if key not in known:
            choices = f"it takes {', '.join(sorted(known))}" if known else "it takes none"
            raise ModelSetupError(f"{provider} has no model option {key[:60]!r}: {choices}")


def read_settings(extra: Mapping[str, str], known: Collection[str], provider: str, **defaults: Any) -> Settings:
    """Settings from the user's options over the provider's `defaults`. Raises ModelSetupError that names the key and what it takes."""
    check_keys(extra, known, provider)
    values = dict(defaults)
    for key, text in extra.items():
        parse, takes = _PARSERS[key]
        try:
            values[key] = parse(text.strip())
        except (ValueError, KeyError, OverflowError, InvalidOperation):
            shown = key if key in _UNSHOWN else f"{key}={text[:60]!r}"
            raise ModelSetupError(f"model option {shown} is not valid: it takes {takes}") from None
    return Settings(**values)
