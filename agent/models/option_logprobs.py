"""The log-probability of each option of an answer, from the token log-probabilities of a completion.

The options are those of the answer's first property that has a closed list (such as `action`). At the token where its value
begins, the alternatives that the server lists are assigned to the one option they can only be the beginning of; an option's
probability is the sum of theirs. It is conditional on the text before it, and what the server does not list is missing.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from pydantic import BaseModel

from agent.models.schema import sent_schema

__all__ = ["Alternative", "Token", "option_logprobs"]

_MOST = 0.001
"""Of a log-probability, with room for rounding."""


class Alternative(BaseModel):
    """A token that could have stood here, with its log-probability (natural logarithm)."""

    token: str
    logprob: float


class Token(Alternative):
    """A token as written, with the alternatives at its place."""

    top_logprobs: list[Alternative] = []


def option_logprobs(tokens: Sequence[Token], answer: type[BaseModel]) -> dict[str, float] | None:
    """Log-probabilities by option, at most 0; None where the answer has no options or the text does not reach them."""
    found = _first_options(answer)
    if found is None:
        return None
    name, options = found
    text = "".join(token.token for token in tokens)
    place = re.search(rf'"{re.escape(name)}"\s*:\s*"?', text)
    if place is None:
        return None
    start = 0
    for token in tokens:
        if start + len(token.token) > place.end():
            # A token may begin with what comes before the value, such as the opening quote: alternatives must begin alike.
            lead = text[start : place.end()]
            return _sums(token.top_logprobs or [token], lead, options)
        start += len(token.token)
    return None


def _first_options(answer: type[BaseModel]) -> tuple[str, list[str]] | None:
    for name, schema in sent_schema(answer).get("properties", {}).items():
        if "enum" in schema:
            return name, [str(option) for option in schema["enum"]]
    return None


def _sums(alternatives: Sequence[Alternative], lead: str, options: Sequence[str]) -> dict[str, float] | None:
    total: dict[str, float] = {}
    for alternative in alternatives:
        if not alternative.token.startswith(lead) or not alternative.logprob <= _MOST:  # what is no log-probability tells nothing
            continue
        begun = alternative.token[len(lead) :]
        fitting = [option for option in options if begun and (option.startswith(begun) or begun.startswith(option))]
        if len(fitting) == 1:
            total[fitting[0]] = total.get(fitting[0], 0.0) + math.exp(alternative.logprob)
    return {option: min(0.0, math.log(total[option])) for option in options if total.get(option, 0.0) > 0.0} or None
