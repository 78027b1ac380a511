"""Schemas that strangers send: what is refused before the engine sees it, and what is left of the others."""

from typing import Any

import pytest

from runtime.errors import ApiError
from runtime.structured_output import MAX_DEPTH, MAX_LENGTHS, MAX_PROPERTIES, MAX_SCHEMAS, TYPES, Checker
from runtime.tool_calls import Calls


def nested(depth: int) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "string"}
    for _ in range(depth - 1):
        schema = {"type": "array", "items": schema}
    return schema


def properties(count: int) -> dict[str, Any]:
    return {"type": "object", "properties": {f"p{number}": {} for number in range(count)}}


ALLOWED: list[dict[str, Any]] = [
    nested(MAX_DEPTH),
    properties(MAX_PROPERTIES),
    {"type": "string", "maxLength": MAX_LENGTHS},
    {"$ref": "#/$defs/a~1b", "$defs": {"a/b": {"type": ["string", "null"]}}},
    {"type": "object", "properties": {"next": {"$ref": "#"}}},
    {"enum": [None, 1.5, True, "é"]},
    {"type": sorted(TYPES)},
]

REFUSED: list[tuple[dict[str, Any], str, str]] = [
    (nested(MAX_DEPTH + 1), "schema" + ".items" * MAX_DEPTH, "levels"),
    (properties(MAX_PROPERTIES + 1), "schema", "properties"),
    ({"anyOf": [{}] * MAX_SCHEMAS}, f"schema.anyOf.{MAX_SCHEMAS - 1}", "schemas"),
    ({"prefixItems": [True] * MAX_SCHEMAS}, f"schema.prefixItems.{MAX_SCHEMAS - 1}", "schemas"),
    ({"type": "string", "minLength": 1, "maxLength": MAX_LENGTHS}, "schema.maxLength", "maxLength"),
    ({"enum": list(range(501))}, "schema.enum", "values"),
    ({"const": "a" * 16_001}, "schema.const", "characters"),
    ({"type": "array", "minItems": 1_001}, "schema.minItems", "items"),
    ({"minimum": 2**54}, "schema.minimum", "53 bits"),
    ({"minimum": True}, "schema.minimum", "number"),
    ({"const": -(2**63) - 1}, "schema.const", "53 bits"),
    ({"enum": [{"a": 1}]}, "schema.enum", "53 bits"),
    ({"maxLength": -1}, "schema.maxLength", "whole number"),
    ({"$ref": "https://example.org/schema"}, "schema.$ref", "$ref"),
    ({"$ref": "#/$defs/missing"}, "schema", "$ref"),
    ({"$ref": "#/examples/0", "examples": [{}]}, "schema", "$ref"),
    ({"$ref": "#"}, "schema", "leads back"),
    ({"$ref": "#/$defs/a", "$defs": {"a": {"anyOf": [{"$ref": "#/$defs/a"}]}}}, "schema.$defs.a", "leads back"),
    ({"properties": {"a": {"pattern": "(a+)+"}}}, "schema.properties.a.pattern", "pattern"),
    ({"not": {}}, "schema.not", "not supported"),
    ({"allOf": [{}, {}]}, "schema", "allOf"),
    ({"type": "text"}, "schema.type", "valid"),
    ({"type": []}, "schema.type", "valid"),
    ({"type": ["string", "null", "string"]}, "schema.type", "once"),
    ({"properties": []}, "schema", "object"),
    ({"properties": {"a": False}}, "schema.properties.a", "object"),
    ({"required": [1]}, "schema.required", "valid"),
    ({"anyOf": []}, "schema.anyOf", "valid"),
]


@pytest.mark.parametrize("schema", ALLOWED)
def test_schema_within_the_limits_is_left_as_it_is(schema: dict[str, Any]) -> None:
    assert Checker().check(schema, "schema") == schema


@pytest.mark.req("R7.3")
@pytest.mark.parametrize(("schema", "param", "words"), REFUSED)
def test_schema_is_refused_with_the_place_and_the_reason(schema: dict[str, Any], param: str, words: str) -> None:
    with pytest.raises(ApiError) as refused:
        Checker().check(schema, "schema")
    assert refused.value.status == 400
    assert refused.value.param == param[:200]
    assert words in refused.value.message


def test_the_schemas_of_one_request_share_the_limits() -> None:
    checker = Checker()
    checker.check(properties(MAX_PROPERTIES), "first")
    with pytest.raises(ApiError):
        checker.check(properties(1), "second")


def test_notes_and_unknown_formats_are_left_out() -> None:
    schema = {"type": "string", "title": "A", "description": "B", "default": "C", "format": "phone"}
    assert Checker().check(schema, "schema") == {"type": "string"}


def test_references_follow_their_schema_to_its_new_place() -> None:
    schema: dict[str, Any] = {"$ref": "#/$defs/a", "$defs": {"a": {"items": {"$ref": "#"}}}}
    moved = {"$ref": "#/$defs/7/$defs/a", "$defs": {"a": {"items": {"$ref": "#/$defs/7"}}}}
    assert Checker().check(schema, "schema", "#/$defs/7") == moved


TEXT = '[{"name": "a-b", "arguments": {"x": "}\\"{\\\\", "y": {"z": []}}},\n {"name":"c","arguments":{}}]'


@pytest.mark.parametrize("size", [1, 2, 7, len(TEXT)])
def test_calls_are_found_however_their_text_is_cut(size: int) -> None:
    calls = Calls(None)
    deltas = [delta for at in range(0, len(TEXT), size) for delta in calls.feed(TEXT[at : at + size])]
    arguments = ["".join(d["function"]["arguments"] for d in deltas if d["index"] == index) for index in (0, 1)]
    assert arguments == ['{"x": "}\\"{\\\\", "y": {"z": []}}', "{}"]
    assert [delta["function"]["name"] for delta in deltas if "id" in delta] == ["a-b", "c"]
