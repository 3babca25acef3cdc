"""The strict JSON schema of an answer, in the subset that every provider's structured output accepts.

That subset: every object closed and every property required, references inlined, and no numeric, length or pattern limits
(https://platform.claude.com/docs/en/build-with-claude/structured-outputs; OpenAI and several compatible servers differ in which
of these they take). A limit becomes words in the property's description: the model still reads it, pydantic still enforces it.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from pydantic import BaseModel

__all__ = ["schema_name", "strict_schema"]

_LIMITS = {
    "minimum": "at least {}",
    "maximum": "at most {}",
    "exclusiveMinimum": "more than {}",
    "exclusiveMaximum": "less than {}",
    "multipleOf": "a multiple of {}",
    "minLength": "at least {} characters",
    "maxLength": "at most {} characters",
    "minItems": "at least {} items",
    "maxItems": "at most {} items",
    "pattern": "matching {}",
    "format": "format {}",
}
_KEPT = ("type", "enum", "const", "description")


@lru_cache(maxsize=256)
def strict_schema(answer: type[BaseModel]) -> dict[str, Any]:
    """The schema of `answer`, properties in field order. Cached: do not change it. Raises ValueError where a type refers to itself."""
    schema = answer.model_json_schema()
    return _strict(schema, schema.get("$defs", {}), ())


def schema_name(answer: type[BaseModel]) -> str:
    """A name that providers accept: letters, digits, underscores and dashes, at most 64."""
    return "".join(letter if letter.isascii() and (letter.isalnum() or letter in "_-") else "_" for letter in answer.__name__)[:64]


def _strict(node: Mapping[str, Any], definitions: Mapping[str, Any], above: tuple[str, ...]) -> dict[str, Any]:
    if "$ref" in node:
        name = node["$ref"].rsplit("/", 1)[-1]
        if name in above:
            raise ValueError(f"the answer type {name} refers to itself, which structured output cannot express")
        # What stands beside a reference (a description) wins over what it refers to.
        rest = {key: value for key, value in node.items() if key != "$ref"}
        return _strict({**definitions[name], **rest}, definitions, (*above, name))
    strict = {key: node[key] for key in _KEPT if key in node}
    for key in ("anyOf", "oneOf"):
        if key in node:
            strict["anyOf"] = [_strict(part, definitions, above) for part in node[key]]
    if "allOf" in node and len(node["allOf"]) == 1:
        strict = {**_strict(node["allOf"][0], definitions, above), **strict}
    if "items" in node:
        strict["items"] = _strict(node["items"], definitions, above)
    if node.get("type") == "object":
        properties = node.get("properties", {})
        strict["properties"] = {name: _strict(part, definitions, above) for name, part in properties.items()}
        strict["required"] = list(properties)
        strict["additionalProperties"] = False
    return _with_limits(strict, node)


def _with_limits(strict: dict[str, Any], node: Mapping[str, Any]) -> dict[str, Any]:
    words = [phrase.format(node[key]) for key, phrase in _LIMITS.items() if key in node]
    if words:
        limits = ", ".join(words)
        described = strict.get("description")
        strict["description"] = f"{described} ({limits})" if described else limits
    return strict
