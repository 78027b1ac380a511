"""Preflight against stand-ins of AWS: moto, and botocore's stubber for the GPU quota, which moto does not know."""

# boto3 has no types of its own
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber
from moto import mock_aws

from inference_constructs.foundation.domain import Domain
from ops.deployment import account_checks
from ops.deployment.account_checks import SCALING_ROLE, Status
from stacks.environments import REGION, Environment
from support.paths import ROOT

TRIAL = Environment(name="trial", vpc_cidr="10.0.0.0/20", instance_type="g5.xlarge", max_instances=3)
"""3 hosts of 4 vCPUs."""


def client(service: str) -> Any:
    return boto3.client(service, region_name=REGION)


@pytest.fixture(autouse=True)
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An empty account."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    with mock_aws():
        yield


def gpu_quota(vcpus: float, code: str = "L-DB2E81BA") -> Any:
    """A client of Service Quotas that answers with this GPU quota."""
    quotas = client("service-quotas")
    stubber = Stubber(quotas)
    expected = {"ServiceCode": "ec2", "QuotaCode": code}
    stubber.add_response("get_service_quota", {"Quota": {"Value": vcpus}}, expected)
    stubber.activate()
    return quotas


def run_host(ec2: Any, instance_type: str, name: str, **options: Any) -> None:
    image = ec2.describe_images()["Images"][0]["ImageId"]
    tags = [{"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": name}]}]
    ec2.run_instances(
        ImageId=image,
        InstanceType=instance_type,
        MinCount=1,
        MaxCount=1,
        TagSpecifications=tags,
        SubnetId=subnet(ec2),
        **options,
    )


def subnet(ec2: Any) -> str:
    return ec2.describe_subnets()["Subnets"][0]["SubnetId"]


@pytest.mark.req("R3.4")
@pytest.mark.parametrize(("vcpus", "status"), [(11, Status.TO_DO), (12, Status.OK)])
def test_the_gpu_quota_must_hold_the_maximum_of_hosts(vcpus: float, status: Status) -> None:
    assert account_checks.check_gpu_quota(gpu_quota(vcpus), client("ec2"), TRIAL).status is status


def test_what_else_runs_in_the_account_counts_against_the_gpu_quota() -> None:
    ec2 = client("ec2")
    run_host(ec2, "g4dn.xlarge", "something-else")
    finding = account_checks.check_gpu_quota(gpu_quota(15), ec2, TRIAL)
    assert finding.status is Status.TO_DO
    assert "--desired-value 28" in finding.detail


def test_the_environments_own_hosts_do_not_count_twice() -> None:
    ec2 = client("ec2")
    run_host(ec2, "g5.xlarge", "inference-trial-hosts")
    assert account_checks.check_gpu_quota(gpu_quota(12), ec2, TRIAL).status is Status.OK


def test_hosts_that_are_no_gpu_hosts_do_not_count() -> None:
    ec2 = client("ec2")
    run_host(ec2, "m5.xlarge", "something-else")
    assert account_checks.used_vcpus(ec2, TRIAL, spot=False) == 0


SPOT = replace(TRIAL, spot_above_minimum=True)
"""1 host on demand, 2 on spot."""


@pytest.mark.req("R3.3")
@pytest.mark.parametrize(("vcpus", "status"), [(3, Status.TO_DO), (4, Status.OK)])
def test_the_on_demand_quota_must_hold_the_minimum_where_the_rest_is_spot(vcpus: float, status: Status) -> None:
    assert account_checks.check_gpu_quota(gpu_quota(vcpus), client("ec2"), SPOT).status is status


@pytest.mark.req("R3.4")
@pytest.mark.parametrize(("vcpus", "status"), [(7, Status.TO_DO), (8, Status.OK)])
def test_the_spot_quota_must_hold_the_hosts_above_the_minimum(vcpus: float, status: Status) -> None:
    assert account_checks.check_spot_quota(gpu_quota(vcpus, "L-3819A6DF"), client("ec2"), SPOT).status is status


def test_spot_and_on_demand_hosts_count_against_their_own_quota() -> None:
    ec2 = client("ec2")
    run_host(ec2, "g4dn.xlarge", "on demand")
    run_host(ec2, "g4dn.2xlarge", "spot", InstanceMarketOptions={"MarketType": "spot"})
    assert [account_checks.used_vcpus(ec2, TRIAL, spot=spot) for spot in (False, True)] == [4, 8]


