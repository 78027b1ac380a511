"""API keys: where they are needed, who checks them, and where they do not go."""

import json
import re

import pytest

from support.api_json import (
    NEEDS_KEY,
    forwarded,
    headers,
    methods,
    responses,
)
from support.stack_json import Json, only, references, resources


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


@pytest.mark.req("R5.6")
@pytest.mark.parametrize("kind", ["INVALID_API_KEY", "ACCESS_DENIED", "UNAUTHORIZED"])
def test_missing_or_wrong_key_is_401_that_says_how_to_authenticate(inference: Json, kind: str) -> None:
    response = responses(inference)[kind]
    assert response["status_code"] == "401"
    assert headers(response["response_parameters"])["WWW-Authenticate"] == "Bearer"
