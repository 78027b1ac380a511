"""The API's routes and answers, as AWS gets them."""

import json
import re
from collections.abc import Iterator
from typing import Any

import botocore.loaders  # pyright: ignore[reportMissingTypeStubs]
import pytest

from inference_constructs.api.throttles import requests_per_second
from inference_constructs.host.gateway_settings import CLIENT_ADDRESS_HEADER, host_gateway
from support.api_json import (
    OPENAPI,
    blocked_headers,
    check_error,
    forwarded,
    headers,
    methods,
    responses,
    rules,
)
from support.api_stack import path_of, synthesize_api
from support.models import phi_3_on
from support.stack_json import Json, only, references, resources, strings


@pytest.mark.req("R5.1", "R5.2")
def test_routes_are_those_of_the_published_api(inference: Json) -> None:
    published = {f"{verb.upper()} {path}" for path, verbs in OPENAPI["paths"].items() for verb in verbs}
    assert set(forwarded(inference)) == published


@pytest.mark.req("R5.7")
def test_every_method_has_its_one_integration(inference: Json) -> None:
    integrations = resources(inference, "aws_api_gateway_integration").values()
    served = [(references(i["http_method"]).pop(), path_of(inference, i["resource_id"])) for i in integrations]
    every = {
        (f"aws_api_gateway_method.{name}", path_of(inference, method["resource_id"]))
        for name, method in resources(inference, "aws_api_gateway_method").items()
    }
    assert len(served) == len(set(served))
    assert set(served) == every


@pytest.mark.req("R5.7")
def test_valid_requests_stream_through_one_link_to_the_load_balancer(inference: Json) -> None:
    (link,) = resources(inference, "aws_apigatewayv2_vpc_link")
    (balancer,) = resources(inference, "aws_lb")
    host = only(inference, "aws_acm_certificate")["tags"]["Name"]
    for route, integration in forwarded(inference).items():
        assert integration["connection_type"] == "VPC_LINK"
        assert references(integration["connection_id"]) == {f"aws_apigatewayv2_vpc_link.{link}"}
        assert references(integration["integration_target"]) == {f"aws_lb.{balancer}"}
        assert integration["response_transfer_mode"] == "STREAM"
        assert integration["uri"] == f"https://{host}{route.split()[1]}"


def test_endpoint_is_below_a_public_top_level_domain(inference: Json) -> None:
    # API Gateway refuses others as an invalid endpoint, .internal among them
    assert {str(each["uri"]).split("/")[2] for each in forwarded(inference).values()} == {
        f"gateway.{only(inference, 'aws_api_gateway_rest_api')['name']}.example.com"
    }


@pytest.mark.req("R6.4")
def test_link_reaches_port_443_of_the_load_balancer_and_nothing_else(inference: Json) -> None:
    (group,) = references(only(inference, "aws_apigatewayv2_vpc_link")["security_group_ids"])
    (balancer,) = references(only(inference, "aws_lb")["security_groups"])
    egress = resources(inference, "aws_vpc_security_group_egress_rule").values()
    ingress = resources(inference, "aws_vpc_security_group_ingress_rule").values()
    (out,) = [rule for rule in egress if references(rule["security_group_id"]) == {group}]
    (into,) = [rule for rule in ingress if references(rule["security_group_id"]) == {balancer}]
    assert references(out["referenced_security_group_id"]) == {balancer}
    assert references(into["referenced_security_group_id"]) == {group}
    assert {(rule["ip_protocol"], rule["from_port"], rule["to_port"]) for rule in (out, into)} == {("tcp", 443, 443)}


@pytest.mark.req("R5.4")
def test_hosts_get_the_address_that_api_gateway_saw_and_its_request_id(inference: Json) -> None:
    assert host_gateway(phi_3_on("g5.xlarge")).client_address_header == CLIENT_ADDRESS_HEADER
    for integration in forwarded(inference).values():
        mapped = {name.split(".")[-1]: value for name, value in integration["request_parameters"].items()}
        assert (mapped[CLIENT_ADDRESS_HEADER], mapped["x-request-id"]) == (
            "context.identity.sourceIp",
            "context.requestId",
        )


def test_every_error_of_api_gateway_has_the_published_shape_and_can_be_read_by_the_page(inference: Json) -> None:
    loader: Any = botocore.loaders.Loader()
    shapes = loader.load_service_model("apigateway", "service-2")["shapes"]
    assert set(responses(inference)) == set(shapes["GatewayResponseType"]["enum"])
    (distribution,) = resources(inference, "aws_cloudfront_distribution")
    for response in responses(inference).values():
        check_error(response["response_templates"]["application/json"], int(response["status_code"]))
        origin = headers(response["response_parameters"])["Access-Control-Allow-Origin"]
        assert origin == f"https://${{aws_cloudfront_distribution.{distribution}.domain_name}}"


