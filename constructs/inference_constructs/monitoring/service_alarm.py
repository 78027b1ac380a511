"""One alarm of `alarms.py`, in CloudWatch."""

from cdktf_cdktf_provider_aws.cloudwatch_metric_alarm import (
    CloudwatchMetricAlarm,
    CloudwatchMetricAlarmMetricQuery,
    CloudwatchMetricAlarmMetricQueryMetric,
)
from constructs import Construct

from inference_constructs.fleet import alarm_name
from inference_constructs.monitoring.alarm_topic import AlarmTopic
from inference_constructs.monitoring.alarms import Alarm, Expression, Query


class ServiceAlarm(Construct):
    """An alarm that tells a topic when it begins and when it ends.

    Attributes:
        arn: Its ARN.
    """

    def __init__(self, scope: Construct, *, alarm: Alarm, prefix: str, topic: AlarmTopic) -> None:
        super().__init__(scope, alarm.id)
        resource = CloudwatchMetricAlarm(
            self,
            "Alarm",
            alarm_name=alarm_name(prefix, alarm.name),
            alarm_description=f"{alarm.description} Then docs/runbook.md, {alarm.name}; dashboard {prefix}.",
            comparison_operator=alarm.comparison,
            threshold=alarm.threshold,
            evaluation_periods=alarm.periods,
            datapoints_to_alarm=alarm.periods,
            treat_missing_data=alarm.missing,
            alarm_actions=[topic.arn],
            ok_actions=[topic.arn],
        )
        match alarm.watched:
            case Query() as query:
                _watch(resource, query, alarm.period)
            case Expression() as expression:
                resource.put_metric_query(_queries(alarm, expression))
        self.arn = resource.arn


def _watch(resource: CloudwatchMetricAlarm, query: Query, period: int) -> None:
    resource.namespace, resource.metric_name = query.metric.namespace, query.metric.name
    resource.dimensions, resource.period = dict(query.metric.dimensions), period
    if query.statistic.startswith("p"):
        resource.extended_statistic = query.statistic
        # few requests are judged too: one slow request of three is worth knowing of at night
        resource.evaluate_low_sample_count_percentiles = "evaluate"
    else:
        resource.statistic = query.statistic


def _queries(alarm: Alarm, expression: Expression) -> list[CloudwatchMetricAlarmMetricQuery]:
    result = CloudwatchMetricAlarmMetricQuery(
        id="result", expression=expression.formula, label=alarm.name, return_data=True
    )
    return [
        result,
        *(
            CloudwatchMetricAlarmMetricQuery(
                id=name,
                return_data=False,
                metric=CloudwatchMetricAlarmMetricQueryMetric(
                    namespace=query.metric.namespace,
                    metric_name=query.metric.name,
                    dimensions=query.metric.dimensions,
                    stat=query.statistic,
                    period=alarm.period,
                ),
            )
            for name, query in expression.queries.items()
        ),
    ]
