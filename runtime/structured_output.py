"""JSON schemas that strangers send, cut down to what the engine compiles exactly and soon.

vLLM compiles them with xgrammar. What each keyword costs there was measured; docs/gateway.md has the figures.
"""

from typing import Any, TypeVar, cast

from runtime.errors import ApiError, bad_request

Schema = dict[str, Any]
T = TypeVar("T")

MAX_DEPTH = 16
MAX_SCHEMAS = 500
"""Schemas within a schema, itself included; of all tools together."""
MAX_PROPERTIES = 200
MAX_VALUES = 500
MAX_CHARACTERS = 16_000
"""Characters of property names, enum values and constants together."""
MAX_LENGTHS = 50
"""Sum of minLength and maxLength: each further character takes xgrammar some 10 ms for 49,152 tokens."""
MAX_ITEMS = 1_000
MAX_NUMBER = 2**53
NUMBER = "number of at most 53 bits"

SINGLE = frozenset({"items", "additionalProperties"})
LISTS = frozenset({"anyOf", "oneOf", "allOf", "prefixItems"})
MAPPINGS = frozenset({"properties", "$defs", "definitions"})
NOTES = frozenset(
    {
        *("title", "description", "default", "example", "examples", "deprecated", "readOnly", "writeOnly"),
        *("$schema", "$id", "$comment", "discriminator"),
    }
)
"""Hold an answer to nothing."""
FORMATS = frozenset(
    {
        *("email", "date", "time", "date-time", "duration", "ipv4", "ipv6", "hostname", "uuid", "uri"),
        *("uri-reference", "json-pointer", "relative-json-pointer"),
    }
)
"""Others are notes, as JSON Schema says: https://json-schema.org/draft/2020-12/json-schema-validation#section-7.2.1"""
TYPES = frozenset({"string", "number", "integer", "boolean", "object", "array", "null"})
IN_PLACE = ("anyOf", "oneOf", "allOf")
"""Keywords whose schemas hold for the same value."""


