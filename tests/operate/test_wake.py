"""Opening outside office hours. Stand-in: botocore's stubber for Auto Scaling."""

# boto3 has no types of its own
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import Any, TypeAlias

import boto3
import pytest
from botocore.stub import ANY, Stubber

from inference_constructs.foundation import OfficeHours
from ops.wake import wake
from stacks.environments import DEV
from support.paths import ROOT

Answer: TypeAlias = tuple[str, dict[str, Any], dict[str, Any]]
"""Name of an operation, what it answers, what it expects."""

GROUP = "inference-dev-hosts"
HOURS = OfficeHours(time_zone="UTC", opening=time(8), closing=time(18))
OPENED = replace(DEV, office_hours=HOURS)
FOUND = {
    "AutoScalingGroupName": GROUP,
    "MinSize": 0,
    "MaxSize": 2,
    "DesiredCapacity": 0,
    "DefaultCooldown": 300,
    "AvailabilityZones": ["us-east-1a"],
    "HealthCheckType": "ELB",
    "CreatedTime": datetime(2026, 1, 1, tzinfo=UTC),
}


def actions(*, opens_in: float, closes_in: float, woken: bool = False) -> dict[str, Any]:
    now = datetime.now(UTC)
    found = [
        {"ScheduledActionName": "open-50-7", "StartTime": now + timedelta(hours=opens_in), "MinSize": 1},
        {"ScheduledActionName": "close-0-18", "StartTime": now + timedelta(hours=closes_in), "MinSize": 0},
    ]
    if woken:
        found.append({"ScheduledActionName": "wake-end", "StartTime": now + timedelta(hours=1), "MinSize": 0})
    return {"ScheduledUpdateGroupActions": found}


class Calls:
    """A client that answers what a test says, in that order, and refuses every other call."""

    def __init__(self, *answers: Answer) -> None:
        self.client: Any = boto3.client(
            "autoscaling", region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x"
        )
        self.stubber = Stubber(self.client)
        for name, answer, expected in answers:
            self.stubber.add_response(name, answer, expected)
        self.stubber.activate()


def look(scheduled: dict[str, Any], *groups: dict[str, Any]) -> list[Answer]:
    return [
        ("describe_auto_scaling_groups", {"AutoScalingGroups": list(groups)}, {"AutoScalingGroupNames": [GROUP]}),
        ("describe_scheduled_actions", scheduled, {"AutoScalingGroupName": GROUP}),
    ]


# not the desired size: that of a group which is awake, and has grown, is left
OPEN_ONE: Answer = ("update_auto_scaling_group", {}, {"AutoScalingGroupName": GROUP, "MinSize": 1})
END: dict[str, Any] = {
    "AutoScalingGroupName": GROUP,
    "ScheduledActionName": "wake-end",
    "StartTime": ANY,
    "MinSize": 0,
    "DesiredCapacity": 0,
}


def test_it_starts_the_fewest_hosts_once_it_is_sure_that_they_go_again() -> None:
    calls = Calls(
        *look(actions(opens_in=10, closes_in=20), FOUND), ("put_scheduled_update_group_action", {}, END), OPEN_ONE
    )
    assert "dev opens within five minutes, with 1 host, until 20" in wake(calls.client, OPENED, 2)
    calls.stubber.assert_no_pending_responses()


def test_hours_that_reach_into_office_hours_end_with_them() -> None:
    calls = Calls(*look(actions(opens_in=1, closes_in=11), FOUND), OPEN_ONE)
    assert wake(calls.client, OPENED, 2).endswith("until its office hours end")
    calls.stubber.assert_no_pending_responses()


def test_an_earlier_end_within_office_hours_is_taken_back() -> None:
    delete: Answer = ("delete_scheduled_action", {}, {"AutoScalingGroupName": GROUP, "ScheduledActionName": "wake-end"})
    calls = Calls(*look(actions(opens_in=1, closes_in=11, woken=True), FOUND), delete, OPEN_ONE)
    wake(calls.client, OPENED, 2)
    calls.stubber.assert_no_pending_responses()


def test_what_is_open_by_its_hours_is_left_alone() -> None:
    calls = Calls(*look(actions(opens_in=20, closes_in=6), FOUND))
    with pytest.raises(ValueError, match=r"dev is open until \d\d:\d\d UTC; run this after it"):
        wake(calls.client, OPENED, 2)


def test_what_is_not_deployed_cannot_be_opened() -> None:
    calls = Calls(*look(actions(opens_in=1, closes_in=2)))
    with pytest.raises(ValueError, match="there is no group inference-dev-hosts: deploy dev first"):
        wake(calls.client, OPENED, 2)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["dev", "2"], "error: dev has no office hours: it is always open"),
        (["dev", "0"], "error: hours must be above 0 and at most 24, got 0"),
    ],
)
def test_the_command_fails_in_a_line(arguments: list[str], says: str) -> None:
    command = [sys.executable, "-m", "ops.wake", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stderr.strip()) == (1, says)
