"""OpenTofu's expressions, evaluated: the few forms that the stacks have."""

import math
import re
from collections.abc import Mapping
from typing import Any, cast

from simpleeval import SimpleEval  # pyright: ignore[reportMissingTypeStubs]

REFERENCE = re.compile(r"\b(?:data\.)?aws_[\w.]+")


def evaluate(expression: Any, variables: Mapping[str, object], local: Mapping[str, object] | None = None) -> Any:
    """The value of `${...}`, where a resource's attribute is some text; what is no expression is its own value."""
    if not isinstance(expression, str) or not expression.startswith("${"):
        return expression
    python = re.sub(r"^(.+?) \? (.+) : (.+)$", r"(\2) if (\1) else (\3)", expression[2:-1])
    names = {"var": dict(variables), "local": dict(local or {}), "null": None, "true": True, "false": False}
    evaluator = SimpleEval(names=names, functions={"floor": math.floor, "max": max})
    return cast("Any", evaluator.eval(REFERENCE.sub("'a reference'", python)))  # pyright: ignore[reportUnknownMemberType]
