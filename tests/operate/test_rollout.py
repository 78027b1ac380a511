"""Watching a rollout and undoing it, with answers of AWS that botocore checks against its API."""

# boto3 has no types of its own
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false
from collections.abc import Iterator
from contextlib import ExitStack
from io import StringIO
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber
from rich.console import Console

from ops.deployment.rollout import PREFERENCES, Before, Rollout

GROUP = "inference-dev-hosts"
ALARM = "inference-dev-no-healthy-host"
RUNNING = {"Status": "InProgress", "PercentageComplete": 50, "StatusReason": "Waiting for the checkpoint."}
FAILED = {"Status": "Failed", "StatusReason": f"{ALARM} went into alarm"}


SPOT: dict[str, Any] = {
    "LaunchTemplate": {"Overrides": [{"InstanceType": "g5.xlarge"}, {"InstanceType": "g5.2xlarge"}]},
    "InstancesDistribution": {"OnDemandBaseCapacity": 1, "OnDemandPercentageAboveBaseCapacity": 0},
}
"""Policy of a group with spot hosts, without its launch template."""


def with_template(template: dict[str, str]) -> dict[str, Any]:
    """SPOT with it."""
    return {**SPOT, "LaunchTemplate": {**SPOT["LaunchTemplate"], "LaunchTemplateSpecification": template}}


class Aws:
    """Auto Scaling and CloudWatch, which answer what a test has lined up, and refuse everything else."""

    def __init__(self, stack: ExitStack) -> None:
        self.output = StringIO()
        clients: list[Any] = [
            boto3.client(name, region_name="us-east-1", aws_access_key_id="testing", aws_secret_access_key="testing")
            for name in ("autoscaling", "cloudwatch")
        ]
        self.autoscaling, self.cloudwatch = (stack.enter_context(Stubber(client)) for client in clients)
        console = Console(file=self.output, width=160)
        self.rollout = Rollout(*clients, group=GROUP, alarms=[ALARM], console=console, interval=0)

    def refresh(self, id: str | None, state: dict[str, Any] | None = None) -> None:
        """Line up an answer about the newest refresh; none where there is no id."""
        found = [{"InstanceRefreshId": id, **(state or {"Status": "Successful"})}] if id else []
        asked = {"AutoScalingGroupName": GROUP, "MaxRecords": 1}
        self.autoscaling.add_response("describe_instance_refreshes", {"InstanceRefreshes": found}, asked)

    def group(self, version: str, *hosts: str, spot: bool = False) -> None:
        """Line up an answer about the group and its hosts, by versions of the launch template."""

        def template(number: str) -> dict[str, str]:
            return {"LaunchTemplateId": "lt-1", "LaunchTemplateName": GROUP, "Version": number}

        host = {"AvailabilityZone": "a", "LifecycleState": "InService", "HealthStatus": "Healthy"}
        host |= {"InstanceType": "g5.xlarge", "ProtectedFromScaleIn": False, "InstanceId": "i-1"}
        group = {"AutoScalingGroupName": GROUP, "MinSize": 1, "MaxSize": 2, "DesiredCapacity": 1, "DefaultCooldown": 1}
        group |= {"AvailabilityZones": ["a"], "HealthCheckType": "ELB", "CreatedTime": "2026-01-01T00:00:00Z"}
        group |= {"Instances": [{**host, "LaunchTemplate": template(number)} for number in hosts]}
        of_group = template(version)
        group |= {"MixedInstancesPolicy": with_template(of_group)} if spot else {"LaunchTemplate": of_group}
        self._groups([group])

    def no_group(self) -> None:
        self._groups([])

    def _groups(self, groups: list[dict[str, Any]]) -> None:
        asked = {"AutoScalingGroupNames": [GROUP]}
        self.autoscaling.add_response("describe_auto_scaling_groups", {"AutoScalingGroups": groups}, asked)

    def ringing(self, *names: str) -> None:
        """Line up the alarms that ring."""
        found = [{"AlarmName": name} for name in names]
        asked = {"AlarmNames": [ALARM], "StateValue": "ALARM"}
        self.cloudwatch.add_response("describe_alarms", {"MetricAlarms": found}, asked)

    def set_to(self, version: str, *, spot: bool = False) -> None:
        """Expect that the group gets a version."""
        template = {"LaunchTemplateId": "lt-1", "Version": version}
        change = {"MixedInstancesPolicy": with_template(template)} if spot else {"LaunchTemplate": template}
        self.autoscaling.add_response("update_auto_scaling_group", {}, {"AutoScalingGroupName": GROUP, **change})

    def started(self, id: str) -> None:
        """Expect that a refresh is started."""
        asked = {"AutoScalingGroupName": GROUP, "Preferences": PREFERENCES}
        self.autoscaling.add_response("start_instance_refresh", {"InstanceRefreshId": id}, asked)

    def done(self) -> None:
        self.autoscaling.assert_no_pending_responses()
        self.cloudwatch.assert_no_pending_responses()


