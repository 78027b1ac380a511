"""What goes live with an apply, and what the edge logs."""

import json
import re
from dataclasses import replace
from typing import Any

import pytest

from inference_constructs.api import api as rate_limited_api
from inference_constructs.api import responses as gateway_responses
from inference_constructs.api.responses import edge_error
from inference_constructs.api.routes import OPERATIONS, Operation
from inference_constructs.foundation import timeouts
from support.api_stack import synthesize_api
from support.stack_json import Json, api_acl, only, references, resources


@pytest.fixture(scope="module")
def api() -> Json:
    return synthesize_api()


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


@pytest.mark.req("R7.1")
def test_the_first_deployment_goes_live_when_a_host_is_healthy(inference: Json) -> None:
    (group,) = resources(inference, "aws_autoscaling_group")
    assert only(inference, "aws_api_gateway_stage")["depends_on"] == [f"aws_autoscaling_group.{group}"]
    assert only(inference, "aws_autoscaling_group")["min_elb_capacity"] == "${var.min_instances}"


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


def test_account_lets_api_gateway_log_and_keeps_it_when_an_environment_goes(synthesized: dict[str, Json]) -> None:
    state = synthesized["state"]
    used = [references(found["cloudwatch_role_arn"]) for found in resources(state, "aws_api_gateway_account").values()]
    attachments = resources(state, "aws_iam_role_policy_attachment").values()
    assert [references(attachment["role"]) for attachment in attachments] == used
    assert all(found["policy_arn"].endswith("AmazonAPIGatewayPushToCloudWatchLogs") for found in attachments)
    others = [stack for name, stack in synthesized.items() if name != "state"]
    assert not any(resources(stack, "aws_api_gateway_account") for stack in others)
