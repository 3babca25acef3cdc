"""Strict JSON schemas of answers."""

import json
import subprocess
import sys
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, Field

from agent.models.schema import SCHEMA_NAME, bounded_schema, sent_schema


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
    schema = sent_schema(Outer)
    objects = [node for node in nodes(schema) if node.get("type") == "object"]
    assert len(objects) == 4
    for node in objects:
        assert node["additionalProperties"] is False and node["required"] == list(node["properties"])
    assert list(schema["properties"]) == ["action", "inner", "again", "many", "maybe", "reason"]


def test_only_the_form_is_sent() -> None:
    """No reference, limit, default, title or description is left: nothing but types, options and the order of the fields."""
    schema = sent_schema(Outer)
    keys = {key for node in nodes(schema) for key in node if key not in {*Outer.model_fields, *Inner.model_fields}}
    assert keys == {"type", "enum", "anyOf", "items", "properties", "required", "additionalProperties"}
    properties = schema["properties"]
    assert properties["again"] == properties["inner"]
    assert properties["inner"]["properties"]["score"] == {"type": "integer"}
    assert properties["reason"] == {"type": "string"}
    assert properties["maybe"] == {"anyOf": [{"type": "number"}, {"type": "null"}]}


def test_no_words_of_ours_reach_a_model_through_the_schema() -> None:
    """Docstrings, names, titles and descriptions of the answer classes stay at home: they would be a prompt beside the prompt."""
    text = json.dumps(sent_schema(Outer))
    for word in ("An answer with", "A part", "how much", "once more", "Outer", "Inner", "at least", "description", "title"):
        assert word not in text


def test_options_keep_the_order_of_the_class() -> None:
    """Two classes that differ in the order of their options are sent in these orders: the prompt's cell decides, not the schema."""

    class Reversed(BaseModel):
        action: Literal["like", "skip"]

    assert sent_schema(Outer)["properties"]["action"]["enum"] == ["skip", "like"]
    assert sent_schema(Reversed)["properties"]["action"]["enum"] == ["like", "skip"]


def test_a_grammar_gets_the_limits_and_no_words() -> None:
    """The schema for grammars is the one sent to providers plus its limits."""
    schema = bounded_schema(Outer)
    assert schema["properties"]["inner"]["properties"]["score"] == {"type": "integer", "minimum": 1, "maximum": 5}
    assert schema["properties"]["reason"] == {"type": "string", "maxLength": 200}
    assert not any({"title", "description", "default"} & node.keys() for node in nodes(schema))


def test_the_schema_is_had_without_any_sdk() -> None:
    """The session records the schema of any model: importing it loads no SDK."""
    code = "import sys, agent.models.schema\nsys.exit(str({'openai', 'anthropic', 'httpx2'} & set(sys.modules) or ''))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stderr.strip() == ""


def test_a_type_within_itself_is_told() -> None:
    """Recursion cannot be inlined: a ValueError, not an endless loop."""
    with pytest.raises(ValueError, match="refers to itself"):
        sent_schema(Endless)


def test_the_name_tells_nothing() -> None:
    """One neutral name for all answers, which providers accept (letters, at most 64)."""
    assert SCHEMA_NAME == "answer"
