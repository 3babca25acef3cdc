"""Turning a decision into an answer that fits a protocol's answer model: how respondents that answer by rule answer any protocol.

The rules go by field name first (`action`, `watch_fraction`), then by the field's kind in the JSON schema, so that a protocol that is
written later is answered as well: a bounded number or a list of numbers is a rating, a yes/no is "would like it", text is the reason.
Where fields are computed with later on, the answer model says itself how a decision fills them (`of_decision`).
"""

from __future__ import annotations

import math
from functools import cache
from typing import Any

from pydantic import BaseModel, ValidationError

from agent.models.complaint import first_complaint
from agent.protocols.base import Decision
from environments.base import ActionKind
from personas.errors import ModelSetupError

__all__ = ["RATING_MAX", "fill"]

RATING_MAX = 5
"""Ratings run from 0 to this."""

# What a protocol may call the same decision when its options lack the exact word, best first.
_STAND_INS: dict[ActionKind, tuple[str, ...]] = {
    ActionKind.LIKE: ("like", "watch", "yes"),
    ActionKind.WATCH: ("watch", "no"),
    ActionKind.SKIP: ("skip", "watch", "no"),
    ActionKind.PASS: ("pass", "skip", "no"),
}

_UNREAD = {"trait_num": 0}
"""Who answers by rule reads none of the persona's sentences: none of them decided."""


def fill(answer: type[BaseModel], decision: Decision, /, **known: Any) -> dict[str, Any]:
    """The fields of `answer`, in its order, as `decision` implies them; `known` are fields that the respondent knows better.

    Raises ModelSetupError when the answer model has a required field that no rule can fill.
    """
    schema = _schema(answer)
    definitions = schema.get("$defs", {})
    required = set(schema.get("required", ()))
    filled: dict[str, Any] = {}
    told = _UNREAD | (answer.of_decision(decision) if hasattr(answer, "of_decision") else {}) | known
    for name, field in schema.get("properties", {}).items():
        value = told[name] if name in told else _value(name, _resolved(field, definitions), decision)
        if value is not None:
            filled[name] = value
        elif name in required:
            raise ModelSetupError(
                f"a respondent that answers by rule cannot fill the field {name!r} of {answer.__name__}: use a real model"
            )
    try:
        answer.model_validate(filled)
    except ValidationError as error:
        raise ModelSetupError(
            f"a respondent that answers by rule cannot answer {answer.__name__} ({first_complaint(error)}): use a real model"
        ) from None
    return filled


@cache
def _schema(answer: type[BaseModel]) -> dict[str, Any]:
    """Making a schema takes longer than all the rest of an answer."""
    return answer.model_json_schema()


def _resolved(field: dict[str, Any], definitions: dict[str, Any]) -> dict[str, Any]:
    """`field` with a reference followed and an optional (`X | None`) reduced to X."""
    for branch in field.get("anyOf", ()):
        if branch.get("type") != "null":
            field = {**field, **branch}
            break
    reference = field.get("$ref", "")
    return {**field, **definitions.get(reference.rpartition("/")[2], {})} if reference else field


def _value(name: str, field: dict[str, Any], decision: Decision) -> Any:
    if name == "watch_fraction":
        return decision.watch_fraction
    rating = 0 if decision.rating is None else decision.rating
    options = field["enum"] if "enum" in field else [field["const"]] if "const" in field else None
    if options is not None:
        return _option(options, decision.action, rating)
    match field.get("type"):
        case "integer" | "number":
            return _on_scale(field, rating)
        case "boolean":
            return decision.action is ActionKind.LIKE
        case "string":
            return decision.reason[: field.get("maxLength", len(decision.reason))]
    return None


def _option(options: list[Any], action: ActionKind, rating: int) -> Any:
    """The option that says what was decided: by its word, or, among numbers, by its place on the scale."""
    by_word = {str(option).lower(): option for option in options}
    for word in _STAND_INS[action]:
        if word in by_word:
            return by_word[word]
    ordered = sorted(options) if all(isinstance(option, int | float) for option in options) else options
    return ordered[math.floor(rating / RATING_MAX * (len(ordered) - 1) + 0.5)]


def _on_scale(field: dict[str, Any], rating: int) -> float | int:
    """`rating` moved linearly from 0..5 to the field's own bounds (0..5 where it names none)."""
    low, high = field.get("minimum", 0), field.get("maximum", RATING_MAX)
    value = low + rating / RATING_MAX * (high - low)
    return math.floor(value + 0.5) if field["type"] == "integer" else float(value)
