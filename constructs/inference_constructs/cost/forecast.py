"""The cost forecast of a stack: its outputs, and the budget that the alarms compare with."""

import functools
from collections import Counter
from collections.abc import Callable, Mapping
from typing import cast

from cdktf import (
    IAnyProducer,
    IResolvable,
    IResolveContext,
    Lazy,
    TerraformLocal,
    TerraformOutput,
    TerraformResource,
    TerraformStack,
)
from cdktf_cdktf_provider_aws.cloudwatch_log_metric_filter import (
    CloudwatchLogMetricFilter,
    CloudwatchLogMetricFilterMetricTransformation,
)
from cdktf_cdktf_provider_aws.cloudwatch_metric_alarm import CloudwatchMetricAlarm, CloudwatchMetricAlarmMetricQuery
from cdktf_cdktf_provider_aws.vpc_endpoint import VpcEndpoint
from cdktf_cdktf_provider_aws.wafv2_web_acl import Wafv2WebAcl
from constructs import Construct
from jsii import implements

from inference_constructs.api import CONDITIONAL_RULES
from inference_constructs.cost import formulas as cost_formulas
from inference_constructs.cost.formulas import STATUSES, Inventory, cents
from inference_constructs.cost.prices import prices_of
from inference_constructs.host import ROOT_GIB, VOLUME_MIB_PER_SECOND, Engine, data_gib, engine_profile, gpu_metrics
from runtime import metrics

AT_MINIMUM = "${local.monthly_cost_usd}"
"""Dollars a month with `min_instances` hosts: an expression for all of the stack, whatever is created first."""

AT_MAXIMUM = "${local.monthly_cost_at_maximum_usd}"
"""The same with `max_instances` hosts."""


@implements(IAnyProducer)
class _Counted:
    """A value that is known once the whole construct tree is there, and made anew whenever it is asked for."""

    def __init__(self, value: Callable[[], object]) -> None:
        self._value = value

    def produce(self, context: IResolveContext) -> object:  # noqa: ARG002  the interface's argument
        return self._value()


class CostForecast(Construct):
    """Outputs of what the stack costs a month, by resource type and in total, at the least and the most hosts.

    What the stack contains is counted when it is synthesized, whatever was created first.
    """

    def __init__(self, scope: Construct, id: str, *, region: str, engine: Engine) -> None:
        """Add the outputs.

        Args:
            region: Region whose prices apply.
            engine: What the hosts are.

        Raises:
            ValueError: the region or the instance type has no known price.
        """
        super().__init__(scope, id)
        self._engine, self._prices = engine, prices_of(region)
        # in words, and now: a synthesis that fails within cdktf has none
        self._prices.instance_hour(engine.instance_type)
        for name, bound in (("monthly_cost_usd", "min"), ("monthly_cost_at_maximum_usd", "max")):
            total = self._counted(lambda bound=bound: f"${{{cents(cost_formulas.total(self._costs(bound)))}}}")
            TerraformLocal(self, f"local {name}", total).override_logical_id(name)
        outputs: dict[str, tuple[object, str]] = {
            "monthly_cost_usd": (AT_MINIMUM, "Estimated dollars a month with min_instances hosts."),
            "monthly_cost_at_maximum_usd": (AT_MAXIMUM, "The same with max_instances hosts."),
            "monthly_cost_breakdown_usd": (
                self._counted(lambda: _expressions(self._costs("min"))),
                "monthly_cost_usd by resource type.",
            ),
            "monthly_cost_breakdown_at_maximum_usd": (
                self._counted(lambda: _expressions(self._costs("max"))),
                "The same with max_instances hosts.",
            ),
            "usd_per_million_tokens": (
                self._counted(self._per_million_tokens),
                "Estimated dollars for a million generated tokens at the stated utilization and concurrent_streams.",
            ),
            "prices": (self._prices.provenance, "Where the prices come from, and which are estimates."),
            "speed": (
                engine_profile(engine).step_time.source,
                "Where a host's speed comes from that usd_per_million_tokens counts on.",
            ),
        }
        for name, (value, description) in outputs.items():
            TerraformOutput(self, name, value=value, description=description).override_logical_id(name)

    @staticmethod
    def _counted(value: Callable[[], object]) -> IResolvable:
        return Lazy.any_value(_Counted(value))

    @functools.cached_property
    def _inventory(self) -> Inventory:
        """What the stack contains. To be asked for at synthesis, when nothing is added any more."""
        return inventory(TerraformStack.of(self), self._engine)

    def _costs(self, bound: str) -> Mapping[str, str]:
        return cost_formulas.monthly_costs(self._inventory, self._prices, f"var.{bound}_instances")

    def _per_million_tokens(self) -> str:
        formula = cost_formulas.dollars_per_million_tokens(self._costs("min"), self._inventory, "var.min_instances")
        return f"${{{cents(formula)}}}"


