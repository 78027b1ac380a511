"""Open an environment outside its office hours, for some hours."""

# boto3 has no types of its own
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false
import argparse
import sys
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from inference_constructs.fleet import CLOSE, OPEN, WAKE_END, group_name
from ops.shared.arguments import add_environment
from stacks.environments import Environment


def wake(auto_scaling: Any, environment: Environment, hours: float) -> str:
    """Start an environment's fewest hosts, and have them go after so many hours unless it is open then anyway.

    Returns:
        What was done, in a line.

    Raises:
        ValueError: the environment has no office hours, is not deployed, or is open by its hours; the text says which.
    """
    name = environment.name
    if environment.office_hours is None:
        raise ValueError(f"{name} has no office hours: it is always open")
    group = group_name(environment.prefix)
    if not auto_scaling.describe_auto_scaling_groups(AutoScalingGroupNames=[group])["AutoScalingGroups"]:
        raise ValueError(f"there is no group {group}: deploy {name} first")
    actions = auto_scaling.describe_scheduled_actions(AutoScalingGroupName=group)["ScheduledUpdateGroupActions"]
    by_kind = {action["ScheduledActionName"].partition("-")[0]: action for action in actions}
    if not {OPEN, CLOSE} <= by_kind.keys():
        raise ValueError(f"{group} has no office hours yet: deploy {name} again")
    opening, closing = by_kind[OPEN], by_kind[CLOSE]
    if closing["StartTime"] < opening["StartTime"]:
        raise ValueError(f"{name} is open until {closing['StartTime']:%H:%M} UTC; run this after it")
    end = datetime.now(UTC) + timedelta(hours=hours)
    stays = end >= opening["StartTime"]
    if not stays:
        # first, so that hosts which start go again whatever happens next
        auto_scaling.put_scheduled_update_group_action(
            AutoScalingGroupName=group, ScheduledActionName=WAKE_END, StartTime=end, MinSize=0, DesiredCapacity=0
        )
    elif WAKE_END.partition("-")[0] in by_kind:
        auto_scaling.delete_scheduled_action(AutoScalingGroupName=group, ScheduledActionName=WAKE_END)
    hosts = opening["MinSize"]
    # where fewer run, Auto Scaling wants as many then; where more do, being awake already, they stay
    # https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_UpdateAutoScalingGroup.html
    auto_scaling.update_auto_scaling_group(AutoScalingGroupName=group, MinSize=hosts)
    until = "its office hours end" if stays else f"{end:%Y-%m-%d %H:%M} UTC"
    return f"{name} opens within five minutes, with {hosts} {'host' if hosts == 1 else 'hosts'}, until {until}"


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="make wake", description=__doc__)
    add_environment(parser)
    parser.add_argument("hours", type=float, help="how long, such as 2 or 0.5")
    arguments = parser.parse_args()
    environment: Environment = arguments.environment
    if not 0 < arguments.hours <= 24:
        sys.exit(f"error: hours must be above 0 and at most 24, got {arguments.hours:g}")
    try:
        auto_scaling = boto3.client("autoscaling", region_name=environment.region)
        print(wake(auto_scaling, environment, arguments.hours))
    except (ValueError, BotoCoreError, ClientError) as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()
