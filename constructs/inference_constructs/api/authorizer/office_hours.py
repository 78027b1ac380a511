"""The authorizer of an API with office hours: while no host answers, it says when to come back.

An integration that streams cannot map the load balancer's own 503, which has no Retry-After and another shape. So
requests are answered here, before they are forwarded: refused with `retry_after` and `message`, which the gateway
response ACCESS_DENIED puts into a 503. A missing key is `Unauthorized`, which is the 401.

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-use-lambda-authorizer.html
"""

# boto3 has no types of its own
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false
import os
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import boto3
from authorizer import api_key  # pyright: ignore[reportMissingImports]  beside this file in Lambda
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

CACHED_SECONDS = 15
"""How long what AWS said is taken for true."""

BOOT_SECONDS = 300
"""When to come back while hosts start."""

LEAD_SECONDS = 600
"""How long before the opening the scheduled action starts hosts."""

# a request waits for it: what does not answer within the function's three seconds is left
BRIEFLY = Config(connect_timeout=1, read_timeout=1, retries={"total_max_attempts": 1})
auto_scaling = boto3.client("autoscaling", region_name=os.environ["AWS_REGION"], config=BRIEFLY)
load_balancing = boto3.client("elbv2", region_name=os.environ["AWS_REGION"], config=BRIEFLY)


class _Seen:
    """What AWS said last."""

    at = float("-inf")
    closed: tuple[int, str] | None = None


def _answers(health: Mapping[str, str]) -> bool:
    """Return whether a target's gateway listens: a status that is not 200 is its own, with its own Retry-After.

    https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html
    """
    return health["State"] == "healthy" or health.get("Reason") == "Target.ResponseCodeMismatch"


def _look(group: str, target_group: str) -> tuple[int, str] | None:
    """Return when to come back in seconds, and why; None while a host answers."""
    targets = load_balancing.describe_target_health(TargetGroupArn=target_group)["TargetHealthDescriptions"]
    if any(_answers(target["TargetHealth"]) for target in targets):
        return None
    (found,) = auto_scaling.describe_auto_scaling_groups(AutoScalingGroupNames=[group])["AutoScalingGroups"]
    if found["DesiredCapacity"]:
        return BOOT_SECONDS, "No host is ready yet. Try again in five minutes."
    actions = auto_scaling.describe_scheduled_actions(AutoScalingGroupName=group)["ScheduledUpdateGroupActions"]
    # the next time of a recurring action; there is none while an apply replaces it
    start = min(action["StartTime"] for action in actions if action.get("DesiredCapacity"))
    seconds = max(int((start - datetime.now(UTC)).total_seconds()), 0) + LEAD_SECONDS
    opening = datetime.fromtimestamp(time.time() + seconds, UTC)
    return seconds, f"The API is closed outside its office hours. It opens at {opening:%Y-%m-%d %H:%M} UTC."


def closed() -> tuple[int, str] | None:
    """Return when to come back, and why; None while a host answers, or where AWS cannot be asked."""
    if time.monotonic() - _Seen.at > CACHED_SECONDS:
        try:
            _Seen.closed = _look(os.environ["GROUP"], os.environ["TARGET_GROUP"])
        except (BotoCoreError, ClientError, ValueError):
            _Seen.closed = None
        _Seen.at = time.monotonic()
    return _Seen.closed


def handler(event: Mapping[str, Any], _context: object) -> dict[str, object]:
    """Answer API Gateway's REQUEST authorizer event.

    Raises:
        Exception: a key is needed, and there is none that could be valid.
    """
    refused = closed()
    statement = {
        "Action": "execute-api:Invoke",
        "Effect": "Deny" if refused else "Allow",
        "Resource": event["methodArn"],
    }
    answer: dict[str, object] = {
        "principalId": "client",
        "policyDocument": {"Version": "2012-10-17", "Statement": [statement]},
    }
    if refused:
        seconds, message = refused
        return {**answer, "context": {"retry_after": str(seconds), "message": message}}
    key = api_key(event["headers"] or {})
    if key is None and event["resource"] in os.environ["NEED_KEY"].split():
        raise Exception("Unauthorized")  # API Gateway's word for a 401
    return {**answer, "usageIdentifierKey": key} if key else answer
