"""The network of each environment."""

import json

import pytest

from stacks.environments import ENVIRONMENTS, Environment
from support.stack_json import Json, only, references, resources, subnets


def route_table(stack: Json, visibility: str) -> str:
    tables = resources(stack, "aws_route_table")
    (name,) = [name for name, table in tables.items() if table["tags"]["Name"].endswith(visibility)]
    return f"aws_route_table.{name}"


@pytest.mark.req("R6.1")
@pytest.mark.parametrize("environment", ENVIRONMENTS, ids=[e.name for e in ENVIRONMENTS])
@pytest.mark.parametrize("visibility", ["public", "private"])
def test_each_zone_has_one_subnet_of_each_kind(
    environment: Environment, visibility: str, synthesized: dict[str, Json]
) -> None:
    zones = {subnet["availability_zone"] for subnet in subnets(synthesized[environment.prefix], visibility).values()}
    assert len(zones) == environment.zone_count >= 2


@pytest.mark.req("R5.7")
@pytest.mark.parametrize("zone", ["use1-az3", "apne1-az3"])
def test_no_subnet_is_in_a_zone_without_vpc_links(zone: str, inference: Json) -> None:
    zones = inference["data"]["aws_availability_zones"].values()
    assert all(zone in found["exclude_zone_ids"] for found in zones)


@pytest.mark.req("R6.2")
def test_private_subnets_have_no_route_out(inference: Json) -> None:
    private = route_table(inference, "private")
    assert not resources(inference, "aws_nat_gateway")
    assert private not in {ref for route in resources(inference, "aws_route").values() for ref in references(route)}
    associations = resources(inference, "aws_route_table_association").values()
    for name in subnets(inference, "private"):
        (table,) = [a["route_table_id"] for a in associations if references(a["subnet_id"]) == {f"aws_subnet.{name}"}]
        assert references(table) == {private}


@pytest.mark.req("R6.2")
def test_no_subnet_gives_public_addresses(inference: Json) -> None:
    assert not any(subnet["map_public_ip_on_launch"] for subnet in resources(inference, "aws_subnet").values())


@pytest.mark.req("R6.2")
def test_s3_is_reached_by_a_gateway_endpoint_that_reads_only_amazons_packages(inference: Json) -> None:
    (s3,) = [e for e in resources(inference, "aws_vpc_endpoint").values() if e["vpc_endpoint_type"] == "Gateway"]
    (statement,) = json.loads(s3["policy"])["Statement"]
    assert references(s3["route_table_ids"]) == {route_table(inference, "private")}
    assert statement["Action"] == "s3:GetObject"
    assert all("al2023-repos" in arn or "amazon-ssm" in arn for arn in statement["Resource"])


@pytest.mark.req("R6.2")
def test_interface_endpoints_answer_in_every_private_subnet_by_the_service_name(inference: Json) -> None:
    endpoints = [e for e in resources(inference, "aws_vpc_endpoint").values() if e["vpc_endpoint_type"] == "Interface"]
    private = {f"aws_subnet.{name}" for name in subnets(inference, "private")}
    assert {e["service_name"].split(".")[-1] for e in endpoints} == {"logs", "monitoring", "ssm", "ssmmessages"}
    assert all(references(e["subnet_ids"]) == private and e["private_dns_enabled"] for e in endpoints)


@pytest.mark.req("R6.4")
def test_default_security_group_allows_nothing(inference: Json) -> None:
    group = only(inference, "aws_default_security_group")
    assert not group.get("ingress")
    assert not group.get("egress")


@pytest.mark.req("R6.2")
def test_flow_logs_record_all_traffic_for_30_days(inference: Json) -> None:
    flow_log = only(inference, "aws_flow_log")
    (group,) = references(flow_log["log_destination"])
    assert flow_log["traffic_type"] == "ALL"
    assert resources(inference, "aws_cloudwatch_log_group")[group.split(".")[1]]["retention_in_days"] == 30
