"""Office hours of a group: hosts start before the opening, and all go at the closing."""

import re

from cdktf import TerraformVariable
from cdktf_cdktf_provider_aws.autoscaling_group import AutoscalingGroup
from cdktf_cdktf_provider_aws.autoscaling_schedule import AutoscalingSchedule
from constructs import Construct

from inference_constructs.fleet.names import CLOSE, OPEN
from inference_constructs.foundation import OfficeHours

UNCHANGED = -1
"""What the provider takes for a size that an action leaves as it is; without it, it would be 0."""


class OfficeSchedule(Construct):
    """Two scheduled actions, by the clock of the hours' time zone.

    The minimum goes with the desired size: Auto Scaling would start hosts to hold it.
    https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-scheduled-scaling.html
    """

    def __init__(
        self, scope: Construct, id: str, *, group: AutoscalingGroup, hours: OfficeHours, minimum: TerraformVariable
    ) -> None:
        """Create the actions.

        Args:
            minimum: Hosts in these hours, at least.
        """
        super().__init__(scope, id)
        self._group, self._hours = group, hours
        self._action("Open", f"{OPEN}-", recurrence=hours.start_cron, hosts=minimum.number_value)
        self._action("Close", f"{CLOSE}-", recurrence=hours.close_cron, hosts=0)

    def _action(self, id: str, prefix: str, *, recurrence: str, hosts: float) -> None:
        when = re.sub(r"\W+", "-", f"{recurrence} {self._hours.time_zone}")
        AutoscalingSchedule(
            self,
            id,
            # the provider sends the old next time along with new hours; with another name, it is another action
            # https://github.com/hashicorp/terraform-provider-aws/issues/38983
            scheduled_action_name=f"{prefix}{when}",
            autoscaling_group_name=self._group.name,
            recurrence=recurrence,
            time_zone=self._hours.time_zone,
            min_size=hosts,
            max_size=UNCHANGED,
            desired_capacity=hosts,
        )
