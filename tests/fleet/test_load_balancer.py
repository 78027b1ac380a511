"""The load balancer before the hosts: where it is, what it speaks, how it judges health."""

import re

import pytest

from support.stack_json import Json, only, references, resources, subnets


@pytest.mark.req("R6.3")
def test_load_balancer_is_in_the_public_subnets_without_a_public_address(inference: Json) -> None:
    balancer = only(inference, "aws_lb")
    assert references(balancer["subnets"]) == {f"aws_subnet.{name}" for name in subnets(inference, "public")}
    assert balancer["internal"] is True


@pytest.mark.req("R6.5")
def test_only_listener_is_https_on_443(inference: Json) -> None:
    listener = only(inference, "aws_lb_listener")
    assert (listener["port"], listener["protocol"]) == (443, "HTTPS")
    assert listener["ssl_policy"].startswith("ELBSecurityPolicy-TLS13-1-2-")


@pytest.mark.req("R7.4")
def test_health_is_checked_every_30_seconds(inference: Json) -> None:
    check = only(inference, "aws_lb_target_group")["health_check"]
    assert (check["path"], check["matcher"], check["interval"]) == ("/health", "200", 30)
    assert check["unhealthy_threshold"] == 2


def test_private_certificate_is_one_that_api_gateway_accepts(inference: Json) -> None:
    root, leaf = only(inference, "tls_self_signed_cert"), only(inference, "tls_locally_signed_cert")
    assert root["is_ca_certificate"] is True
    assert "cert_signing" in root["allowed_uses"]
    assert "server_auth" in leaf["allowed_uses"]
    assert references(only(inference, "aws_acm_certificate")["certificate_chain"]) == {
        f"tls_self_signed_cert.{next(iter(resources(inference, 'tls_self_signed_cert')))}"
    }


def test_a_replacement_in_load_balancing_has_a_name_of_its_own(inference: Json) -> None:
    for kind in ("aws_lb", "aws_lb_target_group"):
        assert "name" not in only(inference, kind)
        assert 1 <= len(only(inference, kind)["name_prefix"]) <= 6


def test_another_vpc_replaces_load_balancer_and_group(inference: Json) -> None:
    (vpc,) = resources(inference, "aws_vpc")
    for kind in ("aws_lb", "aws_autoscaling_group"):
        assert only(inference, kind)["lifecycle"]["replace_triggered_by"] == [f"aws_vpc.{vpc}.id"]


def test_access_logs_are_deleted_after_30_days(inference: Json) -> None:
    bucket = references(only(inference, "aws_lb")["access_logs"]["bucket"])
    (rules,) = [
        lifecycle["rule"]
        for lifecycle in resources(inference, "aws_s3_bucket_lifecycle_configuration").values()
        if references(lifecycle["bucket"]) == bucket
    ]
    assert rules[0]["expiration"] == [{"days": 30}]


def test_a_zone_that_would_get_two_subnets_ends_the_plan(inference: Json) -> None:
    balancer = only(inference, "aws_lb")
    (condition,) = balancer["lifecycle"]["precondition"]
    public = references(balancer["subnets"])
    assert set(re.findall(r"aws_subnet\.\w+", condition["condition"])) == public
    assert condition["condition"].endswith(f"])) == {len(public)}}}")
