"""The GPU hosts of each environment: how they start and roll out, who may talk to them, and what they may do."""

import json
import re
from pathlib import Path

import pytest

from inference_constructs.host import gpu_metrics
from inference_constructs.host.boot_budget import BOOT_DEADLINE_SECONDS
from stacks.environments import ENVIRONMENTS
from support.boot_files import evaluated_boot_script, run_boot_script
from support.env_file import read_env_file
from support.stack_json import Json, named, only, references, resources, subnets


@pytest.mark.req("R1.3")
def test_hosts_are_gpu_instances_of_the_environments_type(synthesized: dict[str, Json]) -> None:
    for environment in ENVIRONMENTS:
        template = only(synthesized[environment.prefix], "aws_launch_template")
        assert template["instance_type"] == environment.instance_type
        assert re.match(r"(g4dn|g5)\.", template["instance_type"])


@pytest.mark.req("R3.5")
def test_new_hosts_come_before_old_ones_go(inference: Json) -> None:
    group = only(inference, "aws_autoscaling_group")
    launch_first = {"min_healthy_percentage": 100, "max_healthy_percentage": 200}
    refresh = group["instance_refresh"]["preferences"]
    assert group["instance_maintenance_policy"] == launch_first
    assert launch_first.items() <= refresh.items()
    assert refresh["checkpoint_percentages"] == [50, 100]
    assert not group.get("protect_from_scale_in")


@pytest.mark.req("R3.5")
def test_a_rollout_is_stopped_by_the_alarms_of_a_bad_version(inference: Json) -> None:
    refresh = only(inference, "aws_autoscaling_group")["instance_refresh"]["preferences"]
    watched = refresh["alarm_specification"]["alarms"]
    assert [name.split("-", 2)[2] for name in watched] == ["no-healthy-host", "5xx-rate", "engine-failure"]
    assert set(watched) <= {each["alarm_name"] for each in resources(inference, "aws_cloudwatch_metric_alarm").values()}


@pytest.mark.req("R3.5")
def test_auto_scaling_does_not_go_back_by_itself(inference: Json) -> None:
    # it would go to the new version: https://github.com/hashicorp/terraform-provider-aws/issues/34189
    assert only(inference, "aws_autoscaling_group")["instance_refresh"]["preferences"]["auto_rollback"] is False


@pytest.mark.req("R3.5")
def test_a_rollout_passes_no_host_whose_health_is_not_judged_yet(inference: Json) -> None:
    group = only(inference, "aws_autoscaling_group")
    assert group["default_instance_warmup"] >= group["health_check_grace_period"]


@pytest.mark.req("R3.5")
def test_load_balancer_decides_about_health_but_never_during_a_boot(inference: Json) -> None:
    group = only(inference, "aws_autoscaling_group")
    assert group["health_check_type"] == "ELB"
    assert group["health_check_grace_period"] > BOOT_DEADLINE_SECONDS
    assert group["default_instance_warmup"] >= BOOT_DEADLINE_SECONDS


@pytest.mark.req("R2.3")
def test_apply_waits_until_the_hosts_are_healthy(inference: Json) -> None:
    group = only(inference, "aws_autoscaling_group")
    (listener,) = resources(inference, "aws_lb_listener")
    assert group["min_elb_capacity"] == "${var.min_instances}"
    assert f"aws_lb_listener.{listener}" in group["depends_on"]


@pytest.mark.req("R2.3")
def test_hosts_start_once_they_may_and_can_reach_aws(inference: Json) -> None:
    endpoints = resources(inference, "aws_vpc_endpoint").items()
    interfaces = {f"aws_vpc_endpoint.{name}" for name, found in endpoints if found["vpc_endpoint_type"] == "Interface"}
    (role,) = [name for name, found in resources(inference, "aws_iam_role").items() if found["name"].endswith("-host")]
    (policy,) = [
        f"aws_iam_role_policy.{name}"
        for name, found in resources(inference, "aws_iam_role_policy").items()
        if f"aws_iam_role.{role}" in references(found["role"])
    ]
    assert interfaces | {policy} <= set(only(inference, "aws_autoscaling_group")["depends_on"])


@pytest.mark.req("R2.3")
def test_apply_goes_on_where_one_zone_has_no_gpu_left(inference: Json) -> None:
    assert only(inference, "aws_autoscaling_group")["ignore_failed_scaling_activities"] is True


@pytest.mark.req("R6.2")
def test_hosts_are_in_the_private_subnets(inference: Json) -> None:
    group = only(inference, "aws_autoscaling_group")
    assert references(group["vpc_zone_identifier"]) == {f"aws_subnet.{name}" for name in subnets(inference, "private")}
    assert "network_interfaces" not in only(inference, "aws_launch_template")


