"""The values of OpenTofu's expressions, as far as the stacks' own have them."""

import re
from collections.abc import Mapping
from typing import Any


def evaluated(value: Any, variables: Mapping[str, object]) -> Any:
    """A value of a stack's JSON: arithmetic, conditions and variables are computed, a resource is "a reference"."""
    if not isinstance(value, str) or not value.startswith("${"):
        return value
    names = {f"var_{name}": variable for name, variable in variables.items()}
    python = re.sub(r"(.+?) \? (.+) : (.+)", r"(\2) if (\1) else (\3)", value[2:-1].replace("var.", "var_"))
    return eval(re.sub(r"aws_[\w.]+", "'a reference'", python).replace("null", "None"), names)
