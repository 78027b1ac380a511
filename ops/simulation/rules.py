"""The scaling rules of a synthesized stack, and what Auto Scaling decides by them."""

import re
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import inf
from typing import Any

from inference_constructs.fleet import BUSY_MINUTES, IDLE_MINUTES, ScaleOn

Json = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Step:
    """How much capacity changes when the metric is `lower` to `upper` away from the alarm's threshold."""

    lower: float
    upper: float
    adjustment: int


@dataclass(frozen=True, kw_only=True)
class Rule:
    """A CloudWatch alarm and the step scaling policy that it calls.

    Attributes:
        above: Whether values above the threshold breach it, or values below.
        threshold: In the metric's unit.
        period_seconds: Length of a period.
        evaluation_periods: Latest periods that are looked at.
        datapoints_to_alarm: How many of these must breach.
        steps: What the policy does.
    """

    above: bool
    threshold: float
    period_seconds: int
    evaluation_periods: int
    datapoints_to_alarm: int
    steps: tuple[Step, ...]

    def breached_by(self, value: float | None) -> bool:
        """Whether a period's value breaches; one without a value does not."""
        return value is not None and (value > self.threshold if self.above else value < self.threshold)

    def adjustment(self, value: float) -> int:
        """Return the change of capacity for a value that breaches."""
        away = value - self.threshold
        for step in self.steps:
            # the bound that is nearer to the threshold belongs to the step
            if (step.lower <= away < step.upper) if self.above else (step.lower < away <= step.upper):
                return step.adjustment
        return 0


@dataclass(frozen=True, kw_only=True)
class ScalingRules:
    """All that decides about the number of hosts.

    Attributes:
        instance_type: EC2 type of the hosts.
        region: AWS region.
        minimum: Least number of hosts.
        maximum: Greatest number of hosts.
        warmup_seconds: How long after its launch a host does not count as capacity.
        health_check_seconds: How long a ready host is watched before it gets requests.
        unhealthy_seconds: How long a host that says 503 still gets requests.
        request_timeout_seconds: Deadline of a request.
        scale_on: What the alarms look at.
        rules: Alarms with their policies.
    """

    instance_type: str
    region: str
    minimum: int
    maximum: int
    warmup_seconds: int
    health_check_seconds: int
    unhealthy_seconds: int
    request_timeout_seconds: float
    scale_on: ScaleOn
    rules: tuple[Rule, ...]

    def scaled_on(self, signal: ScaleOn) -> "ScalingRules":
        """Return the rules of the same environment if it were scaled on this signal: the same policies, its minutes."""
        minutes = {True: BUSY_MINUTES[signal], False: IDLE_MINUTES}
        rules = (
            replace(rule, evaluation_periods=minutes[rule.above], datapoints_to_alarm=minutes[rule.above])
            for rule in self.rules
        )
        return replace(self, scale_on=signal, rules=tuple(rules))


def _only(stack: Json, kind: str) -> Json:
    (resource,) = stack["resource"][kind].values()
    return resource


def _evaluated(stack: Json, value: Any) -> float:
    """Return a number, or the default of the variable that stands in its place."""
    variable = re.fullmatch(r"\$\{var\.(\w+)\}", str(value))
    return float(stack["variable"][variable[1]]["default"] if variable else value)


def _rule(alarm: Json, policy: Json) -> Rule:
    steps = tuple(
        Step(
            lower=float(step.get("metric_interval_lower_bound", -inf)),
            upper=float(step.get("metric_interval_upper_bound", inf)),
            adjustment=step["scaling_adjustment"],
        )
        for step in policy["step_adjustment"]
    )
    return Rule(
        above=alarm["comparison_operator"].startswith("GreaterThan"),
        threshold=alarm["threshold"],
        period_seconds=alarm.get("period") or _period(alarm),
        evaluation_periods=alarm["evaluation_periods"],
        datapoints_to_alarm=alarm["datapoints_to_alarm"],
        steps=steps,
    )


def _period(alarm: Json) -> int:
    """The one period of an alarm on metric math, which each metric in it has."""
    (period,) = {query["metric"]["period"] for query in alarm["metric_query"] if "metric" in query}
    return period


def read_rules(stack: Json) -> ScalingRules:
    """Return the rules of a synthesized inference stack, with the defaults of its variables.

    Args:
        stack: Its `cdk.tf.json`, parsed.
    """
    group, target_group = _only(stack, "aws_autoscaling_group"), _only(stack, "aws_lb_target_group")
    health_check = target_group["health_check"]
    policies = stack["resource"]["aws_autoscaling_policy"]
    calling = [
        (alarm, policies[name])
        for alarm in stack["resource"]["aws_cloudwatch_metric_alarm"].values()
        for action in alarm.get("alarm_actions", [])
        if (name := str(action).removeprefix("${aws_autoscaling_policy.").removesuffix(".arn}")) in policies
    ]
    return ScalingRules(
        instance_type=_only(stack, "aws_launch_template")["instance_type"],
        region=stack["provider"]["aws"][0]["region"],
        minimum=int(_evaluated(stack, group["min_size"])),
        maximum=int(_evaluated(stack, group["max_size"])),
        warmup_seconds=group["default_instance_warmup"],
        health_check_seconds=health_check["interval"] * health_check["healthy_threshold"],
        unhealthy_seconds=health_check["interval"] * health_check["unhealthy_threshold"] + health_check["timeout"],
        request_timeout_seconds=_evaluated(stack, "${var.request_timeout_seconds}"),
        scale_on="demand" if any("metric_query" in alarm for alarm, _ in calling) else "gpu",
        rules=tuple(_rule(alarm, policy) for alarm, policy in calling),
    )


class Autoscaler:
    """What CloudWatch and Auto Scaling do with one value of the metric after another.

    An alarm calls its policy every period for as long as it lasts. Capacity that warms up does not count when a policy
    adds, so the same breach does not add it again; and nothing is taken away while something warms up.
    https://docs.aws.amazon.com/autoscaling/ec2/userguide/as-scaling-simple-step.html
    """

    def __init__(self, rules: ScalingRules) -> None:
        self._rules = rules
        self._breaches = [deque([False] * rule.evaluation_periods, rule.evaluation_periods) for rule in rules.rules]

    def desired(self, value: float | None, *, settled: int, warming: int) -> int:
        """Return the number of hosts that is wanted after one more period.

        Args:
            value: The metric's average in the period; None where nobody reported.
            settled: Hosts that count as capacity.
            warming: Hosts that do not yet.
        """
        wanted = settled + warming
        for rule, breaches in zip(self._rules.rules, self._breaches, strict=True):
            breaches.append(rule.breached_by(value))
            if value is not None and breaches[-1] and sum(breaches) >= rule.datapoints_to_alarm:
                wanted = self._adjusted(rule.adjustment(value), settled, warming)
        return min(max(wanted, self._rules.minimum), self._rules.maximum)

    def _adjusted(self, adjustment: int, settled: int, warming: int) -> int:
        if adjustment > 0:
            return max(settled + warming, settled + adjustment)
        return settled + (warming if warming else adjustment)


def period_seconds(rules: Sequence[Rule]) -> int:
    """Return the one period that all rules share.

    Raises:
        ValueError: they have several.
    """
    periods = {rule.period_seconds for rule in rules}
    if len(periods) != 1:
        raise ValueError(f"the alarms have periods of {sorted(periods)} s; only a common one can be replayed")
    return periods.pop()
