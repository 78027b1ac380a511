"""The alarms: each wakes somebody for a reason, and says what to look at first."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from inference_constructs.fleet import ENGINE_FAILURE, ERROR_RATE, NO_HEALTHY_HOST
from inference_constructs.foundation import LEAD_MINUTES, Metric
from inference_constructs.host import BOOT_DEADLINE_SECONDS, gpu_metrics
from inference_constructs.monitoring import running_cost
from inference_constructs.monitoring.metrics import ServiceMetrics, Statistic
from inference_constructs.monitoring.running_cost import RunningCost
from runtime.metrics import BOOT_SECONDS, ENGINE_FAILURES, READY

P99_SECONDS = 5
"""R4.4."""

ERROR_PERCENT = 5
"""Share of requests that may fail with 5xx."""

FEWEST_REQUESTS = 10
"""Requests in 5 minutes, below which a failure or two are no rate."""

AT_MAXIMUM_MINUTES = 15

MISSING_MINUTES = 20
"""Longer than a host takes that is launched, fails to get ready and is launched again."""

SILENT_MINUTES = 15
"""Longer than a host takes to its first metric, where it is the only one and is replaced."""

OPENING_MINUTES = LEAD_MINUTES
"""Longer than the hosts of an opening take."""

SPOT_MINUTES = 10
"""Longer than EC2 takes to launch a host that it has."""

SPEND_HOURS = 24
"""A day: long enough to be no peak."""

SPEND_PERCENT = 105
"""Percent of the forecast. The estimate equals the forecast when hosts and requests are as forecast."""

BLOCKED_PER_MINUTE = 3_000
"""Requests that the firewall blocks in a minute of a flood: thirty times what one address may send at all."""

FLOOD_MINUTES = 3

Comparison: TypeAlias = Literal["GreaterThanThreshold", "GreaterThanOrEqualToThreshold", "LessThanThreshold"]
"""How a value stands to the threshold in an alarm.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
"""


@dataclass(frozen=True, kw_only=True)
class Query:
    """One value for each period."""

    metric: Metric
    statistic: Statistic


@dataclass(frozen=True, kw_only=True)
class Expression:
    """Metric math.

    Attributes:
        formula: What is computed.
        queries: What it is computed from, by the ids that the formula has for them.
    """

    formula: str
    queries: Mapping[str, Query]


@dataclass(frozen=True, kw_only=True)
class Alarm:
    """One alarm.

    Attributes:
        id: Construct id.
        name: Last part of its name.
        description: What is wrong, and what to look at first.
        watched: What is compared with the threshold.
        comparison: How it stands to the threshold in an alarm.
        threshold: Number or token.
        period: Seconds.
        periods: How many periods in a row.
        missing: What a period without data counts as.
    """

    id: str
    name: str
    description: str
    watched: Query | Expression
    comparison: Comparison
    threshold: float
    period: int = 60
    periods: int = 1
    missing: Literal["breaching", "notBreaching"] = "notBreaching"


def _while_wanted(alarm: Alarm, watched: Query, metrics: ServiceMetrics) -> Alarm:
    """Return the alarm of a value that is below 1 or missing, for as long as a host is wanted.

    What is wanted is not filled in: a minute that CloudWatch does not have yet would say that nothing is, and the alarm
    would never go off. https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html
    """
    wanted = Query(metric=metrics.fleet.of_group("GroupDesiredCapacity"), statistic="Maximum")
    formula = "IF(wanted > 0 AND FILL(watched, 0) < 1, 1, 0)"
    return replace(
        alarm,
        watched=Expression(formula=formula, queries={"wanted": wanted, "watched": watched}),
        comparison="GreaterThanOrEqualToThreshold",
        missing="notBreaching",
    )


def no_healthy_host(metrics: ServiceMetrics, *, office_hours: bool) -> Alarm:
    """Return the alarm of a service that nobody can use.

    It watches the highest count that any node of the load balancer sees. Without data no host is registered: that is
    worse. With office hours no host may be wanted, and an opening starts with none.
    """
    healthy = Query(metric=metrics.fleet.of_targets("HealthyHostCount"), statistic="Maximum")
    alarm = Alarm(
        id="NoHealthyHost",
        name=NO_HEALTHY_HOST,
        description="No host is healthy: requests get 503. Look first at the group's activity history (did a host "
        "start?), then at the newest stream of the gateway's log (which boot stage did it reach?).",
        watched=healthy,
        comparison="LessThanThreshold",
        threshold=1,
        periods=2,
        missing="breaching",
    )
    return replace(_while_wanted(alarm, healthy, metrics), periods=OPENING_MINUTES) if office_hours else alarm


def metrics_missing(metrics: ServiceMetrics, *, office_hours: bool) -> Iterator[Alarm]:
    """Yield the alarms of metrics that hosts always publish: without them scaling and other alarms stand still."""
    gpu, ready = metrics.fleet.of_gpus(gpu_metrics.UTILIZATION), metrics.fleet.of_gateway(READY)
    for kind, metric, effect in (
        ("Gpu", gpu, "by GPU utilisation nothing scales any more"),
        ("Gateway", ready, "engine-failure and slow-boot cannot go off"),
    ):
        samples = Query(metric=metric, statistic="SampleCount")
        alarm = Alarm(
            id=f"{kind}MetricsMissing",
            name=f"{kind.lower()}-metrics-missing",
            description=f"No host has published {metric.name} for {SILENT_MINUTES} minutes: {effect}. Look first at "
            "'Hosts' on the dashboard: where hosts are healthy, open a shell on one and see what cannot publish.",
            watched=samples,
            comparison="LessThanThreshold",
            threshold=1,
            periods=SILENT_MINUTES,
            missing="breaching",
        )
        yield _while_wanted(alarm, samples, metrics) if office_hours else alarm


def service_alarms(metrics: ServiceMetrics, *, office_hours: bool = False) -> list[Alarm]:
    """Return the alarms that need nothing but the metrics, the most urgent first."""
    return [
        no_healthy_host(metrics, office_hours=office_hours),
        # Without requests nothing fails.
        Alarm(
            id="Errors",
            name=ERROR_RATE,
            description=f"More than {ERROR_PERCENT} % of requests failed with 5xx for 5 minutes. Look first at "
            "'Answers by status' on the dashboard: 503 means full or loading hosts, 504 too long answers, others a "
            "defect: see the gateway's log.",
            watched=Expression(
                formula=f"IF(requests >= {FEWEST_REQUESTS}, 100 * errors / requests, 0)",
                queries={
                    "requests": Query(metric=metrics.api.of_api("Count"), statistic="Sum"),
                    "errors": Query(metric=metrics.server_errors, statistic="Sum"),
                },
            ),
            comparison="GreaterThanThreshold",
            threshold=ERROR_PERCENT,
            period=300,
        ),
        # Without requests nobody waits.
        Alarm(
            id="Slow",
            name="p99-latency",
            description=f"One request in 100 took more than {P99_SECONDS} s for 5 minutes. Look first at "
            "'Requests on a host' and 'GPU utilisation' on the dashboard: both high is more load than the hosts can "
            "take, neither high is long answers: see 'Tokens a second'.",
            watched=Query(metric=metrics.api.of_api("Latency"), statistic="p99"),
            comparison="GreaterThanThreshold",
            threshold=P99_SECONDS * 1000,
            period=300,
        ),
        # Counted only when it happens: no data is the normal state.
        Alarm(
            id="EngineFailure",
            name=ENGINE_FAILURE,
            description="vLLM died, hung, or missed its boot deadline on a host. It is started again; after "
            "three failures in a row or a missed deadline the host is replaced. Look first at the lines before "
            "EngineFailures in the gateway's log: out of memory, a CUDA error, no weights?",
            watched=Query(metric=metrics.fleet.of_gateway(ENGINE_FAILURES), statistic="Sum"),
            comparison="GreaterThanOrEqualToThreshold",
            threshold=1,
        ),
        # Hosts boot seldom: no data is the normal state. A boot that is given up counts with the time that it took.
        Alarm(
            id="SlowBoot",
            name="slow-boot",
            description=f"A host's boot was given up after {BOOT_DEADLINE_SECONDS} s: it is replaced. Look first at "
            "'Longest boot' on the dashboard: long boot or weights: a slow volume; long compile: an unused cache.",
            watched=Query(metric=metrics.fleet.of_gateway(BOOT_SECONDS), statistic="Maximum"),
            comparison="GreaterThanOrEqualToThreshold",
            threshold=BOOT_DEADLINE_SECONDS,
        ),
        # Counted only when it happens: no data is the normal state.
        Alarm(
            id="Flood",
            name="flood",
            description=f"The firewall blocked more than {BLOCKED_PER_MINUTE:,} requests a minute for {FLOOD_MINUTES} "
            "minutes, and each of them is billed. Look first at 'Blocked by the firewall' on the dashboard, then at "
            "the addresses in the API's access log.",
            watched=Query(metric=metrics.api.of_firewall(), statistic="Sum"),
            comparison="GreaterThanThreshold",
            threshold=BLOCKED_PER_MINUTE,
            periods=FLOOD_MINUTES,
        ),
        # A scale-out ends within minutes, a rollout keeps the old hosts. Without data nothing is wanted.
        Alarm(
            id="HostsMissing",
            name="hosts-missing",
            description=f"For {MISSING_MINUTES} minutes fewer hosts were healthy than are wanted. Look first at the "
            "group's activity history: no capacity or no quota, or hosts that start and never get ready?",
            watched=Expression(
                formula="IF(FILL(healthy, 0) < wanted, 1, 0)",
                queries={
                    "wanted": Query(metric=metrics.fleet.of_group("GroupDesiredCapacity"), statistic="Maximum"),
                    "healthy": Query(metric=metrics.fleet.of_targets("HealthyHostCount"), statistic="Maximum"),
                },
            ),
            comparison="GreaterThanOrEqualToThreshold",
            threshold=1,
            periods=MISSING_MINUTES,
        ),
    ]


def spot_capacity(metrics: ServiceMetrics) -> Alarm:
    """Return the alarm of a group whose hosts above the minimum EC2 does not launch: before `hosts-missing`, and why.

    Without data nothing is wanted.
    """
    return Alarm(
        id="SpotCapacity",
        name="spot-capacity",
        description=f"For {SPOT_MINUTES} minutes EC2 has launched fewer hosts than are wanted, and what is above "
        "min_instances is spot. Look first at the group's activity history: where it has no spot capacity, raise "
        "min_instances: hosts up to it are on demand.",
        watched=Expression(
            formula="IF(FILL(running, 0) + FILL(pending, 0) < wanted, 1, 0)",
            queries={
                "wanted": Query(metric=metrics.fleet.of_group("GroupDesiredCapacity"), statistic="Maximum"),
                "running": Query(metric=metrics.fleet.of_group("GroupInServiceInstances"), statistic="Maximum"),
                "pending": Query(metric=metrics.fleet.of_group("GroupPendingInstances"), statistic="Maximum"),
            },
        ),
        comparison="GreaterThanOrEqualToThreshold",
        threshold=1,
        periods=SPOT_MINUTES,
    )


def at_maximum(metrics: ServiceMetrics, hosts: float) -> Alarm:
    """Return the alarm of a group that has its maximum of hosts, and cannot grow any more.

    Without data no host runs, of which another alarm tells.
    """
    return Alarm(
        id="AtMaximum",
        name="at-maximum",
        description=f"The group has run its maximum of hosts for {AT_MAXIMUM_MINUTES} minutes and cannot grow. Look "
        "first at 'Requests on a host' on the dashboard: if requests wait, raise max_instances, within the account's "
        "quota of vCPUs.",
        watched=Query(metric=metrics.fleet.of_group("GroupInServiceInstances"), statistic="Minimum"),
        comparison="GreaterThanOrEqualToThreshold",
        threshold=hosts,
        periods=AT_MAXIMUM_MINUTES,
    )


def above_forecast(metrics: ServiceMetrics, cost: RunningCost) -> Alarm:
    """Return the alarm of a spend above the forecast: within a day, when the budget does not know yet.

    Without data no host runs, and nothing is spent on one.
    """
    return Alarm(
        id="Spend",
        name="spend",
        description=f"The estimated cost was above {SPEND_PERCENT} % of the forecast in each of the last {SPEND_HOURS} "
        "hours. Look first at 'Hosts' on the dashboard: is there load all day, or do hosts not leave?",
        watched=Expression(
            formula=cost.percent_of_forecast,
            queries={
                running_cost.HOSTS: Query(
                    metric=metrics.fleet.of_group("GroupInServiceInstances"), statistic="Average"
                ),
                running_cost.REQUESTS: Query(metric=metrics.api.of_api("Count"), statistic="Sum"),
            },
        ),
        comparison="GreaterThanThreshold",
        threshold=SPEND_PERCENT,
        period=3600,
        periods=SPEND_HOURS,
    )


def all_alarms(
    metrics: ServiceMetrics,
    cost: RunningCost,
    maximum_hosts: float,
    *,
    spot: bool = False,
    office_hours: bool = False,
) -> list[Alarm]:
    """Return every alarm, the most urgent first.

    Args:
        maximum_hosts: Hosts at which the group cannot grow any more; number or token.
        spot: Whether hosts above the minimum are spot hosts.
        office_hours: Whether there are hosts in office hours only.
    """
    of_spot = [spot_capacity(metrics)] if spot else []
    return [
        *service_alarms(metrics, office_hours=office_hours),
        *metrics_missing(metrics, office_hours=office_hours),
        *of_spot,
        at_maximum(metrics, maximum_hosts),
        above_forecast(metrics, cost),
    ]