def test_no_spot_quota_is_needed_where_every_host_is_on_demand() -> None:
    assert account_checks.check_spot_quota(None, None, TRIAL).status is Status.OK


def initialization_finding(quotas_of_ebs: list[dict[str, Any]], max_instances: int) -> account_checks.Finding:
    quotas = client("service-quotas")
    environment = Environment(name="trial", vpc_cidr="10.0.0.0/20", max_instances=max_instances)
    with Stubber(quotas) as stubber:
        stubber.add_response("list_service_quotas", {"Quotas": quotas_of_ebs}, {"ServiceCode": "ebs"})
        return account_checks.check_initialization_quota(quotas, environment)


@pytest.mark.req("R1.2")
@pytest.mark.parametrize(("hosts", "status"), [(16, Status.OK), (17, Status.TO_DO)])
def test_as_many_hosts_start_at_once_as_ebs_fills_volumes(hosts: int, status: Status) -> None:
    assert initialization_finding([{"QuotaName": "Snapshots", "Value": 1.0}], hosts).status is status


def test_a_quota_for_filling_volumes_that_was_raised_counts() -> None:
    raised: dict[str, Any] = {"QuotaName": "Volume initialization rate", "Value": 10_000.0}
    assert initialization_finding([raised], 17).status is Status.OK


@pytest.mark.parametrize(("grantee", "status"), [(None, Status.TO_DO), (SCALING_ROLE, Status.OK)])
def test_a_default_key_of_the_account_must_let_auto_scaling_use_it(grantee: str | None, status: Status) -> None:
    ec2, kms = client("ec2"), client("kms")
    key = kms.create_key()["KeyMetadata"]["Arn"]
    if grantee:
        kms.create_grant(
            KeyId=key, GranteePrincipal=f"arn:aws:iam::123456789012:role/{grantee}", Operations=["Decrypt"]
        )
    with Stubber(ec2) as stubber:
        stubber.add_response("get_ebs_default_kms_key_id", {"KmsKeyId": key})
        assert account_checks.check_volume_key(ec2, kms).status is status


def test_the_default_key_of_aws_is_open_to_auto_scaling() -> None:
    ec2 = client("ec2")
    with Stubber(ec2) as stubber:
        stubber.add_response("get_ebs_default_kms_key_id", {"KmsKeyId": "alias/aws/ebs"})
        assert account_checks.check_volume_key(ec2, client("kms")).status is Status.OK


def test_a_full_vpc_quota_is_found() -> None:
    ec2, quotas = client("ec2"), client("service-quotas")
    assert account_checks.check_vpc_quota(quotas, ec2, TRIAL).status is Status.OK
    for number in range(4):
        ec2.create_vpc(CidrBlock=f"10.{number}.0.0/16")
    assert account_checks.check_vpc_quota(quotas, ec2, TRIAL).status is Status.TO_DO


@pytest.mark.req("R6.1", "R1.3")
def test_a_type_that_no_zone_offers_is_found() -> None:
    ec2 = client("ec2")
    unknown = Environment(name="trial", vpc_cidr="10.0.0.0/20", instance_type="g5.none", max_instances=1)
    assert account_checks.check_zones(ec2, TRIAL).status is Status.OK
    assert account_checks.check_zones(ec2, unknown).status is Status.TO_DO


def put_image(value: str, version: str) -> None:
    name = f"/imagebuilder/inference/{TRIAL.model}/{version}/g5/ami-id"
    client("ssm").put_parameter(Name=name, Value=value, Type="String")


def own_image(**tags: str) -> str:
    ec2 = client("ec2")
    run_host(ec2, "m5.xlarge", "builder")
    (reservation, *_) = ec2.describe_instances()["Reservations"]
    image = ec2.create_image(InstanceId=reservation["Instances"][0]["InstanceId"], Name="-".join(tags.values()))[
        "ImageId"
    ]
    ec2.create_tags(Resources=[image], Tags=[{"Key": name, "Value": value} for name, value in tags.items()])
    return image


