"""Watch an instance refresh, the replacement of hosts that an apply begins and does not wait for; undo one that failed.

Auto Scaling's own rollback would go to the new version: the provider saves that in the group before the refresh begins.
https://github.com/hashicorp/terraform-provider-aws/issues/34189
"""

# boto3 has no types of its own
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rich.console import Console

from ops.deployment.progress import Progress

UNDER_WAY = {"Pending", "InProgress", "Baking", "Cancelling", "RollbackInProgress"}
"""https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_InstanceRefresh.html"""

PREFERENCES = {"MinHealthyPercentage": 100, "MaxHealthyPercentage": 200, "SkipMatching": True}
"""New hosts first, as in the group's own refreshes, but stopped by no alarm: the bad version's still ring."""

INTERVAL_SECONDS = 15


@dataclass(frozen=True, kw_only=True)
class Before:
    """A group before an apply.

    Attributes:
        version: Version of the launch template to go back to; none where there is no group yet.
        refresh: Id of the newest refresh that had ended.
        ringing: Alarms that rang already.
    """

    version: str | None = None
    refresh: str | None = None
    ringing: Sequence[str] = ()


class Rollout:
    """The rollouts of one Auto Scaling group.

    Args:
        autoscaling: boto3's client of Auto Scaling.
        cloudwatch: boto3's client of CloudWatch.
        group: Name of the group.
        alarms: Names of the alarms that stop its refreshes.
        console: Where to print.
        interval: Seconds between two looks.
    """

    def __init__(
        self,
        autoscaling: Any,
        cloudwatch: Any,
        *,
        group: str,
        alarms: Sequence[str],
        console: Console,
        interval: float = INTERVAL_SECONDS,
    ) -> None:
        self._autoscaling, self._cloudwatch = autoscaling, cloudwatch
        self._group_name, self._alarms = group, alarms
        self._console, self._interval = console, interval

    def before(self) -> Before:
        """Return what there is to go back to: while an earlier rollout is unfinished, the version of its old hosts."""
        group = self._group()
        if group is None:
            return Before()
        newest, version = self._newest(), _template(group)["Version"]
        hosts = [host["LaunchTemplate"]["Version"] for host in group["Instances"]]
        # under way, or failed while nobody watched: what rings may be its own alarms
        failed = newest.get("Status") == "Failed" and any(host != version for host in hosts)
        unfinished = failed or newest.get("Status") in UNDER_WAY
        found = self._cloudwatch.describe_alarms(AlarmNames=list(self._alarms), StateValue="ALARM")["MetricAlarms"]
        return Before(
            version=min([version, *(hosts if unfinished else [])], key=int),
            refresh=None if unfinished else newest.get("InstanceRefreshId"),
            ringing=[] if unfinished else [alarm["AlarmName"] for alarm in found],
        )

    def follow(self, before: Before) -> None:
        """Print how the rollout goes on that an apply has begun, until it has ended; undo it where it failed.

        Raises:
            SystemExit: it ended without success, or the user did not want to wait.
        """
        try:
            ended = self._watch(before.refresh)
            if ended and ended["Status"] == "Failed" and before.ringing:
                # the release may be the cure
                self._say(f"{', '.join(before.ringing)} rang before the release: it rolls on without them")
                ended = self._refresh(ended)
            if not ended or ended["Status"] == "Successful":
                return
            reason = f"the rollout ended as {ended['Status']}: {ended.get('StatusReason', 'no reason given')}"
            # cancelled: by somebody, who knows what comes next
            if ended["Status"] == "Failed" and self._set_version(before.version):
                ended = self._refresh(ended)
                if ended and ended["Status"] == "Successful":
                    sys.exit(
                        f"error: {reason}; the hosts are back at version {before.version} of the launch template: "
                        "mend or revert the release, or the next deployment rolls it again"
                    )
                reason += "; going back failed too"
        except KeyboardInterrupt:
            sys.exit("the rollout goes on; the same command watches it again")
        sys.exit(f"error: {reason}: see docs/runbook.md, Roll back")

    def _say(self, text: str) -> None:
        self._console.print(text, highlight=False, markup=False)

    def _group(self) -> dict[str, Any] | None:
        found = self._autoscaling.describe_auto_scaling_groups(AutoScalingGroupNames=[self._group_name])
        return found["AutoScalingGroups"][0] if found["AutoScalingGroups"] else None

    def _newest(self) -> dict[str, Any]:
        """Return the newest refresh; nothing where there was none."""
        found = self._autoscaling.describe_instance_refreshes(AutoScalingGroupName=self._group_name, MaxRecords=1)
        return found["InstanceRefreshes"][0] if found["InstanceRefreshes"] else {}

    def _watch(self, known: str | None) -> dict[str, Any] | None:
        """Return the newest refresh once it has ended; nothing where that is the one which is known."""
        progress: Progress | None = None
        while (refresh := self._newest()).get("Status") in UNDER_WAY:
            if progress is None:
                self._say("the new hosts roll out; Ctrl-C ends the watching, not the rollout")
                progress = Progress(self._console)
            percent, reason = refresh.get("PercentageComplete", 0), refresh.get("StatusReason", "")
            progress.show(f"{refresh['Status']}, {percent} %: {reason}")
            time.sleep(self._interval)
        return refresh if refresh and refresh["InstanceRefreshId"] != known else None

    def _refresh(self, ended: dict[str, Any]) -> dict[str, Any] | None:
        """Roll the group's version out, whatever rings, and return how that ended."""
        self._autoscaling.start_instance_refresh(AutoScalingGroupName=self._group_name, Preferences=PREFERENCES)
        return self._watch(ended["InstanceRefreshId"])

    def _set_version(self, version: str | None) -> bool:
        """Give the group a version of its launch template; return whether it had another one."""
        group = self._group()
        if group is None or version in (None, _template(group)["Version"]):
            return False
        template = _template(group)
        self._say(f"the rollout failed: back from version {template['Version']} of the launch template to {version}")
        change: dict[str, Any] = {
            "LaunchTemplate": {"LaunchTemplateId": template["LaunchTemplateId"], "Version": version}
        }
        if policy := group.get("MixedInstancesPolicy"):
            of_spot = {**policy["LaunchTemplate"], "LaunchTemplateSpecification": change["LaunchTemplate"]}
            change = {"MixedInstancesPolicy": {**policy, "LaunchTemplate": of_spot}}
        self._autoscaling.update_auto_scaling_group(AutoScalingGroupName=self._group_name, **change)
        return True


def _template(group: Mapping[str, Any]) -> Mapping[str, str]:
    """Return a group's launch template and its version; a group with spot hosts has it in its policy instead.

    https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_AutoScalingGroup.html
    """
    if policy := group.get("MixedInstancesPolicy"):
        return policy["LaunchTemplate"]["LaunchTemplateSpecification"]
    return group["LaunchTemplate"]
