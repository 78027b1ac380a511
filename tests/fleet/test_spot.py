"""Spot hosts above the minimum: what the group is told to buy, and what stays on demand."""

from dataclasses import replace

import cdktf
import pytest

from inference_constructs.fleet import spot_types
from inference_constructs.host import INSTANCE_TYPES, boot_seconds, host_gateway
from stacks.environments import DEV
from stacks.inference import InferenceStack
from support.models import phi_3_on
from support.stack_json import Json, only, parse, resources

SINGLE = [name for name, each in INSTANCE_TYPES.items() if each.gpu_count == 1]


@pytest.fixture(scope="module")
def stack() -> Json:
    environment = replace(DEV, spot_above_minimum=True)
    return parse(cdktf.Testing.synth(InferenceStack(cdktf.Testing.app(), DEV.prefix, environment=environment)))


@pytest.fixture
def policy(stack: Json) -> Json:
    return only(stack, "aws_autoscaling_group")["mixed_instances_policy"]


def alarm(stack: Json, name: str) -> Json:
    (found,) = [a for a in resources(stack, "aws_cloudwatch_metric_alarm").values() if a["alarm_name"].endswith(name)]
    return found


@pytest.mark.req("R3.3")
def test_the_minimum_is_on_demand_and_only_what_is_above_it_spot(policy: Json) -> None:
    bought = policy["instances_distribution"]
    assert bought["on_demand_base_capacity"] == "${var.min_instances}"
    assert bought["on_demand_percentage_above_base_capacity"] == 0


def test_the_least_interrupted_of_the_cheap_pools_is_taken(policy: Json) -> None:
    assert policy["instances_distribution"]["spot_allocation_strategy"] == "price-capacity-optimized"


def test_on_demand_hosts_are_of_the_environments_own_type_where_there_is_one(policy: Json) -> None:
    assert policy["instances_distribution"]["on_demand_allocation_strategy"] == "prioritized"
    assert policy["launch_template"]["override"][0] == {"instance_type": DEV.instance_type}


@pytest.mark.req("R1.2", "R1.3")
@pytest.mark.parametrize("instance_type", SINGLE)
def test_every_type_of_a_group_is_served_by_one_image_and_one_profile(instance_type: str) -> None:
    types = spot_types(instance_type)
    assert types[0] == instance_type
    assert {host_gateway(phi_3_on(name)) for name in types} == {host_gateway(phi_3_on(instance_type))}
    assert all(boot_seconds(phi_3_on(name)) <= boot_seconds(phi_3_on(instance_type)) for name in types)


def test_a_spot_host_may_have_several_sizes() -> None:
    assert spot_types("g5.xlarge") == ["g5.xlarge", "g5.2xlarge", "g5.4xlarge"]


@pytest.mark.req("R3.5")
def test_a_new_version_rolls_out_to_spot_hosts_too(stack: Json, policy: Json) -> None:
    group = only(stack, "aws_autoscaling_group")
    (template,) = resources(stack, "aws_launch_template")
    specification = policy["launch_template"]["launch_template_specification"]
    assert specification["version"] == f"${{aws_launch_template.{template}.latest_version}}"
    # the provider takes exactly one of them, and starts a refresh when it changes
    assert "launch_template" not in group
    assert "instance_refresh" in group


def test_a_host_at_risk_is_replaced_before_it_is_gone(stack: Json) -> None:
    assert only(stack, "aws_autoscaling_group")["capacity_rebalance"] is True


def test_an_alarm_says_that_there_is_no_spot_capacity_before_it_says_that_hosts_are_missing(stack: Json) -> None:
    found, missing = alarm(stack, "-spot-capacity"), alarm(stack, "-hosts-missing")
    queries = {query["id"]: query for query in found["metric_query"]}
    watched = {name: query["metric"]["metric_name"] for name, query in queries.items() if "metric" in query}
    assert watched == {
        "wanted": "GroupDesiredCapacity",
        "running": "GroupInServiceInstances",
        "pending": "GroupPendingInstances",
    }
    assert set(watched.values()) <= set(only(stack, "aws_autoscaling_group")["enabled_metrics"])
    assert found["evaluation_periods"] == 10 < missing["evaluation_periods"]
    assert "raise min_instances" in found["alarm_description"]


def test_without_the_field_every_host_is_on_demand(synthesized: dict[str, Json]) -> None:
    stack = synthesized[DEV.prefix]
    group = only(stack, "aws_autoscaling_group")
    assert not {"mixed_instances_policy", "capacity_rebalance"} & group.keys()
    assert not [a for a in resources(stack, "aws_cloudwatch_metric_alarm").values() if "spot" in a["alarm_name"]]
