"""What AWS CLI would say to a command, by the models that it is made of too: botocore's."""

# botocore and jmespath have no types of their own
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false
import json
from functools import cache
from typing import Any

import botocore.session
import jmespath
from botocore import xform_name

SERVICES = {"s3api": "s3"}
"""Names that AWS CLI has for services."""

GLOBAL = {"--query", "--output", "--region", "--profile"}
"""https://docs.aws.amazon.com/cli/latest/reference/"""

PAGES = {"--max-items", "--page-size", "--starting-token"}
"""Of operations that botocore can page. https://docs.aws.amazon.com/cli/latest/userguide/cli-usage-pagination.html"""

CUSTOM = {
    ("logs", "tail"): (1, {"--since", "--follow", "--format", "--filter-pattern", "--log-stream-names"}),
    ("s3", "cp"): (2, {"--recursive", "--exclude", "--include", "--dryrun"}),
}
"""Commands of AWS CLI's own: how many arguments they begin with, and their options.

https://docs.aws.amazon.com/cli/latest/reference/logs/tail.html
https://docs.aws.amazon.com/cli/latest/reference/s3/cp.html
"""

WITH_FILE = {("s3api", "get-object")}
"""Operations whose answer is a stream, which goes to the file that is the last argument."""


@cache
def _model(service: str) -> Any:
    return botocore.session.get_session().get_service_model(SERVICES.get(service, service))


def _options(arguments: list[str]) -> dict[str, list[str]]:
    """Return the values after each option."""
    options: dict[str, list[str]] = {}
    for argument in arguments:
        if argument.startswith("--"):
            options[argument] = []
        else:
            options[list(options)[-1]].append(argument)
    return options


def check(arguments: list[str]) -> None:
    """Fail where AWS CLI 2 would refuse the arguments, or the query finds nothing that an answer has."""
    service, command, *rest = arguments
    if (service, command) in CUSTOM:
        count, known = CUSTOM[service, command]
        assert not any(each.startswith("-") for each in rest[:count])
        assert _options(rest[count:]).keys() <= known | GLOBAL
        return
    if (service, command) in WITH_FILE:
        assert not rest.pop().startswith("-")
    model = _model(service)
    operation = model.operation_model({xform_name(each, "-"): each for each in model.operation_names}[command])
    options, shape = _options(rest), operation.input_shape
    members = {f"--{xform_name(name, '-')}": member for name, member in (shape.members if shape else {}).items()}
    switches = {f"--no-{name[2:]}": member for name, member in members.items() if member.type_name == "boolean"}
    pageable = (
        botocore.session.get_session()
        .get_component("data_loader")
        .load_service_model(model.service_name, "paginators-1")["pagination"]
    )
    known = members.keys() | switches | GLOBAL | (PAGES if operation.name in pageable else set())
    assert options.keys() - known == set(), command
    required = {f"--{xform_name(name, '-')}" for name in (shape.required_members if shape else [])}
    # botocore makes these up itself
    generated = {f"--{xform_name(name, '-')}" for name in operation.idempotent_members}
    assert required - generated - options.keys() == set(), command
    for name, values in options.items():
        if name in switches or (name in members and members[name].type_name == "boolean"):
            assert values == [], name
        elif name in members:
            _check_value(members[name], values)
    for query in options.get("--query", ()):
        assert "None" not in str(jmespath.search(query, _sample(operation.output_shape))), query


def _check_value(shape: Any, values: list[str]) -> None:
    """Fail where values do not fit what an operation takes: one text or several, JSON, or `key=value,...`."""
    if shape.type_name == "list":
        for value in values:
            _check_value(shape.member, [value])
        return
    (value,) = values
    if shape.type_name == "structure":
        names = json.loads(value) if value.startswith("{") else [each.split("=")[0] for each in value.split(",")]
        assert set(names) <= shape.members.keys(), value
    elif shape.type_name == "map":
        assert isinstance(json.loads(value), dict), value
    elif getattr(shape, "enum", None):
        assert value in shape.enum, value


def _sample(shape: Any, depth: int = 0) -> Any:
    """Return an answer of this shape, one entry in each list."""
    match shape.type_name:
        case "structure" if depth < 6:
            return {name: _sample(member, depth + 1) for name, member in shape.members.items()}
        case "list":
            return [_sample(shape.member, depth + 1)]
        case "map" | "structure":
            return {}
        case _:
            return "sample"
