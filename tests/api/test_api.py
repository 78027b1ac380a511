"""The public edge of each environment, as AWS gets it."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import botocore.loaders  # pyright: ignore[reportMissingTypeStubs]
import jsonschema
import pytest

from inference_constructs.api import api as rate_limited_api
from inference_constructs.api import responses as gateway_responses
from inference_constructs.api.operations import OPERATIONS, Operation
from inference_constructs.api.responses import edge_error
from inference_constructs.api.throttles import requests_per_second
from inference_constructs.foundation import timeouts
from inference_constructs.foundation.domain import Domain
from inference_constructs.host.gateway_settings import CLIENT_ADDRESS_HEADER, host_gateway
from support.api_stack import path_of, synthesize_api
from support.paths import ROOT
from support.stack_json import Json, api_acl, only, references, resources, strings

OPENAPI: Json = json.loads((ROOT / "runtime" / "openapi.json").read_text())
NEEDS_KEY = {"POST /v1/completions", "POST /v1/chat/completions", "GET /v1/models"}


@pytest.fixture(scope="module")
def api() -> Json:
    return synthesize_api()


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


def keyless_rule(stack: Json) -> Json:
    """The rule that is there where keys are required."""
    return api_acl(stack)["dynamic"]["rule"]


def rules(stack: Json) -> dict[str, Json]:
    return {rule["name"]: rule for rule in api_acl(stack)["rule"]}


def blocked_headers(rule: Json) -> dict[str, str]:
    return {h["name"]: h["value"] for h in rule["action"]["block"]["custom_response"]["response_header"]}


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


@pytest.mark.req("R5.5")
def test_key_is_needed_for_inference_when_switched_on_and_never_for_health(inference: Json) -> None:
    (authorizer,) = resources(inference, "aws_api_gateway_authorizer")
    switched = {
        "authorization": '${var.require_api_key ? "CUSTOM" : "NONE"}',
        "authorizer_id": f"${{var.require_api_key ? aws_api_gateway_authorizer.{authorizer}.id : null}}",
        "api_key_required": "${var.require_api_key}",
    }
    for route, method in methods(inference).items():
        check = {name: method.get(name) for name in switched}
        if route in NEEDS_KEY:
            assert check == switched
        else:
            assert (check["authorization"], bool(check["api_key_required"])) == ("NONE", False)


@pytest.mark.req("R5.5")
def test_api_gateway_itself_checks_the_key_that_the_authorizer_found(inference: Json) -> None:
    authorizer = only(inference, "aws_api_gateway_authorizer")
    assert only(inference, "aws_api_gateway_rest_api")["api_key_source"] == "AUTHORIZER"
    assert authorizer["type"] == "REQUEST"
    assert authorizer["authorizer_result_ttl_in_seconds"] == 0
    # an identity source that a request may lack would refuse it unseen
    assert authorizer["identity_source"].startswith("context.")


@pytest.mark.req("R5.5")
def test_authorizer_may_be_called_by_this_authorizer_only_and_may_only_log(inference: Json) -> None:
    permission = only(inference, "aws_lambda_permission")
    role = references(only(inference, "aws_lambda_function")["role"])
    (policy,) = [p for p in resources(inference, "aws_iam_role_policy").values() if references(p["role"]) == role]
    (statement,) = json.loads(policy["policy"])["Statement"]
    assert permission["principal"] == "apigateway.amazonaws.com"
    assert any(ref.startswith("aws_api_gateway_authorizer.") for ref in references(permission["source_arn"]))
    assert set(statement["Action"]) == {"logs:CreateLogStream", "logs:PutLogEvents"}
    (log,) = references(statement["Resource"])
    assert references(only(inference, "aws_lambda_function")["logging_config"]) == {log}


@pytest.mark.req("R5.5")
def test_keys_belong_to_the_plan_of_this_stage_and_are_not_in_the_state(inference: Json) -> None:
    plan = only(inference, "aws_api_gateway_usage_plan")
    (stage,) = plan["api_stages"]
    (live,) = resources(inference, "aws_api_gateway_stage")
    assert references(stage["stage"]) == {f"aws_api_gateway_stage.{live}"}
    assert plan["quota_settings"]["limit"] > 0
    assert plan["throttle_settings"]["rate_limit"] > 0
    assert not resources(inference, "aws_api_gateway_api_key")


@pytest.mark.req("R5.5")
def test_keys_do_not_reach_the_hosts(inference: Json) -> None:
    for integration in forwarded(inference).values():
        replaced = {name.split(".")[-1].lower(): value for name, value in integration["request_parameters"].items()}
        assert all(re.fullmatch(r"'\w+'", replaced[header]) for header in ("authorization", "x-api-key"))


@pytest.mark.req("R5.4")
def test_hosts_get_the_address_that_api_gateway_saw_and_its_request_id(inference: Json) -> None:
    assert host_gateway("g5.xlarge").client_address_header == CLIENT_ADDRESS_HEADER
    for integration in forwarded(inference).values():
        mapped = {name.split(".")[-1]: value for name, value in integration["request_parameters"].items()}
        assert (mapped[CLIENT_ADDRESS_HEADER], mapped["x-request-id"]) == (
            "context.identity.sourceIp",
            "context.requestId",
        )


@pytest.mark.req("R5.6")
@pytest.mark.parametrize("kind", ["INVALID_API_KEY", "ACCESS_DENIED", "UNAUTHORIZED"])
def test_missing_or_wrong_key_is_401_that_says_how_to_authenticate(inference: Json, kind: str) -> None:
    response = responses(inference)[kind]
    assert response["status_code"] == "401"
    assert headers(response["response_parameters"])["WWW-Authenticate"] == "Bearer"


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


@pytest.mark.req("R5.3", "R5.4")
def test_requests_are_counted_by_client_address_within_a_minute(inference: Json) -> None:
    rule = rules(inference)["rate-limit"]
    assert rule["statement"] == {
        "rate_based_statement": {
            "limit": "${var.rate_limit_per_minute}",
            "evaluation_window_sec": 60,
            "aggregate_key_type": "IP",
            "scope_down_statement": rule["statement"]["rate_based_statement"]["scope_down_statement"],
        }
    }
    assert inference["variable"]["rate_limit_per_minute"]["default"] == 100
    # the first rule, so that no other ends the evaluation before a request is counted
    assert rule["priority"] == min(each["priority"] for each in rules(inference).values())


@pytest.mark.req("R5.3", "R9.5")
def test_preflights_are_neither_counted_nor_blocked(inference: Json) -> None:
    scope = rules(inference)["rate-limit"]["statement"]["rate_based_statement"]["scope_down_statement"]
    (exempt,) = scope["not_statement"]["statement"]
    assert exempt["byte_match_statement"] == {
        "field_to_match": {"method": {}},
        "positional_constraint": "EXACTLY",
        "search_string": "OPTIONS",
        "text_transformation": [{"priority": 0, "type": "NONE"}],
    }


@pytest.mark.req("R5.3")
@pytest.mark.parametrize(("name", "status"), [("rate-limit", 429), ("body-size", 413)])
def test_what_the_firewall_blocks_gets_an_error_of_the_published_shape(inference: Json, name: str, status: int) -> None:
    rule = rules(inference)[name]
    response = rule["action"]["block"]["custom_response"]
    bodies = {body["key"]: body for body in api_acl(inference)["custom_response_body"]}
    body = bodies[response["custom_response_body_key"]]
    assert response["response_code"] == status
    assert body["content_type"] == "APPLICATION_JSON"
    check_error(body["content"], status)
    assert "cloudfront" in blocked_headers(rule)["Access-Control-Allow-Origin"]


@pytest.mark.req("R5.3")
def test_blocked_address_learns_when_to_try_again(inference: Json) -> None:
    sent = blocked_headers(rules(inference)["rate-limit"])
    assert sent["Retry-After"] == "60"
    assert sent["Access-Control-Expose-Headers"] == "Retry-After"


def test_only_bodies_that_are_longer_than_any_prompt_are_refused(inference: Json) -> None:
    acl = api_acl(inference)
    (body,) = acl["association_config"]["request_body"]
    size = rules(inference)["body-size"]["statement"]["size_constraint_statement"]
    assert body["api_gateway"]["default_size_inspection_limit"] == "KB_64"
    assert (size["comparison_operator"], size["size"]) == ("GT", 64 * 1024)
    assert size["field_to_match"] == {"body": {"oversize_handling": "MATCH"}}
    managed = [rule["statement"] for rule in rules(inference).values() if "override_action" in rule]
    names = [statement["managed_rule_group_statement"]["name"] for statement in managed]
    # looks at addresses only; the other groups read bodies, and prompts may say anything
    assert names == ["AWSManagedRulesAmazonIpReputationList"]


@pytest.mark.req("R5.3")
def test_firewall_stands_before_the_stage(inference: Json) -> None:
    association = only(inference, "aws_wafv2_web_acl_association")
    (stage,) = resources(inference, "aws_api_gateway_stage")
    (acl,) = [name for name, each in resources(inference, "aws_wafv2_web_acl").items() if each["scope"] == "REGIONAL"]
    assert association["resource_arn"] == f"${{aws_api_gateway_stage.{stage}.arn}}"
    assert association["web_acl_arn"] == f"${{aws_wafv2_web_acl.{acl}.arn}}"
    assert api_acl(inference)["scope"] == "REGIONAL"


@pytest.mark.req("R4.6")
def test_logs_of_the_edge_are_encrypted_and_kept_for_30_days(inference: Json) -> None:
    stage = only(inference, "aws_api_gateway_stage")["access_log_settings"]["destination_arn"]
    waf = only(inference, "aws_wafv2_web_acl_logging_configuration")["log_destination_configs"]
    function = only(inference, "aws_lambda_function")["logging_config"]["log_group"]
    groups = resources(inference, "aws_cloudwatch_log_group")
    used = [groups[references(target).pop().split(".")[1]] for target in (stage, waf, function)]
    (execution,) = [g for g in groups.values() if g["name"].startswith("API-Gateway-Execution-Logs_")]
    assert execution["name"].endswith("/live")
    assert used[1]["name"].startswith("aws-waf-logs-")
    assert {group["retention_in_days"] for group in (*used, execution)} == {30}
    assert all("aws_kms_key" in group["kms_key_id"] for group in (*used, execution))


@pytest.mark.req("R5.5")
def test_no_log_holds_keys_or_prompts(inference: Json) -> None:
    logging = only(inference, "aws_wafv2_web_acl_logging_configuration")
    redacted = {field["single_header"]["name"] for field in logging["redacted_fields"]}
    settings = resources(inference, "aws_api_gateway_method_settings").values()
    access = json.loads(only(inference, "aws_api_gateway_stage")["access_log_settings"]["format"])
    acl = api_acl(inference)
    assert redacted >= {"authorization", "x-api-key", "cookie"}
    assert {each["settings"]["data_trace_enabled"] for each in settings} == {False}
    assert not any(each["visibility_config"]["sampled_requests_enabled"] for each in (acl, *acl["rule"]))
    # the first is the key itself; a message may quote a header, and a path may hold what a client put there
    assert not {"$context.identity.apiKey", "$context.error.message", "$context.path"} & set(access.values())
    assert all(re.fullmatch(r"\$context\.[\w.]+", variable) for variable in access.values())


def test_flood_is_counted_and_not_logged(inference: Json) -> None:
    filters = only(inference, "aws_wafv2_web_acl_logging_configuration")["logging_filter"]
    assert filters["default_behavior"] == "DROP"
    for kept in filters["filter"]:
        labels = [each["label_name_condition"] for each in kept["condition"] if "label_name_condition" in each]
        assert (kept["behavior"], kept["requirement"]) == ("KEEP", "MEETS_ALL")
        # of a rule that none of the own rules' blocks reaches
        assert [label["label_name"].split(":")[3] for label in labels] == ["amazon-ip-list"]


@pytest.mark.req("R5.6")
def test_request_without_any_key_is_401_before_the_authorizer_where_keys_are_on(inference: Json) -> None:
    rule = keyless_rule(inference)
    answer = rule["content"]["action"]["block"]["custom_response"]
    (body,) = [each for each in api_acl(inference)["custom_response_body"] if each["key"] == "401"]
    assert rule["for_each"] == "${var.require_api_key ? [1] : []}"
    assert answer["response_code"] == 401
    assert {"name": "WWW-Authenticate", "value": "Bearer"} in answer["response_header"]
    check_error(body["content"], 401)


@pytest.mark.req("R5.6")
def test_preflights_and_requests_with_either_header_pass_the_firewall(inference: Json) -> None:
    *passing, paths = keyless_rule(inference)["content"]["statement"]["and_statement"]["statement"]
    fields = [next(iter(each["not_statement"]["statement"].values()))["field_to_match"] for each in passing]
    ends = [each["byte_match_statement"]["search_string"] for each in paths["or_statement"]["statement"]]
    assert fields == [
        {"method": {}},
        {"single_header": {"name": "authorization"}},
        {"single_header": {"name": "x-api-key"}},
    ]
    assert set(ends) == {route.split()[1] for route in NEEDS_KEY}


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


def triggers(stack: Json) -> dict[str, str]:
    return only(stack, "aws_api_gateway_deployment")["triggers"]


def change_method(patch: pytest.MonkeyPatch) -> None:
    extended = (*OPERATIONS, Operation(method="GET", path="/v1/new"))
    patch.setattr(rate_limited_api, "OPERATIONS", extended)


def change_integration(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(timeouts, "API_GATEWAY", replace(timeouts.API_GATEWAY, margin=6))


def change_gateway_response(patch: pytest.MonkeyPatch) -> None:
    changed = {**gateway_responses.GATEWAY_RESPONSES, "THROTTLED": edge_error(429, "Slower.")}
    patch.setattr(gateway_responses, "GATEWAY_RESPONSES", changed)


@pytest.mark.req("R2.3")
@pytest.mark.parametrize("change", [change_method, change_integration, change_gateway_response])
def test_changed_configuration_goes_live(api: Json, monkeypatch: pytest.MonkeyPatch, change: Any) -> None:
    change(monkeypatch)
    changed = triggers(synthesize_api())
    assert changed["configuration"] != triggers(api)["configuration"]
    assert {**changed, "configuration": ""} == {**triggers(api), "configuration": ""}


@pytest.mark.req("R2.3")
def test_unchanged_configuration_is_not_deployed_again(api: Json) -> None:
    assert triggers(synthesize_api()) == triggers(api)


DEPLOYED = (
    "aws_api_gateway_method",
    "aws_api_gateway_integration",
    "aws_api_gateway_method_response",
    "aws_api_gateway_integration_response",
    "aws_api_gateway_gateway_response",
    "aws_api_gateway_authorizer",
)


@pytest.mark.req("R2.3")
def test_value_that_an_operator_changes_goes_live(inference: Json) -> None:
    deployed = [r for kind in DEPLOYED for r in resources(inference, kind).values()]
    used = {ref for resource in deployed for ref in references(resource)}
    ids = {ref for ref in used if ref.startswith("aws_api_gateway_")}
    assert used - ids <= references(triggers(inference))
    assert {"var.require_api_key", "var.request_timeout_seconds"} <= references(triggers(inference))


@pytest.mark.req("R2.3")
def test_deployment_waits_for_everything_that_it_copies(inference: Json) -> None:
    deployment = only(inference, "aws_api_gateway_deployment")
    every = {f"{kind}.{name}" for kind in DEPLOYED for name in resources(inference, kind)}
    assert every <= set(deployment["depends_on"])
    assert deployment["lifecycle"]["create_before_destroy"] is True


@pytest.mark.req("R5.1")
def test_api_is_regional_since_other_endpoints_cut_silent_streams(inference: Json) -> None:
    api = only(inference, "aws_api_gateway_rest_api")
    assert api["endpoint_configuration"]["types"] == ["REGIONAL"]
    assert only(inference, "aws_api_gateway_stage")["stage_name"] == "live"
    assert "execute-api" in inference["output"]["api_url"]["value"]
    assert inference["output"]["api_url"]["value"].endswith("/live")


def test_own_domain_replaces_aws_url_and_hides_the_stage() -> None:
    arn = "arn:aws:acm:us-east-1:123456789012:certificate/1"
    stack = synthesize_api(domain=Domain(name="api.example.com", certificate_arn=arn))
    domain, mapping = only(stack, "aws_api_gateway_domain_name"), only(stack, "aws_api_gateway_base_path_mapping")
    assert (domain["domain_name"], domain["regional_certificate_arn"]) == ("api.example.com", arn)
    assert domain["security_policy"] == "TLS_1_2"
    assert "base_path" not in mapping
    assert only(stack, "aws_api_gateway_rest_api")["disable_execute_api_endpoint"] is True


def test_certificate_of_another_region_is_refused() -> None:
    arn = "arn:aws:acm:eu-west-1:123456789012:certificate/1"
    with pytest.raises(ValueError, match="must be an ACM certificate in us-east-1"):
        synthesize_api(domain=Domain(name="api.example.com", certificate_arn=arn))


def test_account_lets_api_gateway_log_and_keeps_it_when_an_environment_goes(synthesized: dict[str, Json]) -> None:
    state = synthesized["state"]
    used = [references(found["cloudwatch_role_arn"]) for found in resources(state, "aws_api_gateway_account").values()]
    attachments = resources(state, "aws_iam_role_policy_attachment").values()
    assert [references(attachment["role"]) for attachment in attachments] == used
    assert all(found["policy_arn"].endswith("AmazonAPIGatewayPushToCloudWatchLogs") for found in attachments)
    others = [stack for name, stack in synthesized.items() if name != "state"]
    assert not any(resources(stack, "aws_api_gateway_account") for stack in others)