@pytest.mark.req("R6.4")
def test_hosts_talk_to_load_balancer_endpoints_and_s3_only(inference: Json) -> None:
    hosts, _ = named(inference, "aws_security_group", "-hosts")
    balancer, _ = named(inference, "aws_security_group", "-load-balancer")
    endpoints, _ = named(inference, "aws_security_group", "-endpoints")

    def peer(rule: Json) -> str:
        return rule.get("referenced_security_group_id") or rule["prefix_list_id"]

    def rules(direction: str) -> set[tuple[object, ...]]:
        of_hosts = [
            rule
            for rule in resources(inference, f"aws_vpc_security_group_{direction}_rule").values()
            if references(rule["security_group_id"]) == {hosts}
        ]
        return {(*references(peer(rule)), rule["from_port"], rule["to_port"]) for rule in of_hosts}

    (s3,) = [
        f"aws_vpc_endpoint.{name}"
        for name, endpoint in resources(inference, "aws_vpc_endpoint").items()
        if endpoint["vpc_endpoint_type"] == "Gateway"
    ]
    assert rules("ingress") == {(balancer, 8000, 8000)}
    assert rules("egress") == {(endpoints, 443, 443), (s3, 443, 443)}


@pytest.mark.req("R6.4", "R6.5")
def test_no_rule_names_an_address_range(inference: Json) -> None:
    for direction in ("ingress", "egress"):
        for rule in resources(inference, f"aws_vpc_security_group_{direction}_rule").values():
            assert not {"cidr_ipv4", "cidr_ipv6"} & rule.keys()
            assert rule["description"]
    assert all("ingress" not in group for group in resources(inference, "aws_security_group").values())


@pytest.mark.req("R5.3")
def test_hosts_count_up_to_the_limit_that_the_operator_sets(synthesized: dict[str, Json], tmp_path: Path) -> None:
    stack = synthesized["inference-prod"]
    assert "GATEWAY_RATE_LIMIT_PER_MINUTE=${var.rate_limit_per_minute}" in str(stack["locals"])
    gateway = read_env_file(run_boot_script(evaluated_boot_script(stack), tmp_path) / "etc/inference/gateway.env")
    assert gateway.rate_limit_per_minute == 100


def test_credentials_are_out_of_the_containers_reach(inference: Json) -> None:
    metadata = only(inference, "aws_launch_template")["metadata_options"]
    assert (metadata["http_tokens"], metadata["http_put_response_hop_limit"]) == ("required", 1)


@pytest.mark.req("R1.2")
def test_volumes_are_encrypted_and_what_a_boot_reads_is_filled_at_the_highest_rate(inference: Json) -> None:
    mappings = only(inference, "aws_launch_template")["block_device_mappings"]
    rates = {mapping["device_name"]: mapping["ebs"].get("volume_initialization_rate") for mapping in mappings}
    assert rates == {"/dev/xvda": None, "/dev/sdf": 300}
    volumes = [mapping["ebs"] for mapping in mappings]
    assert all(volume["encrypted"] == "true" and volume["volume_type"] == "gp3" for volume in volumes)


def test_hosts_may_do_nothing_but_log_publish_and_be_reached(inference: Json) -> None:
    (role,) = [name for name, role in resources(inference, "aws_iam_role").items() if role["name"].endswith("-host")]
    (policy,) = [
        json.loads(policy["policy"])
        for policy in resources(inference, "aws_iam_role_policy").values()
        if references(policy["role"]) == {f"aws_iam_role.{role}"}
    ]
    allowed = {statement["Sid"]: statement for statement in policy["Statement"]}
    log = named(inference, "aws_cloudwatch_log_group", "/gateway")[0]
    assert allowed.keys() == {"WriteOwnLog", "PublishOwnMetrics", "RegisterWithSessionManager", "TalkToSessionManager"}
    assert allowed["WriteOwnLog"]["Resource"] == f"${{{log}.arn}}:*"
    assert allowed["PublishOwnMetrics"]["Condition"] == {
        "StringEquals": {"cloudwatch:namespace": gpu_metrics.NAMESPACE}
    }
    # IAM knows no resources for these: https://docs.aws.amazon.com/service-authorization/latest/reference/
    anywhere = [sid for sid, statement in allowed.items() if statement["Resource"] == "*"]
    assert anywhere == ["PublishOwnMetrics", "TalkToSessionManager"]
    assert not resources(inference, "aws_iam_role_policy_attachment")


@pytest.mark.req("R2.4")
def test_production_refuses_to_be_destroyed(synthesized: dict[str, Json]) -> None:
    for environment in ENVIRONMENTS:
        stack = synthesized[environment.prefix]
        assert only(stack, "aws_lb")["enable_deletion_protection"] is environment.deletion_protection
        assert only(stack, "aws_autoscaling_group")["lifecycle"]["prevent_destroy"] is environment.deletion_protection