class Checker:
    """Checks the schemas of one request, which share the limits."""

    def __init__(self) -> None:
        self._schemas = self._properties = self._values = self._characters = self._lengths = 0
        self._param, self._root = "", "#"
        self._at: dict[str, Schema] = {}
        self._references: list[tuple[str, str]] = []

    def check(self, schema: Any, param: str, root: str = "#") -> Schema:
        """Return the schema without notes, its references relative to `root`, where it is going to stand.

        Raises:
            ApiError: 400; it is too large, refers to nothing here, or says what the engine cannot hold an answer to.
        """
        self._at, self._references, self._param, self._root = {}, [], param, root
        checked = self._schema(schema, "", 1)
        for target, place in self._references:
            if target not in self._at:
                raise self._error("$ref must refer to a part of this schema, such as #/$defs/name.", place)
        ended: set[str] = set()
        for target, _ in self._references:
            self._refuse_endless(target, frozenset(), ended)
        return checked

    def _schema(self, schema: Any, place: str, depth: int) -> Schema:
        self._schemas += 1
        self._refuse_over("schemas within schemas", self._schemas, MAX_SCHEMAS, place)
        if schema is True:
            return {}
        if not isinstance(schema, dict):
            raise self._error("A JSON schema must be an object.", place)
        self._refuse_over("levels", depth, MAX_DEPTH, place)
        members = self._at[place] = cast(Schema, schema)
        checked: Schema = {}
        for keyword, value in members.items():
            if keyword in NOTES:
                continue
            if keyword == "type" and isinstance(value, str) and value in TYPES:
                checked[keyword] = value
            elif keyword in MAPPINGS:
                checked[keyword] = {
                    name: self._schema(each, f"{place}/{keyword}/{_escape(name)}", depth + 1)
                    for name, each in self._mapping(keyword, value, place).items()
                }
            elif keyword in SINGLE:
                checked[keyword] = False if value is False else self._schema(value, f"{place}/{keyword}", depth + 1)
            elif keyword in LISTS:
                schemas = enumerate(self._list(keyword, value, place))
                checked[keyword] = [self._schema(each, f"{place}/{keyword}/{i}", depth + 1) for i, each in schemas]
            elif keyword == "$ref" and isinstance(value, str) and value.startswith("#"):
                self._references.append((value[1:], place))
                checked[keyword] = self._root + value[1:]
            else:
                self._value(keyword, value, f"{place}/{keyword}")
                if keyword != "format" or value in FORMATS:
                    checked[keyword] = value
        return checked

    def _list(self, keyword: str, value: Any, place: str) -> list[Any]:
        schemas = self._list_of(object, value, f"{place}/{keyword}")
        if keyword == "allOf" and len(schemas) > 1:
            raise self._error("allOf of several schemas is not supported: write them as one.", place)
        return schemas

    def _mapping(self, keyword: str, value: Any, place: str) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise self._error(f"{keyword} must be an object of schemas.", place)
        schemas = cast(dict[str, Any], value)
        if keyword == "properties":
            self._properties += len(schemas)
            self._refuse_over("properties", self._properties, MAX_PROPERTIES, place)
        self._count_characters(sum(map(len, schemas)), place)
        return schemas

    def _value(self, keyword: str, value: Any, place: str) -> None:
        match keyword:
            case "required":
                self._count_characters(sum(map(len, self._list_of(str, value, place, least=0))), place)
            case "enum" | "const":
                values = self._list_of(object, value if keyword == "enum" else [value], place)
                self._values += len(values)
                self._refuse_over("values of enum and const", self._values, MAX_VALUES, place)
                if not all(_is_plain(each) for each in values):
                    raise self._error(f"A value of {keyword} must be text, true, false, null, or a {NUMBER}.", place)
                self._count_characters(len(repr(values)), place)
            case "type":
                names = self._list_of(str, value, place)
                if not TYPES.issuperset(names) or len(names) > len(set(names)):
                    raise self._error(f"A type must be one of {', '.join(sorted(TYPES))}, each named once.", place)
            case "minimum" | "maximum" | "exclusiveMinimum" | "exclusiveMaximum":
                if value is None or isinstance(value, bool | str) or not _is_plain(value):
                    raise self._error(f"{keyword} must be a {NUMBER}.", place)
            case "format":
                self._list_of(str, [value], place)
            case "minItems" | "maxItems":
                self._refuse_over(f"items in {keyword}", self._count(value, place), MAX_ITEMS, place)
            case "minLength" | "maxLength":
                self._lengths += self._count(value, place)
                self._refuse_over("characters in the sum of minLength and maxLength", self._lengths, MAX_LENGTHS, place)
            case "pattern":
                raise self._error("pattern is not supported; use enum, const or format.", place)
            case "$ref":
                raise self._error("$ref must refer to a part of this schema, such as #/$defs/name.", place)
            case _:
                raise self._error(f"JSON Schema's keyword {keyword[:40]} is not supported.", place)

    def _refuse_endless(self, place: str, above: frozenset[str], ended: set[str]) -> None:
        """Refuse a schema that stands for nothing but itself: no value fits it, and the engine would look for ever."""
        if place in above:
            raise self._error("A $ref of the JSON schema leads back to itself.", place)
        if place in ended or place not in self._at:
            return
        schema = self._at[place]
        same_value = [f"{place}/{keyword}/{i}" for keyword in IN_PLACE for i in range(len(schema.get(keyword, ())))]
        for each in [*same_value, *([schema["$ref"][1:]] if "$ref" in schema else [])]:
            self._refuse_endless(each, above | {place}, ended)
        ended.add(place)

    def _list_of(self, kind: type[T], value: Any, place: str, least: int = 1) -> list[T]:
        values = cast(list[Any], value) if isinstance(value, list) else []
        if not isinstance(value, list) or len(values) < least or not all(isinstance(each, kind) for each in values):
            raise self._error("This part of the JSON schema has no valid value.", place)
        return values

    def _count(self, value: Any, place: str) -> int:
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            raise self._error("This part of the JSON schema must be a whole number, 0 or more.", place)
        return value

    def _count_characters(self, count: int, place: str) -> None:
        self._characters += count
        self._refuse_over("characters of names and values", self._characters, MAX_CHARACTERS, place)

    def _refuse_over(self, what: str, count: int, limit: int, place: str) -> None:
        if count > limit:
            raise self._error(f"The JSON schema has too many {what}: at most {limit}.", place)

    def _error(self, message: str, place: str) -> ApiError:
        return bad_request(message, f"{self._param}{place.replace('/', '.')}"[:200])


def _is_plain(value: Any) -> bool:
    """Return whether a value is no list, no object, and no number that vLLM cannot hand to its engine."""
    return value is None or isinstance(value, str) or (isinstance(value, int | float) and abs(value) <= MAX_NUMBER)


def _escape(name: str) -> str:
    """Return a name as a JSON pointer has it (RFC 6901)."""
    return name.replace("~", "~0").replace("/", "~1")
