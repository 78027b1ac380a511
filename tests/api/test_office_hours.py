"""An API with office hours, while it is closed: what its authorizer answers, and what API Gateway makes of it.

Stand-in: botocore's stubbers, which hold the answers to AWS's own model of them.
"""

# boto3 has no types of its own
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false
import importlib
import json
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from types import ModuleType
from typing import Any

import cdktf
import pytest
from botocore.stub import Stubber

from inference_constructs.api.key_authorizer import SOURCE
from inference_constructs.foundation import OfficeHours
from inference_constructs.foundation.office_hours import LEAD_MINUTES
from stacks.environments import DEV
from stacks.inference import InferenceStack
from support.api_json import check_error, methods, responses
from support.stack_json import Json, only, parse, resources

HOURS = OfficeHours(time_zone="Europe/Berlin", opening=time(8), closing=time(18))
GROUP = "inference-dev-hosts"
KEY = "hV3kQ9tB7xJ2mN5pR8sW1yZ4cF6gL0aDe7uTiOoP"
TARGET_GROUP = "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/dev-x/0123456789abcdef"
HEALTHY = {"State": "healthy"}


@pytest.fixture(scope="module")
def stack() -> Json:
    environment = replace(DEV, office_hours=HOURS)
    return parse(cdktf.Testing.synth(InferenceStack(cdktf.Testing.app(), DEV.prefix, environment=environment)))