def _expressions(costs: Mapping[str, str]) -> dict[str, str]:
    return {kind: f"${{{cents(formula)}}}" for kind, formula in costs.items()}


def inventory(stack: TerraformStack, engine: Engine) -> Inventory:
    """Count what a stack contains so far.

    Args:
        engine: What its hosts are.

    Raises:
        ValueError: the instance type is not supported.
    """
    nodes = stack.node.find_all()
    count = Counter(node.terraform_resource_type for node in nodes if isinstance(node, TerraformResource))
    web_acls = [node for node in nodes if isinstance(node, Wafv2WebAcl)]
    site_firewalls = sum(web_acl.scope_input == "CLOUDFRONT" for web_acl in web_acls)
    gateway_metrics = sum(isinstance(value, metrics.Metric) for value in vars(metrics).values())
    data = data_gib(engine.model)
    profile = engine_profile(engine)
    return Inventory(
        instance_type=engine.instance_type,
        host_gib=ROOT_GIB + data,
        host_mibps=VOLUME_MIB_PER_SECOND,
        initialized_gib=data,
        image_gib=ROOT_GIB + data,
        endpoint_zones=sum(_zones(node) for node in nodes if isinstance(node, VpcEndpoint)),
        alarms=sum(_watched_metrics(node) for node in nodes if isinstance(node, CloudwatchMetricAlarm)),
        dashboards=count["aws_cloudwatch_dashboard"],
        metrics=gateway_metrics
        + len(metrics.BOOT_STAGES)
        + len(gpu_metrics.MEASUREMENTS)
        + sum(_filtered_metrics(node) for node in nodes if isinstance(node, CloudwatchLogMetricFilter)),
        keys=count["aws_kms_key"],
        # the rule that the need for keys switches on is priced as if it were
        firewall_rules=sum(_rules(web_acl) for web_acl in web_acls)
        + (len(web_acls) - site_firewalls) * CONDITIONAL_RULES,
        site_firewalls=site_firewalls,
        places=profile.max_num_seqs,
        step_time=profile.step_time,
    )


def _zones(endpoint: VpcEndpoint) -> int:
    """Zones that an endpoint is paid for: gateway endpoints have no subnets, and no price."""
    return len(endpoint.subnet_ids_input or [])


def _rules(web_acl: Wafv2WebAcl) -> int:
    return len(cast("list[object]", web_acl.rule_input))


def _filtered_metrics(log_filter: CloudwatchLogMetricFilter) -> int:
    transformation = cast("CloudwatchLogMetricFilterMetricTransformation", log_filter.metric_transformation_input)
    return STATUSES if transformation.dimensions else 1


def _watched_metrics(alarm: CloudwatchMetricAlarm) -> int:
    queries = cast("list[CloudwatchMetricAlarmMetricQuery] | None", alarm.metric_query_input)
    return sum(query.metric is not None for query in queries) if queries else 1
