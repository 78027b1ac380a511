"""Watch an instance refresh: the replacement of hosts that an apply has begun, and does not wait for."""

# boto3 has no types of its own
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false
import sys
import time
from typing import Any

from rich.console import Console

UNDER_WAY = {"Pending", "InProgress", "Baking", "Cancelling", "RollbackInProgress"}
"""https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_InstanceRefresh.html"""


def newest_refresh(client: Any, group: str) -> dict[str, Any]:
    """Return the group's newest instance refresh; nothing where there was none."""
    found = client.describe_instance_refreshes(AutoScalingGroupName=group, MaxRecords=1)["InstanceRefreshes"]
    return found[0] if found else {}


def wait_for_rollout(client: Any, group: str, console: Console, interval: float = 15) -> None:
    """Print how the rollout that is under way goes on, until it has ended.

    Args:
        client: boto3's client of Auto Scaling.
        group: Name of the Auto Scaling group.
        console: Where to print.
        interval: Seconds between two looks.

    Raises:
        SystemExit: it ended without success, or the user did not want to wait.
    """
    began, last, watched = time.monotonic(), "", False
    try:
        while (refresh := newest_refresh(client, group)).get("Status") in UNDER_WAY:
            if not watched:
                console.print("the new hosts roll out; Ctrl-C ends the watching, not the rollout")
            watched = True
            state = f"{refresh['Status']}, {refresh.get('PercentageComplete', 0)} %: {refresh.get('StatusReason', '')}"
            if state != last:
                console.print(f"{time.monotonic() - began:5.0f} s  {state}", highlight=False, markup=False)
                last = state
            time.sleep(interval)
    except KeyboardInterrupt:
        sys.exit("the rollout goes on; the same command watches it again")
    if watched and refresh["Status"] != "Successful":
        reason = refresh.get("StatusReason", "no reason given")
        sys.exit(f"error: the rollout ended as {refresh['Status']}: {reason}: see docs/runbook.md, Roll back")
