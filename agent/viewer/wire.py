"""What is sent to the page: JSON whatever a record holds, and texts of bounded length."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic_core import to_json

from agent.trace.making import storable_text

__all__ = ["BRIEF", "WHOLE", "brief", "clean", "encoded", "mapping", "text_of"]

BRIEF = 2_000
"""Characters of a text in a list."""
WHOLE = 1_000_000
"""Characters of a text that is shown alone."""


def encoded(value: Any) -> bytes:
    """`value` as JSON; what is no number becomes null. Texts must be storable, as `clean` makes them."""
    return to_json(value, inf_nan_mode="null")


def clean(value: Any, most: int = WHOLE) -> Any:
    """Data as `json.loads` gives it, with texts that can be sent, each of at most `most` characters."""
    if isinstance(value, str):
        return brief(value if value.isascii() else storable_text(value), most)
    if isinstance(value, dict):
        return {clean(str(name), BRIEF): clean(held, most) for name, held in value.items()}
    if isinstance(value, list | tuple):
        return [clean(held, most) for held in value]
    return value


def brief(text: str, most: int = BRIEF) -> str:
    """`text`, cut to `most` characters with an ellipsis as the last."""
    return text if len(text) <= most else text[: most - 1] + "…"


def mapping(value: Any) -> Mapping[str, Any]:
    """`value` where it is a mapping, else an empty one: a record may hold anything."""
    return value if isinstance(value, dict) else {}


def text_of(value: Any) -> str:
    """`value` where it is text, else nothing."""
    return value if isinstance(value, str) else ""
