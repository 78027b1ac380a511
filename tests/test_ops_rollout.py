"""Watching a rollout, with answers of Auto Scaling that botocore checks against its API."""

# boto3 has no types of its own
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false
from io import StringIO
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber
from rich.console import Console

from ops.rollout import wait_for_rollout

GROUP = "inference-dev-hosts"
RUNNING = {"Status": "InProgress", "PercentageComplete": 50, "StatusReason": "Waiting for the checkpoint."}


def watch(*refreshes: dict[str, Any] | None) -> str:
    """Watch until the end, with one look for each refresh; returns what was printed."""
    client: Any = boto3.client(
        "autoscaling", region_name="us-east-1", aws_access_key_id="testing", aws_secret_access_key="testing"
    )
    output = StringIO()
    with Stubber(client) as stubber:
        for refresh in refreshes:
            found = [] if refresh is None else [refresh]
            asked = {"AutoScalingGroupName": GROUP, "MaxRecords": 1}
            stubber.add_response("describe_instance_refreshes", {"InstanceRefreshes": found}, asked)
        wait_for_rollout(client, GROUP, Console(file=output, width=120), interval=0)
        stubber.assert_no_pending_responses()
    return output.getvalue()


@pytest.mark.req("R3.5")
def test_a_rollout_is_watched_to_its_end() -> None:
    printed = watch({"Status": "Pending"}, RUNNING, RUNNING, {"Status": "Successful"})
    assert printed.count("InProgress, 50 %: Waiting for the checkpoint.") == 1


@pytest.mark.req("R3.5")
@pytest.mark.parametrize("end", ["Failed", "RollbackSuccessful", "Cancelled"])
def test_a_rollout_that_fails_ends_the_deployment_with_the_reason(end: str) -> None:
    with pytest.raises(SystemExit, match=f"ended as {end}: The hosts are unhealthy"):
        watch(RUNNING, {"Status": end, "StatusReason": "The hosts are unhealthy"})


@pytest.mark.parametrize("before", [None, {"Status": "Successful"}, {"Status": "Failed"}])
def test_without_a_rollout_there_is_nothing_to_wait_for(before: dict[str, Any] | None) -> None:
    assert watch(before) == ""