@pytest.mark.req("R7.1", "R5.3")
@pytest.mark.parametrize("status", ["429", "503"])
def test_error_that_passes_says_when_to_try_again(inference: Json, status: str) -> None:
    passing = [r for r in responses(inference).values() if r["status_code"] == status]
    assert passing
    assert all(int(headers(response["response_parameters"])["Retry-After"]) > 0 for response in passing)


@pytest.mark.req("R7.2")
def test_timeout_of_api_gateway_is_504(inference: Json) -> None:
    assert responses(inference)["INTEGRATION_TIMEOUT"]["status_code"] == "504"


PREFLIGHT = re.escape('#if($context.httpMethod == "OPTIONS")\n#set($context.responseOverride.status = 204)\n#else\n')
"""How a template of API Gateway's begins that gives a preflight an empty 204."""


def mocks(stack: Json) -> Iterator[tuple[str, int, Json, str]]:
    """Path, status, response and error body of each ANY method."""
    found = resources(stack, "aws_api_gateway_integration_response").values()
    by_path = {path_of(stack, response["resource_id"]): response for response in found}
    for integration in resources(stack, "aws_api_gateway_integration").values():
        if integration["type"] != "MOCK":
            continue
        path = path_of(stack, integration["resource_id"])
        template = by_path[path]["response_templates"]["application/json"]
        match = re.fullmatch(PREFLIGHT + r"(.*)\n#end", template)
        assert match
        status = json.loads(integration["request_templates"]["application/json"])["statusCode"]
        yield path, status, by_path[path], match.group(1)


def test_unknown_routes_are_404_and_wrong_methods_405_in_the_published_shape(inference: Json) -> None:
    statuses: dict[str, int] = {}
    for path, status, response, body in mocks(inference):
        statuses[path] = status
        (declared,) = references(response["status_code"])
        method_response = resources(inference, "aws_api_gateway_method_response")[declared.split(".")[1]]
        assert method_response["status_code"] == str(status)
        assert set(method_response["response_parameters"]) == set(response["response_parameters"])
        check_error(body, status)
    routes = {route.split()[1]: 405 for route in forwarded(inference)}
    assert statuses == {**routes, **dict.fromkeys(["", "/v1", "/v1/chat", "/{proxy+}"], 404)}


@pytest.mark.req("R9.5")
def test_preflight_lets_the_page_send_json_with_a_key(inference: Json) -> None:
    (distribution,) = resources(inference, "aws_cloudfront_distribution")
    allowed = {path: headers(response["response_parameters"]) for path, _, response, _ in mocks(inference)}
    for route in forwarded(inference):
        verb, path = route.split()
        sent = allowed[path]
        assert (
            sent["Access-Control-Allow-Origin"]
            == f"https://${{aws_cloudfront_distribution.{distribution}.domain_name}}"
        )
        assert verb in sent["Access-Control-Allow-Methods"].split(", ")
        # the wildcard covers Content-Type, but not Authorization
        assert {"Authorization", "*"} <= set(sent["Access-Control-Allow-Headers"].split(", "))


@pytest.mark.req("R9.5")
def test_hosts_allow_the_same_origin_as_the_edge(inference: Json) -> None:
    (distribution,) = resources(inference, "aws_cloudfront_distribution")
    origin = f"https://${{aws_cloudfront_distribution.{distribution}.domain_name}}"
    (script,) = [text for text in strings(inference["locals"]) if "GATEWAY_ROOT_PATH=/live" in text]
    assert f"GATEWAY_CORS_ORIGINS={origin}" in script


@pytest.mark.req("R9.5")
def test_fixed_headers_allow_all_where_there_are_several_origins() -> None:
    stack = synthesize_api(allowed_origins=("https://a.example", "https://b.example"))
    sent = [headers(response["response_parameters"]) for response in responses(stack).values()]
    assert {each["Access-Control-Allow-Origin"] for each in sent} == {"*"}
    assert blocked_headers(rules(stack)["rate-limit"])["Access-Control-Allow-Origin"] == "*"


def test_every_method_is_throttled_and_publishes_metrics(inference: Json) -> None:
    found = {
        each["method_path"]: each["settings"]
        for each in resources(inference, "aws_api_gateway_method_settings").values()
    }
    assert set(found) == {"*/*", "~1v1~1completions/POST", "~1v1~1chat~1completions/POST"}
    assert all(each["metrics_enabled"] for each in found.values())
    default = found.pop("*/*")
    assert all(each["throttling_rate_limit"] > default["throttling_rate_limit"] > 0 for each in found.values())


def test_sum_of_all_throttles_is_that_of_the_floods_table(inference: Json) -> None:
    found = {
        each["method_path"]: each["settings"]
        for each in resources(inference, "aws_api_gateway_method_settings").values()
    }
    rates = [
        found.get(f"{route.split()[1].replace('/', '~1')}/{route.split()[0]}", found["*/*"])["throttling_rate_limit"]
        for route in methods(inference)
    ]
    assert sum(rates) == requests_per_second(with_key=True)