@pytest.mark.parametrize(("unreserved", "status"), [(10, Status.TO_DO), (119, Status.TO_DO), (120, Status.OK)])
def test_what_the_authorizer_reserves_must_leave_100(unreserved: int, status: Status) -> None:
    functions = client("lambda")
    stubber = Stubber(functions)
    stubber.add_client_error("get_function_concurrency", "ResourceNotFoundException")
    stubber.add_response("get_account_settings", {"AccountLimit": {"UnreservedConcurrentExecutions": unreserved}})
    stubber.activate()
    environment = Environment(name="trial", vpc_cidr="10.0.0.0/20", max_instances=1, authorizer_concurrency=20)
    assert account_checks.check_authorizer_concurrency(functions, environment).status is status


def image_finding(version: str | None) -> account_checks.Finding:
    environment = Environment(name="trial", vpc_cidr="10.0.0.0/20", max_instances=1, image_version=version)
    return account_checks.check_image(client("ssm"), client("ec2"), environment)


def test_an_image_that_was_not_built_yet_is_left_to_deploy() -> None:
    assert image_finding(None).status is Status.DEPLOY_MAKES_IT


def test_a_version_that_an_environment_is_held_at_must_exist() -> None:
    assert image_finding("1.0.1").status is Status.TO_DO


def test_the_image_must_be_available() -> None:
    put_image("ami-00000000000000000", "1.0.1")
    assert image_finding("1.0.1").status is Status.TO_DO
    put_image(client("ec2").describe_images()["Images"][0]["ImageId"], "1.0.2")
    assert image_finding("1.0.2").status is Status.TO_DO
    put_image(own_image(Model=TRIAL.model, Version="1.0.3", Family="g4dn"), "1.0.3")
    assert image_finding("1.0.3").status is Status.TO_DO
    put_image(own_image(Model="another", Version="1.0.4", Family="g5"), "1.0.4")
    assert image_finding("1.0.4").status is Status.TO_DO
    put_image(own_image(Model=TRIAL.model, Version="1.0.5", Family="g5"), "1.0.5")
    assert image_finding("1.0.5").status is Status.OK


@pytest.mark.req("R2.5")
def test_state_is_left_to_deploy_until_it_is_there() -> None:
    account = client("sts").get_caller_identity()["Account"]
    s3 = client("s3")
    assert account_checks.check_state(s3, account).status is Status.DEPLOY_MAKES_IT
    s3.create_bucket(Bucket=f"tofu-state-{account}-{REGION}")
    assert account_checks.check_state(s3, account).status is Status.OK


def certificate_finding(arn: str, domain: str) -> account_checks.Finding:
    return account_checks.check_certificate(client("acm"), "certificate", Domain(name=domain, certificate_arn=arn))


def requested_certificate() -> str:
    return client("acm").request_certificate(DomainName="*.example.com", ValidationMethod="DNS")["CertificateArn"]


def test_a_certificate_must_be_for_the_domain(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("moto.settings.ACM_VALIDATION_WAIT", -1)
    arn = requested_certificate()
    assert certificate_finding(arn, "api.example.com").status is Status.OK
    assert "not for api.example.org" in certificate_finding(arn, "api.example.org").detail


def test_a_certificate_must_be_there_and_issued() -> None:
    arn = requested_certificate()
    assert "is PENDING_VALIDATION" in certificate_finding(arn, "api.example.com").detail
    absent = certificate_finding(arn[:-12] + "0" * 12, "api.example.com")
    assert (absent.status, absent.detail.endswith("does not exist")) == (Status.TO_DO, True)


def test_what_aws_refuses_is_a_finding() -> None:
    denied = client("ec2")
    stubber = Stubber(denied)
    stubber.add_client_error("describe_regions", "UnauthorizedOperation", "no")
    stubber.activate()
    finding = account_checks.guarded("region", lambda: account_checks.check_region(denied, REGION))
    assert finding == account_checks.Finding("region", Status.TO_DO, "DescribeRegions: UnauthorizedOperation: no")


def test_without_credentials_it_says_so_and_fails() -> None:
    environ = {"PATH": os.environ["PATH"], "AWS_EC2_METADATA_DISABLED": "true", "COLUMNS": "200"}
    command = [sys.executable, "-m", "ops.preflight", "dev"]
    done = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True)
    assert (done.returncode, len(done.stderr.splitlines())) == (1, 1)
    assert "set AWS_PROFILE" in done.stdout
