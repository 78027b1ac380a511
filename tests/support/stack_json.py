"""Look-ups in a stack's JSON."""

import json
import re
from collections.abc import Iterator
from typing import Any, TypeAlias

Json: TypeAlias = dict[str, Any]

_REFERENCE = re.compile(r"(?<![\w.])((?:data\.)?(?:aws|tls)_\w+\.[\w-]+|var\.[\w-]+|local\.[\w-]+)")


def parse(text: str) -> Json:
    """A stack's JSON without cdktf's comments."""

    def drop_comments(pairs: list[tuple[str, Any]]) -> Json:
        return {name: value for name, value in pairs if name != "//"}

    return json.loads(text, object_pairs_hook=drop_comments)


def resources(stack: Json, kind: str) -> dict[str, Json]:
    """The stack's resources of a type such as `aws_vpc`, by logical id."""
    return stack.get("resource", {}).get(kind, {})


def only(stack: Json, kind: str) -> Json:
    """The stack's one resource of a type."""
    (resource,) = resources(stack, kind).values()
    return resource


def named(stack: Json, kind: str, name: str) -> tuple[str, Json]:
    """Address and configuration of the resource of a kind whose name ends in `name`."""
    ((logical_id, found),) = [item for item in resources(stack, kind).items() if item[1]["name"].endswith(name)]
    return f"{kind}.{logical_id}", found


def subnets(stack: Json, visibility: str) -> dict[str, Json]:
    """The stack's private or public subnets, by logical id."""
    every = resources(stack, "aws_subnet")
    return {name: subnet for name, subnet in every.items() if f"-{visibility}-" in subnet["tags"]["Name"]}


def api_acl(stack: Json) -> Json:
    """The API's web ACL; the demo page may have one too."""
    (acl,) = [acl for acl in resources(stack, "aws_wafv2_web_acl").values() if acl["scope"] == "REGIONAL"]
    return acl


def strings(value: Any) -> Iterator[str]:
    """Every text in a JSON value, at any depth."""
    match value:
        case str():
            yield value
        case dict() | list():
            children: list[Any] = list(value.values() if isinstance(value, dict) else value)  # pyright: ignore[reportUnknownArgumentType, reportUnknownMemberType]
            for child in children:
                yield from strings(child)
        case _:
            pass


def references(value: Any) -> set[str]:
    """Addresses that the expressions in a JSON value refer to, such as `aws_vpc.Vpc_1` or `var.max_instances`."""
    found: set[str] = set()
    for text in strings(value):
        for expression in _expressions(text):
            found.update(_REFERENCE.findall(expression))
    return found


def declared(stack: Json) -> set[str]:
    """Addresses that the stack's expressions may refer to."""
    blocks = [("", stack.get("resource", {})), ("data.", stack.get("data", {}))]
    addresses = {f"{prefix}{kind}.{name}" for prefix, kinds in blocks for kind in kinds for name in kinds[kind]}
    return (
        addresses
        | {f"var.{name}" for name in stack.get("variable", {})}
        | {f"local.{name}" for name in stack.get("locals", {})}
    )


def _expressions(text: str) -> Iterator[str]:
    """The `${...}` parts of a text, nested braces included."""
    start = text.find("${")
    while start >= 0:
        depth, end = 0, start + 1
        for end in range(start + 1, len(text)):
            depth += {"{": 1, "}": -1}.get(text[end], 0)
            if depth == 0:
                break
        yield text[start : end + 1]
        start = text.find("${", end)