@pytest.fixture
def function(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """The function as Lambda loads it: its files at the top level, its settings in the environment."""
    monkeypatch.syspath_prepend(str(SOURCE.parent))
    settings = {
        "AWS_REGION": "us-east-1",
        "GROUP": GROUP,
        "TARGET_GROUP": TARGET_GROUP,
        "NEED_KEY": "/v1/models /v1/completions",
    }
    for name, value in {**settings, "AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x"}.items():
        monkeypatch.setenv(name, value)
    yield importlib.import_module("office_hours")
    del sys.modules["office_hours"], sys.modules["authorizer"]


def targets(*healths: dict[str, str]) -> dict[str, Any]:
    return {"TargetHealthDescriptions": [{"TargetHealth": health} for health in healths]}


def group(wanted: int) -> dict[str, Any]:
    found = {
        "AutoScalingGroupName": GROUP,
        "MinSize": wanted,
        "MaxSize": 2,
        "DesiredCapacity": wanted,
        "DefaultCooldown": 300,
        "AvailabilityZones": ["us-east-1a"],
        "HealthCheckType": "ELB",
        "CreatedTime": datetime.now(UTC),
    }
    return {"AutoScalingGroups": [found]}


def action(name: str, starts_in: timedelta, hosts: int) -> dict[str, Any]:
    return {"ScheduledActionName": name, "StartTime": datetime.now(UTC) + starts_in, "DesiredCapacity": hosts}


def ask(function: ModuleType, *answers: dict[str, Any], path: str = "/v1/models", key: str | None = None) -> Any:
    operations = ("describe_target_health", "describe_auto_scaling_groups", "describe_scheduled_actions")
    with Stubber(function.auto_scaling) as of_group, Stubber(function.load_balancing) as of_targets:
        for operation, answer in zip(operations, answers, strict=False):
            (of_targets if "target" in operation else of_group).add_response(operation, answer)
        headers = {"Authorization": f"Bearer {key}"} if key else None
        return function.handler({"headers": headers, "methodArn": "arn", "resource": path}, None)


def effect(answer: Any) -> str:
    return answer["policyDocument"]["Statement"][0]["Effect"]


def closed(function: ModuleType) -> Any:
    actions = [action("close-18", timedelta(hours=20), 0), action("open-8", timedelta(hours=10), 1)]
    return ask(function, targets(), group(wanted=0), {"ScheduledUpdateGroupActions": actions})


@pytest.mark.req("R7.1")
def test_while_closed_a_request_is_refused_with_the_seconds_until_the_opening(function: ModuleType) -> None:
    answer = closed(function)
    assert effect(answer) == "Deny"
    assert int(answer["context"]["retry_after"]) == pytest.approx(10 * 3600 + LEAD_MINUTES * 60, abs=60)


def test_it_says_when_the_api_opens(function: ModuleType) -> None:
    opening = datetime.now(UTC) + timedelta(hours=10, minutes=LEAD_MINUTES)
    assert f"{opening:%Y-%m-%d %H:}" in closed(function)["context"]["message"]


@pytest.mark.req("R7.1")
@pytest.mark.parametrize(
    "starting",
    [
        [],
        [{"State": "initial", "Reason": "Elb.InitialHealthChecking"}],
        [{"State": "unhealthy", "Reason": "Target.FailedHealthChecks"}],
    ],
    ids=["not-registered", "not-checked", "does-not-listen"],
)
def test_until_the_first_host_answers_a_request_is_refused_for_a_boot(
    function: ModuleType, starting: list[dict[str, str]]
) -> None:
    answer = ask(function, targets(*starting), group(wanted=1))
    assert (effect(answer), answer["context"]["retry_after"]) == ("Deny", "300")


@pytest.mark.parametrize("health", [HEALTHY, {"State": "unhealthy", "Reason": "Target.ResponseCodeMismatch"}])
def test_while_a_host_answers_requests_pass(function: ModuleType, health: dict[str, str]) -> None:
    assert effect(ask(function, targets(health), key=KEY)) == "Allow"


def test_between_two_schedules_requests_pass(function: ModuleType) -> None:
    of_an_operator = {"ScheduledActionName": "mine", "StartTime": datetime.now(UTC), "MaxSize": 3}
    actions = [action("close-18", timedelta(hours=20), 0), of_an_operator]
    answer = ask(function, targets(), group(wanted=0), {"ScheduledUpdateGroupActions": actions}, key=KEY)
    assert effect(answer) == "Allow"


def test_where_aws_cannot_be_asked_requests_pass(function: ModuleType) -> None:
    with Stubber(function.load_balancing) as stubber:
        stubber.add_client_error("describe_target_health", "Throttling")
        answer = function.handler({"headers": None, "methodArn": "arn", "resource": "/health"}, None)
    assert effect(answer) == "Allow"


def test_where_aws_does_not_answer_the_function_still_does(function: ModuleType, stack: Json) -> None:
    waits = function.BRIEFLY
    slowest = (waits.connect_timeout + waits.read_timeout) * waits.retries["total_max_attempts"]
    assert slowest < only(stack, "aws_lambda_function")["timeout"]


def test_aws_is_not_asked_for_each_request(function: ModuleType) -> None:
    ask(function, targets(HEALTHY), path="/health")
    assert effect(ask(function, path="/health")) == "Allow"


@pytest.mark.req("R5.6")
def test_a_missing_key_is_unauthorized_where_one_is_needed(function: ModuleType) -> None:
    running = targets(HEALTHY)
    with pytest.raises(Exception, match=r"^Unauthorized$"):
        ask(function, running)


def test_a_key_is_handed_to_api_gateway(function: ModuleType) -> None:
    assert ask(function, targets(HEALTHY), key=KEY)["usageIdentifierKey"] == KEY


@pytest.mark.req("R7.1")
def test_the_refusal_is_a_503_of_the_apis_shape(stack: Json) -> None:
    response = responses(stack)["ACCESS_DENIED"]
    assert response["status_code"] == "503"
    assert response["response_parameters"]["gatewayresponse.header.Retry-After"] == "context.authorizer.retry_after"
    assert "gatewayresponse.header.Access-Control-Allow-Origin" in response["response_parameters"]
    body = response["response_templates"]["application/json"]
    check_error(body, 503)
    assert json.loads(body)["error"]["message"] == "$context.authorizer.message"


@pytest.mark.req("R5.6")
def test_a_missing_key_is_still_a_401(stack: Json) -> None:
    assert responses(stack)["UNAUTHORIZED"]["status_code"] == "401"
    assert responses(stack)["INVALID_API_KEY"]["status_code"] == "401"


@pytest.mark.req("R7.1")
def test_every_forwarded_route_asks_whether_it_is_open(stack: Json) -> None:
    for name in ("POST /v1/completions", "POST /v1/chat/completions", "GET /v1/models", "GET /health"):
        method = methods(stack)[name]
        assert method["authorization"] == "CUSTOM"
        assert "aws_api_gateway_authorizer" in method["authorizer_id"]


def test_the_function_may_only_look(stack: Json) -> None:
    policies = [json.loads(each["policy"]) for each in resources(stack, "aws_iam_role_policy").values()]
    (allowed,) = [
        statement["Action"]
        for policy in policies
        for statement in policy["Statement"]
        if "autoscaling" in str(statement["Action"])
    ]
    assert allowed == [
        "autoscaling:DescribeAutoScalingGroups",
        "autoscaling:DescribeScheduledActions",
        "elasticloadbalancing:DescribeTargetHealth",
    ]


def test_the_function_knows_its_hosts_and_the_routes_that_need_a_key(stack: Json) -> None:
    settings = only(stack, "aws_lambda_function")["environment"]["variables"]
    assert settings["GROUP"] == only(stack, "aws_autoscaling_group")["name"]
    assert [settings["TARGET_GROUP"]] == only(stack, "aws_autoscaling_group")["target_group_arns"]
    assert settings["NEED_KEY"] == '${var.require_api_key ? "/v1/completions /v1/chat/completions /v1/models" : ""}'


def test_it_is_told_how_early_hosts_start(function: ModuleType) -> None:
    assert function.LEAD_SECONDS == LEAD_MINUTES * 60