@pytest.fixture
def aws() -> Iterator[Aws]:
    with ExitStack() as stack:
        yield (found := Aws(stack))
        found.done()


@pytest.mark.req("R3.5")
def test_a_rollout_is_watched_to_its_end(aws: Aws) -> None:
    for state in ({"Status": "Pending"}, RUNNING, RUNNING, {"Status": "Successful"}):
        aws.refresh("new", state)
    aws.rollout.follow(Before(version="1", refresh="old"))
    assert aws.output.getvalue().count("InProgress, 50 %: Waiting for the checkpoint.") == 1


@pytest.mark.parametrize("known", [None, "old"])
def test_without_a_rollout_there_is_nothing_to_wait_for(aws: Aws, known: str | None) -> None:
    aws.refresh(known, FAILED)
    aws.rollout.follow(Before(version="1", refresh=known))
    assert aws.output.getvalue() == ""


@pytest.mark.req("R3.5")
@pytest.mark.parametrize("looks", [[RUNNING, FAILED], [FAILED]], ids=["while watched", "before the first look"])
def test_after_a_rollout_that_failed_the_hosts_go_back(aws: Aws, looks: list[dict[str, Any]]) -> None:
    for state in looks:
        aws.refresh("new", state)
    aws.group("2")
    aws.set_to("1")
    aws.started("back")
    aws.refresh("back", RUNNING)
    aws.refresh("back")
    with pytest.raises(SystemExit, match=f"{ALARM} went into alarm; the hosts are back at version 1"):
        aws.rollout.follow(Before(version="1", refresh="old"))
    assert "back from version 2 of the launch template to 1" in aws.output.getvalue()


@pytest.mark.req("R3.5")
def test_a_group_with_spot_hosts_goes_back_and_keeps_them(aws: Aws) -> None:
    aws.refresh("new", FAILED)
    aws.group("2", spot=True)
    aws.set_to("1", spot=True)
    aws.started("back")
    aws.refresh("back")
    with pytest.raises(SystemExit, match="the hosts are back at version 1"):
        aws.rollout.follow(Before(version="1", refresh="old"))


@pytest.mark.req("R3.5")
def test_going_back_that_fails_is_said(aws: Aws) -> None:
    aws.refresh("new", FAILED)
    aws.group("2")
    aws.set_to("1")
    aws.started("back")
    aws.refresh("back", {"Status": "Failed"})
    with pytest.raises(SystemExit, match="went into alarm; going back failed too: see docs"):
        aws.rollout.follow(Before(version="1", refresh="old"))


@pytest.mark.req("R3.5")
def test_what_somebody_cancelled_is_left_as_it_is(aws: Aws) -> None:
    aws.refresh("new", {"Status": "Cancelled", "StatusReason": "Cancelled by a user"})
    with pytest.raises(SystemExit, match="ended as Cancelled: Cancelled by a user: see docs"):
        aws.rollout.follow(Before(version="1", refresh="old"))


def test_where_there_is_no_other_version_it_does_not_go_back(aws: Aws) -> None:
    aws.refresh("new", FAILED)
    aws.group("1")
    with pytest.raises(SystemExit, match="ended as Failed"):
        aws.rollout.follow(Before(version="1", refresh="old"))


def test_a_release_that_may_end_an_alarm_is_not_stopped_by_it(aws: Aws) -> None:
    aws.refresh("new", FAILED)
    aws.started("again")
    aws.refresh("again")
    aws.rollout.follow(Before(version="1", refresh="old", ringing=[ALARM]))
    assert f"{ALARM} rang before the release" in aws.output.getvalue()


def test_before_the_first_apply_there_is_nothing_to_go_back_to(aws: Aws) -> None:
    aws.no_group()
    assert aws.rollout.before() == Before()


@pytest.mark.parametrize("spot", [False, True])
def test_the_version_to_go_back_to_is_the_groups(aws: Aws, spot: bool) -> None:
    aws.group("10", "9", spot=spot)
    aws.refresh("old")
    aws.ringing(ALARM)
    assert aws.rollout.before() == Before(version="10", refresh="old", ringing=[ALARM])


def test_the_version_to_go_back_to_in_the_midst_of_a_rollout_is_the_old_hosts(aws: Aws) -> None:
    aws.group("10", "9", "10")
    aws.refresh("new", RUNNING)
    aws.ringing()
    assert aws.rollout.before() == Before(version="9", refresh=None, ringing=[])


def test_a_rollout_that_failed_while_nobody_watched_is_taken_back_by_the_next_deployment(aws: Aws) -> None:
    aws.group("10", "9", "9")
    aws.refresh("new", FAILED)
    aws.ringing(ALARM)
    assert aws.rollout.before() == Before(version="9", refresh=None, ringing=[])


def test_a_rollout_that_failed_and_was_taken_back_is_over(aws: Aws) -> None:
    aws.group("9", "9", "9")
    aws.refresh("new", FAILED)
    aws.ringing()
    assert aws.rollout.before() == Before(version="9", refresh="new", ringing=[])
