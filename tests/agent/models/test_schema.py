"""Strict JSON schemas of answers."""

from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, Field

from agent.models.schema import schema_name, strict_schema


class Inner(BaseModel):
    """A part."""

    score: Annotated[int, Field(ge=1, le=5, description="how much")]


class Outer(BaseModel):
    """An answer with everything that protocols use."""

    action: Literal["skip", "like"]
    inner: Inner
    again: Annotated[Inner, Field(description="once more")]
    many: Annotated[list[Inner], Field(max_length=3)]
    maybe: float | None = None
    reason: Annotated[str, Field(max_length=200)] = ""


class Endless(BaseModel):
    """A type within itself."""

    next: "Endless | None" = None


def nodes(schema: Any) -> list[dict[str, Any]]:
    """All objects within a schema."""
    if isinstance(schema, list):
        return [node for part in schema for node in nodes(part)]
    return [schema, *(node for part in schema.values() for node in nodes(part))] if isinstance(schema, dict) else []


def test_objects_are_closed_and_everything_is_required_in_field_order() -> None:
    """Every object forbids more and requires all of its properties, in the order in which they are to be answered."""
    schema = strict_schema(Outer)
    objects = [node for node in nodes(schema) if node.get("type") == "object"]
    assert len(objects) == 4
    for node in objects:
        assert node["additionalProperties"] is False and node["required"] == list(node["properties"])
    assert list(schema["properties"]) == ["action", "inner", "again", "many", "maybe", "reason"]


def test_references_are_inlined_and_limits_become_words() -> None:
    """No reference, limit, default or title is left; the words of the limits are in the descriptions."""
    schema = strict_schema(Outer)
    unsupported = {"$ref", "$defs", "minimum", "maximum", "maxLength", "maxItems", "default", "title", "allOf"}
    assert not any(unsupported & node.keys() for node in nodes(schema))
    properties = schema["properties"]
    assert properties["inner"]["properties"]["score"]["description"] == "how much (at least 1, at most 5)"
    assert properties["again"]["description"] == "once more"
    assert properties["many"]["description"] == "at most 3 items"
    assert properties["reason"]["description"] == "at most 200 characters"
    assert properties["maybe"] == {"anyOf": [{"type": "number"}, {"type": "null"}]}
    assert properties["action"]["enum"] == ["skip", "like"]


def test_a_type_within_itself_is_told() -> None:
    """Recursion cannot be inlined: a ValueError, not an endless loop."""
    with pytest.raises(ValueError, match="refers to itself"):
        strict_schema(Endless)


def test_schema_names_fit_the_providers() -> None:
    """Letters, digits, underscores and dashes, at most 64."""
    generic = type("Ärger[int]" + "x" * 80, (BaseModel,), {})
    assert schema_name(Outer) == "Outer"
    assert schema_name(generic).startswith("_rger_int_x") and len(schema_name(generic)) == 64
