"""Every policy of every stack: free of mistakes that parliament knows, and what the roles may do and what not."""

import json
import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

import pytest

from support.iam_linter import parliament
from support.stack_json import Json, only, resources

ACCOUNT = "111122223333"
ARNS = {
    "aws_cloudwatch_log_group": f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:own",
    "aws_cloudfront_distribution": f"arn:aws:cloudfront::{ACCOUNT}:distribution/own",
    "aws_s3_bucket": "arn:aws:s3:::own",
    "aws_sns_topic": f"arn:aws:sns:us-east-1:{ACCOUNT}:own",
}
VALUES = {"partition": "aws", "account_id": ACCOUNT}

KEY_POLICY = "a key's policy is attached to the key, which `*` therefore means"
EXCEPTIONS = {
    ("aws_kms_key", "RESOURCE_STAR"): KEY_POLICY,
    ("aws_kms_key", "UNKNOWN_CONDITION_FOR_ACTION"): "AWS's own policy for CloudWatch Logs has DescribeKey there; "
    "it is refused without harm: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html",
    (
        "aws_kms_key",
        "MISMATCHED_TYPE",
    ): "parliament takes an encryption context for a string, and this one is an ARN",
}
"""Findings that are none, by the kind of resource, with the reason."""


def filled_in(policy: str) -> str:
    """A policy with plausible values in place of OpenTofu's expressions."""
    policy = re.sub(r"\$\{(aws_\w+?)\.[\w-]+\.arn\}", lambda match: ARNS[match[1]], policy)
    return re.sub(r"\$\{data\.aws_\w+\.[\w-]+\.(\w+)\}", lambda match: VALUES[match[1]], policy)


def texts(value: Any, name: str = "") -> Iterator[tuple[str, str]]:
    """Every text in a JSON value, at any depth, with the name of what holds it."""
    match value:
        case str():
            yield name, value
        case dict() | list():
            members: Any = value.items() if isinstance(value, dict) else ((name, child) for child in value)  # pyright: ignore[reportUnknownArgumentType, reportUnknownMemberType, reportUnknownVariableType]
            for child_name, child in members:
                yield from texts(child, child_name)
        case _:
            pass


def policies(stack: Json) -> Iterator[tuple[str, str]]:
    """The stack's policies, filled in, with the kind of resource that has them."""
    for kind, found in stack["resource"].items():
        for name, text in texts(found):
            if '"Statement"' in text:
                document = json.loads(filled_in(text))
                if name == "assume_role_policy":  # a trust policy's resource is its role, and is not written
                    for statement in document["Statement"]:
                        statement["Resource"] = f"arn:aws:iam::{ACCOUNT}:role/own"
                yield kind, json.dumps(document)


def findings(stack: Json) -> set[tuple[str, str]]:
    found: set[tuple[str, str]] = set()
    for kind, policy in policies(stack):
        analyzed: Any = parliament.analyze_policy_string(policy)  # pyright: ignore[reportUnknownMemberType]
        found.update((kind, finding.issue) for finding in analyzed.findings)
    return found


@pytest.mark.req("R6.4")
def test_no_policy_has_a_known_mistake(synthesized: dict[str, Json]) -> None:
    found = {name: findings(stack) for name, stack in synthesized.items()}
    assert {name: issues - EXCEPTIONS.keys() for name, issues in found.items() if issues - EXCEPTIONS.keys()} == {}


def test_every_exception_is_still_one(synthesized: dict[str, Json]) -> None:
    assert EXCEPTIONS.keys() == set().union(*(findings(stack) for stack in synthesized.values()))


def test_no_expression_is_left_in_a_policy(synthesized: dict[str, Json]) -> None:
    found = [policy for stack in synthesized.values() for _, policy in policies(stack)]
    assert len(found) > 30
    assert not [policy for policy in found if "${" in policy]


class Call(NamedTuple):
    """A call of AWS's API."""

    action: str
    resource: str = "*"
    namespace: str = ""


def is_allowed(policy: str, call: Call) -> bool:
    """Whether a policy allows a call. It knows what these policies have: Allow, `*`, and one condition."""
    for statement in json.loads(policy)["Statement"]:
        actions, wanted = (
            [part] if isinstance(part, str) else part for part in (statement["Action"], statement["Resource"])
        )
        condition = statement.get("Condition", {"StringEquals": {"cloudwatch:namespace": call.namespace}})
        if (
            statement["Effect"] == "Allow"
            and any(fnmatchcase(call.action, action) for action in actions)
            and any(fnmatchcase(call.resource, resource) for resource in wanted)
            and condition == {"StringEquals": {"cloudwatch:namespace": call.namespace}}
        ):
            return True
    return False


