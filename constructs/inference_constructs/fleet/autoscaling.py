"""More hosts when the GPUs are busy, fewer when they idle."""

from typing import Literal

from cdktf_cdktf_provider_aws.autoscaling_group import AutoscalingGroup
from cdktf_cdktf_provider_aws.autoscaling_policy import AutoscalingPolicy, AutoscalingPolicyStepAdjustment
from cdktf_cdktf_provider_aws.cloudwatch_metric_alarm import CloudwatchMetricAlarm
from constructs import Construct

from inference_constructs.foundation import Home, Metric
from inference_constructs.host import gpu_metrics

BUSY_PERCENT = 70
VERY_BUSY_PERCENT = 90
IDLE_PERCENT = 30
BUSY_MINUTES = 3
IDLE_MINUTES = 10


class GpuAutoscaling(Construct):
    """Step scaling on the GPU utilisation of the whole group.

    Above 70 % for 3 minutes it adds a host, above 90 % two (R3.1). Below 30 % for 10 minutes it takes one away
    (R3.2); never below the group's minimum. Auto Scaling repeats the action as long as the alarm lasts, and counts
    hosts that are still warming up as capacity, so a slow boot does not add more than was asked for.
    https://docs.aws.amazon.com/autoscaling/ec2/userguide/as-scaling-simple-step.html
    """

    def __init__(self, scope: Construct, id: str, *, home: Home, group: AutoscalingGroup, utilization: Metric) -> None:
        """Create policies and alarms.

        Args:
            home: Where they are.
            group: What is scaled; its default warm-up covers a boot.
            utilization: Percent of the time in which the group's GPUs work.
        """
        super().__init__(scope, id)
        very_busy = str(VERY_BUSY_PERCENT - BUSY_PERCENT)
        out = AutoscalingPolicy(
            self,
            "ScaleOut",
            name=home.name("scale-out"),
            autoscaling_group_name=group.name,
            policy_type="StepScaling",
            adjustment_type="ChangeInCapacity",
            metric_aggregation_type="Average",
            step_adjustment=[
                AutoscalingPolicyStepAdjustment(
                    metric_interval_lower_bound="0", metric_interval_upper_bound=very_busy, scaling_adjustment=1
                ),
                AutoscalingPolicyStepAdjustment(metric_interval_lower_bound=very_busy, scaling_adjustment=2),
            ],
        )
        into = AutoscalingPolicy(
            self,
            "ScaleIn",
            name=home.name("scale-in"),
            autoscaling_group_name=group.name,
            policy_type="StepScaling",
            adjustment_type="ChangeInCapacity",
            metric_aggregation_type="Average",
            step_adjustment=[AutoscalingPolicyStepAdjustment(metric_interval_upper_bound="0", scaling_adjustment=-1)],
        )
        self._utilization = utilization
        self._alarm(
            "Busy",
            name=home.name("gpu-busy"),
            description=f"GPU utilisation above {BUSY_PERCENT} % for {BUSY_MINUTES} minutes: hosts are added",
            comparison="GreaterThanThreshold",
            percent=BUSY_PERCENT,
            minutes=BUSY_MINUTES,
            action=out,
        )
        self._alarm(
            "Idle",
            name=home.name("gpu-idle"),
            description=f"GPU utilisation below {IDLE_PERCENT} % for {IDLE_MINUTES} minutes: excess hosts go",
            comparison="LessThanThreshold",
            percent=IDLE_PERCENT,
            minutes=IDLE_MINUTES,
            action=into,
        )

    def _alarm(
        self,
        id: str,
        *,
        name: str,
        description: str,
        comparison: Literal["GreaterThanThreshold", "LessThanThreshold"],
        percent: int,
        minutes: int,
        action: AutoscalingPolicy,
    ) -> None:
        """An alarm on every one of the last `minutes` minutes; hosts that say nothing are neither busy nor idle."""
        CloudwatchMetricAlarm(
            self,
            id,
            alarm_name=name,
            alarm_description=description,
            namespace=self._utilization.namespace,
            metric_name=self._utilization.name,
            dimensions=dict(self._utilization.dimensions),
            statistic="Average",
            period=gpu_metrics.PERIOD_SECONDS,
            comparison_operator=comparison,
            threshold=percent,
            evaluation_periods=minutes,
            datapoints_to_alarm=minutes,
            treat_missing_data="notBreaching",
            alarm_actions=[action.arn],
        )
