"""OpenTofu's expressions, evaluated: the few forms that the stacks have."""

import re
from collections.abc import Mapping
from typing import Any

from ops.cost import forecast

REFERENCE = re.compile(r"\b(?:data\.)?aws_[\w.]+")


def evaluate(expression: Any, variables: Mapping[str, object], local: Mapping[str, object] | None = None) -> Any:
    """The value of `${...}`, where a resource's attribute is some text; what is no expression is its own value."""
    if not isinstance(expression, str) or not expression.startswith("${"):
        return expression
    python = re.sub(r"^(.+?) \? (.+) : (.+)$", r"(\2) if (\1) else (\3)", expression[2:-1])
    others: dict[str, object] = {"local": dict(local or {}), "null": None, "true": True, "false": False}
    return forecast.evaluate(REFERENCE.sub("'a reference'", python), variables, **others)