def role_policy(stack: Json, part: str) -> str:
    """The one policy of a role whose logical id holds `part`."""
    (found,) = [role["policy"] for name, role in resources(stack, "aws_iam_role_policy").items() if part in name]
    return filled_in(found)


STREAM = f"{ARNS['aws_cloudwatch_log_group']}:log-stream:i-1"
OTHER_STREAM = f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:other:log-stream:i-1"
INSTANCE = f"arn:aws:ec2:us-east-1:{ACCOUNT}:instance/i-1"
PARAMETER = f"arn:aws:ssm:us-east-1:{ACCOUNT}:parameter/any"
NOBODYS = (
    Call("iam:PassRole"),
    Call("sts:AssumeRole"),
    Call("ssm:GetParameter", PARAMETER),
    Call("ssm:GetParameters", PARAMETER),
    Call("ssm:SendCommand", INSTANCE),
    Call("ssm:StartSession", INSTANCE),
    Call("kms:Decrypt"),
    Call("ec2:RunInstances"),
    Call("apigateway:GET"),
    Call("autoscaling:SetDesiredCapacity"),
    Call("logs:PutLogEvents", OTHER_STREAM),
    Call("logs:GetLogEvents", STREAM),
    Call("s3:GetObject", "arn:aws:s3:::other/object"),
    Call("cloudwatch:PutMetricData", namespace="AWS/EC2"),
)
"""What none of the roles may do."""


@pytest.mark.parametrize("call", NOBODYS, ids=str)
@pytest.mark.parametrize("role", ["Fleet_Role_", "KeyAuthorizer_Policy"])
def test_service_roles_may_not(role: str, call: Call, inference: Json) -> None:
    assert not is_allowed(role_policy(inference, role), call)


@pytest.mark.parametrize(
    "call",
    [
        *NOBODYS,
        Call("s3:PutObject", "arn:aws:s3:::own/bundles/1.0.1.zip"),
        Call("s3:GetObject", "arn:aws:s3:::own/logs/build"),
        Call("ssm:GetDocument", f"arn:aws:ssm:us-east-1:{ACCOUNT}:document/own"),
        Call("ssm:CreateAssociation", INSTANCE),
        Call("imagebuilder:CreateImage"),
    ],
    ids=str,
)
def test_build_host_may_not(call: Call, synthesized: dict[str, Json]) -> None:
    assert not is_allowed(role_policy(synthesized["image"], "Role_"), call)


@pytest.mark.parametrize(
    "call",
    [
        Call("logs:CreateLogStream", STREAM),
        Call("logs:PutLogEvents", STREAM),
        Call("cloudwatch:PutMetricData", namespace="InferenceHost"),
        Call("ssm:UpdateInstanceInformation", INSTANCE),
        Call("ssmmessages:OpenDataChannel"),
    ],
    ids=str,
)
def test_host_may(call: Call, inference: Json) -> None:
    assert is_allowed(role_policy(inference, "Fleet_Role_"), call)


def test_host_may_publish_in_no_namespace_but_the_agents(inference: Json) -> None:
    call = Call("cloudwatch:PutMetricData", namespace="InferenceGateway")
    assert not is_allowed(role_policy(inference, "Fleet_Role_"), call)


@pytest.mark.parametrize("action", ["logs:CreateLogStream", "logs:PutLogEvents"])
def test_key_authorizer_may_log(action: str, inference: Json) -> None:
    assert is_allowed(role_policy(inference, "KeyAuthorizer_Policy"), Call(action, STREAM))


@pytest.mark.parametrize(
    "call",
    [
        Call("s3:GetObject", "arn:aws:s3:::own/bundles/1.0.1.zip"),
        Call("s3:PutObject", "arn:aws:s3:::own/logs/build"),
        Call("ssm:UpdateInstanceInformation", INSTANCE),
        Call("ssmmessages:CreateControlChannel"),
        Call("ec2messages:GetMessages"),
        Call("ec2messages:SendReply"),
        Call("ssm:GetDocument", "arn:aws:ssm:us-east-1::document/AWS-GatherSoftwareInventory"),
        Call("ssm:ListInstanceAssociations", INSTANCE),
        Call("ssm:UpdateInstanceAssociationStatus", INSTANCE),
        Call("ssm:PutInventory", INSTANCE),
    ],
    ids=str,
)
def test_build_host_may(call: Call, synthesized: dict[str, Json]) -> None:
    assert is_allowed(role_policy(synthesized["image"], "Role_"), call)


def test_build_host_has_no_policy_of_amazon_but_image_builders(synthesized: dict[str, Json]) -> None:
    attached = only(synthesized["image"], "aws_iam_role_policy_attachment")["policy_arn"]
    assert attached.endswith(":iam::aws:policy/EC2InstanceProfileForImageBuilder")
