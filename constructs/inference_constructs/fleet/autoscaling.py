"""More hosts when those there are have much to do, fewer when they have little."""

from dataclasses import dataclass
from typing import Literal

from cdktf_cdktf_provider_aws.autoscaling_group import AutoscalingGroup
from cdktf_cdktf_provider_aws.autoscaling_policy import AutoscalingPolicy, AutoscalingPolicyStepAdjustment
from cdktf_cdktf_provider_aws.cloudwatch_metric_alarm import (
    CloudwatchMetricAlarm,
    CloudwatchMetricAlarmMetricQuery,
    CloudwatchMetricAlarmMetricQueryMetric,
)
from constructs import Construct

from inference_constructs.fleet.metrics import FleetMetrics
from inference_constructs.fleet.thresholds import (
    BUSY_MINUTES,
    BUSY_PERCENT,
    IDLE_MINUTES,
    IDLE_PERCENT,
    VERY_BUSY_PERCENT,
    ScaleOn,
)
from inference_constructs.foundation import Home, Metric
from inference_constructs.host import gpu_metrics
from runtime.metrics import IN_FLIGHT, QUEUE_DEPTH, READY

PERIOD_SECONDS = gpu_metrics.PERIOD_SECONDS
"""Of every alarm here. A period under a minute would need metrics of high resolution, and an alarm that costs three
times as much; a host takes minutes to boot in any case.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
"""


@dataclass(frozen=True, kw_only=True)
class Watched:
    """When an alarm is on.

    Attributes:
        name: Last part of its name.
        comparison: How the percentage stands to the threshold.
        percent: The threshold.
        minutes: Every one of the last so many breaches it.
    """

    name: str
    comparison: Literal["GreaterThanThreshold", "LessThanThreshold"]
    percent: int
    minutes: int


class Autoscaling(Construct):
    """Step scaling on the GPU utilisation of the whole group, or on the demand for its places.

    Above 70 % for 3 minutes (of demand: 1) it adds a host, above 90 % two (R3.1). Below 30 % for 10 minutes it takes
    one away (R3.2); never below the group's minimum. Auto Scaling repeats the action as long as the alarm lasts, and
    counts hosts that are still warming up as capacity, so a slow boot does not add more than was asked for.
    https://docs.aws.amazon.com/autoscaling/ec2/userguide/as-scaling-simple-step.html
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        home: Home,
        group: AutoscalingGroup,
        metrics: FleetMetrics,
        scale_on: ScaleOn,
        places: int,
    ) -> None:
        """Create policies and alarms.

        Args:
            group: What is scaled; its default warm-up covers a boot.
            metrics: What the hosts publish.
            scale_on: Which alarms call the policies. Those of the GPU are there in any case, to be seen.
            places: Sequences that run at once on a host.
        """
        super().__init__(scope, id)
        self._home, self._metrics, self._places = home, metrics, places
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
        on_gpu = scale_on == "gpu"
        self._of_gpus("Busy", _busy("gpu"), out if on_gpu else None)
        self._of_gpus("Idle", _idle("gpu"), into if on_gpu else None)
        if scale_on == "demand":
            self._of_demand("DemandBusy", _busy("demand"), out)
            self._of_demand("DemandIdle", _idle("demand"), into)

    def _alarm(self, id: str, text: str, watched: Watched, action: AutoscalingPolicy | None) -> CloudwatchMetricAlarm:
        """An alarm on a percentage that is to be added; what nobody tells is neither busy nor idle."""
        side = "above" if watched.comparison == "GreaterThanThreshold" else "below"
        effect = ": hosts are added" if side == "above" else ": excess hosts go"
        return CloudwatchMetricAlarm(
            self,
            id,
            alarm_name=self._home.name(watched.name),
            alarm_description=f"{text} {side} {watched.percent} % for {watched.minutes} minute"
            f"{'s' if watched.minutes > 1 else ''}{effect if action else ''}",
            comparison_operator=watched.comparison,
            threshold=watched.percent,
            evaluation_periods=watched.minutes,
            datapoints_to_alarm=watched.minutes,
            treat_missing_data="notBreaching",
            alarm_actions=[action.arn] if action else None,
        )

    def _of_gpus(self, id: str, watched: Watched, action: AutoscalingPolicy | None) -> None:
        alarm = self._alarm(id, "GPU utilisation", watched, action)
        utilization = self._metrics.of_gpus(gpu_metrics.UTILIZATION)
        alarm.namespace, alarm.metric_name = utilization.namespace, utilization.name
        alarm.dimensions, alarm.statistic, alarm.period = dict(utilization.dimensions), "Average", PERIOD_SECONDS

    def _of_demand(self, id: str, watched: Watched, action: AutoscalingPolicy) -> None:
        """An alarm on the sequences that work or wait, in percent of the places of the hosts that are ready.

        A document of a host's gauges holds all three, so each of their sums has as many summands, however many hosts
        there are and whenever they come. A host that boots adds nothing to any of them. One that leaves adds what it
        still works on, and no places. While none is ready, the quotient has no value, and nothing is done.
        https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html
        """
        gateway = self._metrics.of_gateway
        alarm = self._alarm(id, "Demand for places", watched, action)
        alarm.put_metric_query(
            [
                CloudwatchMetricAlarmMetricQuery(
                    id="demand",
                    expression=f"100 * (working + waiting) / (ready * {self._places})",
                    label="Demand, %",
                    return_data=True,
                ),
                _sum("working", gateway(IN_FLIGHT)),
                _sum("waiting", gateway(QUEUE_DEPTH)),
                _sum("ready", gateway(READY)),
            ]
        )


def _busy(signal: ScaleOn) -> Watched:
    return Watched(
        name=f"{signal}-busy",
        comparison="GreaterThanThreshold",
        percent=BUSY_PERCENT,
        minutes=BUSY_MINUTES[signal],
    )


def _idle(signal: ScaleOn) -> Watched:
    return Watched(name=f"{signal}-idle", comparison="LessThanThreshold", percent=IDLE_PERCENT, minutes=IDLE_MINUTES)


def _sum(id: str, metric: Metric) -> CloudwatchMetricAlarmMetricQuery:
    return CloudwatchMetricAlarmMetricQuery(
        id=id,
        return_data=False,
        metric=CloudwatchMetricAlarmMetricQueryMetric(
            namespace=metric.namespace,
            metric_name=metric.name,
            dimensions=metric.dimensions,
            stat="Sum",
            period=PERIOD_SECONDS,
        ),
    )
