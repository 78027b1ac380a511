"""The cost forecast of a stack: its outputs, and the budget that the alarms compare with."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

from cdktf import TerraformLocal, TerraformOutput, TerraformResource, TerraformStack
from cdktf_cdktf_provider_aws.cloudwatch_metric_alarm import CloudwatchMetricAlarm, CloudwatchMetricAlarmMetricQuery
from cdktf_cdktf_provider_aws.vpc_endpoint import VpcEndpoint
from cdktf_cdktf_provider_aws.wafv2_web_acl import Wafv2WebAcl
from constructs import Construct

from inference_constructs.api import CONDITIONAL_RULES
from inference_constructs.cost import formulas as cost_formulas
from inference_constructs.cost.formulas import STATUSES, Inventory, cents
from inference_constructs.cost.prices import prices_of
from inference_constructs.host import DATA_GIB, ROOT_GIB, VOLUME_MIB_PER_SECOND, engine_profile, gpu_metrics
from runtime import metrics

AT_MINIMUM = "${local.monthly_cost_usd}"
"""Dollars a month with `min_instances` hosts: an expression for all of the stack, whatever is created first."""

AT_MAXIMUM = "${local.monthly_cost_at_maximum_usd}"
"""The same with `max_instances` hosts."""


@dataclass(frozen=True, kw_only=True)
class ForecastScope:
    """What the forecast cannot count in the construct tree.

    Attributes:
        region: Region whose prices apply.
        instance_type: EC2 type of the hosts.
        zone_count: Zones in which each interface endpoint is.
        web_acl: The API's firewall, whose rules are priced; the one that keys switch on as if they were.
        site_web_acl: The demo page's, if it has one.
    """

    region: str
    instance_type: str
    zone_count: int
    web_acl: Wafv2WebAcl
    site_web_acl: Wafv2WebAcl | None = None


class CostForecast(Construct):
    """Outputs of what the stack costs a month, by resource type and in total, at the least and the most hosts.

    Create it last: it counts what the stack contains.
    """

    def __init__(self, scope: Construct, id: str, *, of: ForecastScope) -> None:
        """Add the outputs.

        Args:
            scope: Parent construct, in the stack that is priced.
            id: Construct id.
            of: What the construct tree does not tell.

        Raises:
            ValueError: the region or the instance type has no known price.
        """
        super().__init__(scope, id)
        stack, prices = TerraformStack.of(self), prices_of(of.region)
        have = _inventory(stack, of)
        least, most = (cost_formulas.monthly_costs(have, prices, f"var.{bound}_instances") for bound in ("min", "max"))
        per_million = cost_formulas.dollars_per_million_tokens(least, have, "var.min_instances")
        for name, costs in (("monthly_cost_usd", least), ("monthly_cost_at_maximum_usd", most)):
            local = TerraformLocal(self, f"local {name}", f"${{{cents(cost_formulas.total(costs))}}}")
            local.override_logical_id(name)
        outputs: dict[str, tuple[object, str]] = {
            "monthly_cost_usd": (AT_MINIMUM, "Estimated dollars a month with min_instances hosts."),
            "monthly_cost_at_maximum_usd": (AT_MAXIMUM, "The same with max_instances hosts."),
            "monthly_cost_breakdown_usd": (_expressions(least), "monthly_cost_usd by resource type."),
            "monthly_cost_breakdown_at_maximum_usd": (_expressions(most), "The same with max_instances hosts."),
            "usd_per_million_tokens": (
                f"${{{cents(per_million)}}}",
                "Estimated dollars for a million generated tokens at the stated utilization and concurrent_streams.",
            ),
            "prices": (prices.provenance, "Where the prices come from, and which are estimates."),
        }
        for name, (value, description) in outputs.items():
            TerraformOutput(self, name, value=value, description=description).override_logical_id(name)


def _expressions(costs: Mapping[str, str]) -> dict[str, str]:
    return {kind: f"${{{cents(formula)}}}" for kind, formula in costs.items()}


def _inventory(stack: TerraformStack, of: ForecastScope) -> Inventory:
    nodes = stack.node.find_all()
    count = Counter(node.terraform_resource_type for node in nodes if isinstance(node, TerraformResource))
    interface_endpoints = sum(
        isinstance(node, VpcEndpoint) and node.vpc_endpoint_type_input == "Interface" for node in nodes
    )
    gateway_metrics = sum(isinstance(value, metrics.Metric) for value in vars(metrics).values())
    volumes = ROOT_GIB + DATA_GIB
    return Inventory(
        instance_type=of.instance_type,
        host_gib=volumes,
        host_mibps=VOLUME_MIB_PER_SECOND,
        initialized_gib=DATA_GIB,
        image_gib=volumes,
        endpoint_zones=interface_endpoints * of.zone_count,
        alarms=sum(_watched_metrics(node) for node in nodes if isinstance(node, CloudwatchMetricAlarm)),
        dashboards=count["aws_cloudwatch_dashboard"],
        metrics=gateway_metrics
        + len(metrics.BOOT_STAGES)
        + len(gpu_metrics.MEASUREMENTS)
        + count["aws_cloudwatch_log_metric_filter"] * STATUSES,
        keys=count["aws_kms_key"],
        firewall_rules=_rules(of.web_acl) + CONDITIONAL_RULES + (_rules(of.site_web_acl) if of.site_web_acl else 0),
        site_firewalls=int(of.site_web_acl is not None),
        tokens_per_second=engine_profile(of.instance_type).tokens_per_second,
    )


def _rules(web_acl: Wafv2WebAcl) -> int:
    return len(cast("list[object]", web_acl.rule_input))


def _watched_metrics(alarm: CloudwatchMetricAlarm) -> int:
    queries = cast("list[CloudwatchMetricAlarmMetricQuery] | None", alarm.metric_query_input)
    return sum(query.metric is not None for query in queries) if queries else 1
