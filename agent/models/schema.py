"""The JSON schema of an answer as it is sent: its form and nothing else, in the subset that every structured output accepts.

That subset: every object closed and every property required, references inlined, and no numeric, length or pattern limits
(https://platform.claude.com/docs/en/build-with-claude/structured-outputs; OpenAI and several compatible servers differ in which
of these they take). No words either: a title or description would be a prompt beside the prompt, the same in all prompt cells.
The prompt's own text states the ranges, and pydantic enforces them.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from pydantic import BaseModel

__all__ = ["SCHEMA_NAME", "bounded_schema", "sent_schema"]

SCHEMA_NAME = "answer"
"""What the schema is called where an API wants a name: the same for every answer, so that it tells the model nothing."""

_KEPT = ("type", "enum", "const")
_LIMITS = (
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
    "minLength",
    "maxLength",
    "minItems",
    "maxItems",
    "pattern",
    "format",
)


@lru_cache(maxsize=256)
def sent_schema(answer: type[BaseModel]) -> dict[str, Any]:
    """Exactly the schema that providers are sent for `answer`: properties in field order, options in the order of the class.

    Cached: do not change it. Raises ValueError where a type refers to itself.
    """
    return _of(answer, _KEPT)


@lru_cache(maxsize=256)
def bounded_schema(answer: type[BaseModel]) -> dict[str, Any]:
    """`sent_schema` with the limits of numbers, texts and lists: for a grammar that holds the model to them. Cached likewise."""
    return _of(answer, (*_KEPT, *_LIMITS))


def _of(answer: type[BaseModel], kept: tuple[str, ...]) -> dict[str, Any]:
    schema = answer.model_json_schema()
    return _strict(schema, schema.get("$defs", {}), kept, ())


def _strict(node: Mapping[str, Any], definitions: Mapping[str, Any], kept: tuple[str, ...], above: tuple[str, ...]) -> dict[str, Any]:
    def part(inner: Mapping[str, Any]) -> dict[str, Any]:
        return _strict(inner, definitions, kept, above)

    if "$ref" in node:
        name = node["$ref"].rsplit("/", 1)[-1]
        if name in above:
            raise ValueError(f"the answer type {name} refers to itself, which structured output cannot express")
        return _strict(definitions[name], definitions, kept, (*above, name))
    strict = {key: node[key] for key in kept if key in node}
    for key in ("anyOf", "oneOf"):
        if key in node:
            strict["anyOf"] = [part(choice) for choice in node[key]]
    if "allOf" in node and len(node["allOf"]) == 1:
        strict = {**part(node["allOf"][0]), **strict}
    if "items" in node:
        strict["items"] = part(node["items"])
    if node.get("type") == "object":
        properties = node.get("properties", {})
        strict["properties"] = {name: part(field) for name, field in properties.items()}
        strict["required"] = list(properties)
        strict["additionalProperties"] = False
    return strict
