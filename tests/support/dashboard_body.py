"""The dashboard of a synthesized stack."""

import re

from support.stack_json import Json, only


def body_of(stack: Json) -> Json:
    """The dashboard's body before OpenTofu has filled in names."""
    (name,) = re.findall(
        r"\$\{jsonencode\(local\.([\w-]+)\)}", only(stack, "aws_cloudwatch_dashboard")["dashboard_body"]
    )
    return stack["locals"][name]
