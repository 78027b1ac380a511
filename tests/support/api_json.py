"""Look-ups in the JSON of a stack with an API."""

import json
import re
from collections.abc import Mapping
from typing import Any

import jsonschema

from support.api_stack import path_of
from support.paths import ROOT
from support.stack_json import Json, api_acl, resources

OPENAPI: Json = json.loads((ROOT / "runtime" / "openapi.json").read_text())

NEEDS_KEY = {"POST /v1/completions", "POST /v1/chat/completions", "GET /v1/models"}


def methods(stack: Json) -> dict[str, Json]:
    """Every method by verb and path."""
    found = resources(stack, "aws_api_gateway_method").values()
    return {f"{method['http_method']} {path_of(stack, method['resource_id']) or '/'}": method for method in found}


def forwarded(stack: Json) -> dict[str, Json]:
    """Integrations of the load balancer by verb and path."""
    return {
        f"{integration['integration_http_method']} {path_of(stack, integration['resource_id'])}": integration
        for integration in resources(stack, "aws_api_gateway_integration").values()
        if integration["type"] == "HTTP_PROXY"
    }


def responses(stack: Json) -> dict[str, Json]:
    """Gateway responses by type."""
    found = resources(stack, "aws_api_gateway_gateway_response").values()
    return {response["response_type"]: response for response in found}


def headers(parameters: Mapping[str, str]) -> dict[str, str]:
    """HTTP headers from response parameters; static values stand in single quotes."""
    values = {name.split(".header.")[1]: value for name, value in parameters.items()}
    assert all(re.fullmatch(r"'[^']+'", value) for value in values.values())
    return {name: value.strip("'") for name, value in values.items()}


def check_error(body: str, status: int) -> None:
    """Fail unless a client would get an error of the published shape."""
    document = json.loads(body)
    schema: Any = jsonschema.Draft202012Validator({"$ref": "#/components/schemas/Error", **OPENAPI})
    schema.validate(document)
    assert document["error"]["code"] == status


def rules(stack: Json) -> dict[str, Json]:
    return {rule["name"]: rule for rule in api_acl(stack)["rule"]}


def blocked_headers(rule: Json) -> dict[str, str]:
    return {h["name"]: h["value"] for h in rule["action"]["block"]["custom_response"]["response_header"]}
