"""What an AWS account still lacks before an environment can be deployed to it. The checks only read."""

# boto3 has no types of its own
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false
import json
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from inference_constructs.fleet import group_name, spot_types
from inference_constructs.foundation import CLOUDFRONT_REGION, Domain
from inference_constructs.host import (
    INITIALIZATION_MIB_PER_SECOND,
    INSTANCE_TYPES,
    ami_parameter,
    image_tags,
)
from ops.deployment.tofu import tofu_path
from stacks.environments import REGION, Environment
from stacks.image_version import built_version
from stacks.state_names import LOCK_TABLE, state_bucket_name

CONCURRENCY_QUOTA = "L-B99A9384"
UNRESERVED = 100
"""The part of an account's Lambda concurrency that AWS keeps for functions without a share of their own."""

GPU_QUOTA = "L-DB2E81BA"
"""Running On-Demand G and VT instances, in vCPUs. https://docs.aws.amazon.com/ec2/latest/instancetypes/ec2-instance-quotas.html"""

SPOT_QUOTA = "L-3819A6DF"
"""All G and VT Spot Instance Requests, in vCPUs; 0 in a new account.

https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/using-spot-limits.html
"""

VPC_QUOTA = "L-F678F1CE"
"""VPCs in a region. https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html"""

INITIALIZATION_QUOTA_MIBPS = 5_000
"""Rate at which EBS fills all new volumes of a region at once by default, where Service Quotas names no quota for it.

https://docs.aws.amazon.com/ebs/latest/userguide/initalize-volume.html#consistent-rate-quota
"""

SCALING_ROLE = "AWSServiceRoleForAutoScaling"

OLDEST_TOFU = (1, 10)


class Status(StrEnum):
    """How a check ended."""

    OK = "[green]ok[/]"
    DEPLOY_MAKES_IT = "[yellow]deploy makes it[/]"
    TO_DO = "[bold red]to do[/]"


@dataclass(frozen=True)
class Finding:
    """What a check found, and what to do about it."""

    name: str
    status: Status
    detail: str


def ok(name: str, detail: str) -> Finding:
    """Return a finding about which there is nothing to do."""
    return Finding(name, Status.OK, detail)


def to_do(name: str, detail: str) -> Finding:
    """Return a finding that stands in the way of a deployment."""
    return Finding(name, Status.TO_DO, detail)


def check_tofu() -> Finding:
    """OpenTofu is there, and new enough."""
    path = tofu_path()
    if path is None:
        return to_do("OpenTofu", "install it: https://opentofu.org/docs/intro/install/")
    done = subprocess.run([path, "version", "-json"], capture_output=True, text=True, check=False)
    if done.returncode:
        return to_do("OpenTofu", f"{path} fails: {done.stderr.strip()}")
    version = json.loads(done.stdout)["terraform_version"]
    if tuple(int(part) for part in version.split(".")[:2]) < OLDEST_TOFU:
        return to_do("OpenTofu", f"{path} is version {version}; 1.10 or newer is needed")
    return ok("OpenTofu", f"{path} {version}")


def check_region(ec2: Any, region: str) -> Finding:
    """The region is enabled in this account."""
    (found,) = ec2.describe_regions(RegionNames=[region], AllRegions=True)["Regions"]
    if found["OptInStatus"] == "not-opted-in":
        return to_do("region", f"{region} is not enabled: aws account enable-region --region-name {region}")
    return ok("region", region)


def used_vcpus(ec2: Any, environment: Environment, *, spot: bool) -> int:
    """Return the vCPUs of G and VT instances, spot or on demand, that run for something else than this environment."""
    running = {"Name": "instance-state-name", "Values": ["pending", "running"]}
    pages = ec2.get_paginator("describe_instances").paginate(Filters=[running])
    types = Counter(
        instance["InstanceType"]
        for page in pages
        for reservation in page["Reservations"]
        for instance in reservation["Instances"]
        if instance["InstanceType"].startswith(("g", "vt"))
        and (instance.get("InstanceLifecycle") == "spot") is spot
        and {"Key": "Name", "Value": group_name(environment.prefix)} not in instance.get("Tags", [])
    )
    described = ec2.describe_instance_types(InstanceTypes=list(types))["InstanceTypes"] if types else []
    return sum(types[kind["InstanceType"]] * kind["VCpuInfo"]["DefaultVCpus"] for kind in described)


def check_gpu_quota(quotas: Any, ec2: Any, environment: Environment) -> Finding:
    """The account may run the environment's maximum of on-demand hosts; a rollout wants up to twice as many."""
    hosts = environment.min_instances if environment.spot_above_minimum else environment.max_instances
    return _check_vcpus("GPU quota", GPU_QUOTA, hosts, quotas, ec2, environment)


def check_spot_quota(quotas: Any, ec2: Any, environment: Environment) -> Finding:
    """The account may run the environment's maximum of spot hosts, if all have the environment's own type."""
    if not environment.spot_above_minimum:
        return ok("GPU spot quota", "none: every host is on demand")
    hosts = environment.max_instances - environment.min_instances
    found = _check_vcpus("GPU spot quota", SPOT_QUOTA, hosts, quotas, ec2, environment)
    largest = INSTANCE_TYPES[spot_types(environment.instance_type)[-1]].vcpus
    return replace(found, detail=f"up to {hosts * largest} vCPUs where EC2 has larger types only; {found.detail}")


def _check_vcpus(name: str, code: str, hosts: int, quotas: Any, ec2: Any, environment: Environment) -> Finding:
    quota = int(quotas.get_service_quota(ServiceCode="ec2", QuotaCode=code)["Quota"]["Value"])
    used = used_vcpus(ec2, environment, spot=code == SPOT_QUOTA)
    need = hosts * INSTANCE_TYPES[environment.instance_type].vcpus
    detail = f"{quota} vCPUs, {used} of them in use elsewhere; {need} needed, {2 * need} during a rollout"
    if quota - used < need:
        ask = f"aws service-quotas request-service-quota-increase --service-code ec2 --quota-code {code}"
        return to_do(name, f"{detail}: {ask} --desired-value {used + 2 * need} --region {environment.region}")
    return ok(name, detail)


def check_initialization_quota(quotas: Any, environment: Environment) -> Finding:
    """EBS may fill the data volumes of as many hosts as can start at once."""
    pages = quotas.get_paginator("list_service_quotas").paginate(ServiceCode="ebs")
    # its code is in no document: it is found by its name
    named = [quota for page in pages for quota in page["Quotas"] if "initialization" in quota["QuotaName"].lower()]
    quota = int(named[0]["Value"]) if named else INITIALIZATION_QUOTA_MIBPS
    need = environment.max_instances * INITIALIZATION_MIB_PER_SECOND
    detail = f"{quota} MiB/s; {need} needed where {environment.max_instances} hosts start at once"
    if quota < need:
        return to_do(
            "EBS initialization", f"{detail}: ask for more in the console of Service Quotas, or lower max_instances"
        )
    return ok("EBS initialization", detail)


def check_vpc_quota(quotas: Any, ec2: Any, environment: Environment) -> Finding:
    """There is room for one more VPC, or the environment's own is there."""
    name = "VPC quota"
    quota = int(quotas.get_service_quota(ServiceCode="vpc", QuotaCode=VPC_QUOTA)["Quota"]["Value"])
    vpcs = [vpc for page in ec2.get_paginator("describe_vpcs").paginate() for vpc in page["Vpcs"]]
    own = any({"Key": "Name", "Value": environment.prefix} in vpc.get("Tags", []) for vpc in vpcs)
    detail = f"{len(vpcs)} of {quota} VPCs in use"
    if not own and len(vpcs) >= quota:
        ask = f"aws service-quotas request-service-quota-increase --service-code vpc --quota-code {VPC_QUOTA}"
        return to_do(name, f"{detail}: {ask} --desired-value {quota + 1} --region {environment.region}")
    return ok(name, detail)


def check_zones(ec2: Any, environment: Environment) -> Finding:
    """Enough zones offer the instance type."""
    filters = [{"Name": "instance-type", "Values": [environment.instance_type]}]
    pages = ec2.get_paginator("describe_instance_type_offerings").paginate(
        LocationType="availability-zone", Filters=filters
    )
    zones = sorted(offering["Location"] for page in pages for offering in page["InstanceTypeOfferings"])
    detail = f"{environment.instance_type} is offered in {', '.join(zones) or 'no zone'}"
    if not zones:
        return to_do("zones", f"{detail} of {environment.region}: choose another instance_type or region")
    if len(zones) < environment.zone_count:
        return ok("zones", f"{detail}; {environment.zone_count} are used, hosts run only where it is offered")
    return ok("zones", detail)


def check_image(ssm: Any, ec2: Any, environment: Environment) -> Finding:
    """The machine image of this source tree is there."""
    name = "machine image"
    version = environment.image_version or built_version(environment.engine)
    parameter = ami_parameter(version, environment.engine)
    try:
        ami = ssm.get_parameter(Name=parameter)["Parameter"]["Value"]
    except ssm.exceptions.ParameterNotFound:
        if environment.image_version:
            return to_do(name, f"version {version} was never built: there is no {parameter}; correct image_version")
        return Finding(name, Status.DEPLOY_MAKES_IT, f"version {version}; takes 60 to 120 minutes (estimate)")
    tags = image_tags(version, environment.engine)
    wanted = {"image-id": ami, "state": "available"} | {f"tag:{tag}": value for tag, value in tags.items()}
    filters = [{"Name": key, "Values": [value]} for key, value in wanted.items()]
    if not ec2.describe_images(Owners=["self"], Filters=filters)["Images"]:
        return to_do(
            name,
            f"{parameter} names {ami}, which is no available image of this account with the tags "
            f"{', '.join(f'{tag}={value}' for tag, value in tags.items())}: find out who wrote the parameter; to build "
            "anew, delete it, then deploy",
        )
    return ok(name, f"version {version}, {ami}")


def check_volume_key(ec2: Any, kms: Any) -> Finding:
    """Auto Scaling may use AWS's own key for volumes, and a key of the account only where that one lets it.

    https://docs.aws.amazon.com/autoscaling/ec2/userguide/key-policy-requirements-EBS-encryption.html
    """
    name, key = "EBS key", ec2.get_ebs_default_kms_key_id()["KmsKeyId"]
    if key.endswith("alias/aws/ebs") or kms.describe_key(KeyId=key)["KeyMetadata"]["KeyManager"] == "AWS":
        return ok(name, "AWS's own")
    policy = kms.get_key_policy(KeyId=key, PolicyName="default")["Policy"]
    grants = [grant for page in kms.get_paginator("list_grants").paginate(KeyId=key) for grant in page["Grants"]]
    if any(SCALING_ROLE in each for each in (policy, *(grant["GranteePrincipal"] for grant in grants))):
        return ok(name, f"{key}, which {SCALING_ROLE} may use")
    return to_do(
        name,
        f"volumes are encrypted with {key}, and hosts end as they launch unless {SCALING_ROLE} may use it: "
        "https://docs.aws.amazon.com/autoscaling/ec2/userguide/key-policy-requirements-EBS-encryption.html",
    )


def check_authorizer_concurrency(functions: Any, environment: Environment) -> Finding:
    """AWS keeps 100 of an account's Lambda concurrency unreserved, and a new account may have ten."""
    name, reserved = "Lambda concurrency", environment.authorizer_concurrency
    if reserved < 0:
        return ok(name, "none is reserved")
    try:
        given = functions.get_function_concurrency(FunctionName=f"{environment.prefix}-authorizer")
        missing = reserved - given.get("ReservedConcurrentExecutions", 0)
    except functions.exceptions.ResourceNotFoundException:
        missing = reserved
    free = functions.get_account_settings()["AccountLimit"]["UnreservedConcurrentExecutions"]
    detail = f"{free} unreserved, {max(missing, 0)} more are to be reserved"
    if missing > 0 and free - missing < UNRESERVED:
        return to_do(
            name,
            f"{detail}, and {UNRESERVED} must stay: request more (quota {CONCURRENCY_QUOTA}), or set "
            "authorizer_concurrency=-1 for this environment",
        )
    return ok(name, detail)


def check_state(s3: Any, account_id: str) -> Finding:
    """The state bucket is there and ours."""
    bucket = state_bucket_name(account_id, REGION)
    try:
        s3.head_bucket(Bucket=bucket, ExpectedBucketOwner=account_id)
    except ClientError as error:
        if error.response["Error"]["Code"] == "404":
            return Finding("state bucket", Status.DEPLOY_MAKES_IT, bucket)
        return to_do(
            "state bucket", f"{bucket} cannot be reached ({error.response['Error']['Code']}): check who owns it"
        )
    return ok("state bucket", bucket)


def check_lock_table(dynamodb: Any) -> Finding:
    """The lock table is there."""
    try:
        dynamodb.describe_table(TableName=LOCK_TABLE)
    except dynamodb.exceptions.ResourceNotFoundException:
        return Finding("lock table", Status.DEPLOY_MAKES_IT, LOCK_TABLE)
    return ok("lock table", LOCK_TABLE)


def check_certificate(acm: Any, name: str, domain: Domain) -> Finding:
    """The certificate of a domain of the owner's own is issued, and is for that domain."""
    arn = domain.certificate_arn
    try:
        certificate = acm.describe_certificate(CertificateArn=arn)["Certificate"]
    except acm.exceptions.ResourceNotFoundException:
        return to_do(name, f"{arn} does not exist")
    if certificate["Status"] != "ISSUED":
        return to_do(name, f"{arn} is {certificate['Status']}: finish its validation in ACM")
    names = {certificate["DomainName"], *certificate.get("SubjectAlternativeNames", [])}
    if not names & {domain.name, f"*.{domain.name.partition('.')[2]}"}:
        return to_do(name, f"{arn} is for {', '.join(sorted(names))}, not for {domain.name}")
    return ok(name, f"{domain.name}, issued")


def guarded(name: str, check: Callable[[], Finding]) -> Finding:
    """Run a check; what AWS refuses is a finding too."""
    try:
        return check()
    except ClientError as error:
        problem = error.response["Error"]
        return to_do(name, f"{error.operation_name}: {problem['Code']}: {problem['Message']}")
    except BotoCoreError as error:
        return to_do(name, str(error))


def findings(environment: Environment) -> Iterator[Finding]:
    """Yield what each check finds; without credentials the first ones only."""
    region = environment.region

    def client(service: str, in_region: str = region) -> Any:
        return boto3.client(service, region_name=in_region)

    yield guarded("OpenTofu", check_tofu)
    try:
        identity = client("sts").get_caller_identity()
    except (ClientError, BotoCoreError) as error:
        yield to_do("credentials", f"{error}: set AWS_PROFILE, or run aws sso login")
        return
    yield ok("credentials", f"account {identity['Account']}, {identity['Arn'].rpartition(':')[2]}")
    ec2, quotas = client("ec2"), client("service-quotas")
    yield guarded("region", lambda: check_region(ec2, region))
    yield guarded("GPU quota", lambda: check_gpu_quota(quotas, ec2, environment))
    yield guarded("GPU spot quota", lambda: check_spot_quota(quotas, ec2, environment))
    yield guarded("EBS initialization", lambda: check_initialization_quota(quotas, environment))
    yield guarded("EBS key", lambda: check_volume_key(ec2, client("kms")))
    yield guarded("VPC quota", lambda: check_vpc_quota(quotas, ec2, environment))
    yield guarded("Lambda concurrency", lambda: check_authorizer_concurrency(client("lambda"), environment))
    yield guarded("zones", lambda: check_zones(ec2, environment))
    yield guarded("machine image", lambda: check_image(client("ssm"), ec2, environment))
    yield guarded("state bucket", lambda: check_state(client("s3", REGION), identity["Account"]))
    yield guarded("lock table", lambda: check_lock_table(client("dynamodb", REGION)))
    for what, domain, in_region, otherwise in (
        ("API", environment.api_domain, region, "the API has a name of AWS"),
        ("load balancer", environment.load_balancer_domain, region, "deploy makes a private authority"),
        ("demo page", environment.site_domain, CLOUDFRONT_REGION, "the page has a name of CloudFront"),
    ):
        name = f"{what}'s certificate"
        if domain is None:
            yield ok(name, f"none: {otherwise}")
        else:
            acm = client("acm", in_region)
            yield guarded(name, lambda n=name, d=domain, a=acm: check_certificate(a, n, d))


def preflight(environment: Environment, console: Console) -> bool:
    """Print a table of all findings, and return whether nothing is left to do."""
    table = Table("check", "result", "detail")
    clear = True
    with console.status("preflight"):
        for finding in findings(environment):
            table.add_row(finding.name, finding.status, escape(finding.detail))
            clear = clear and finding.status is not Status.TO_DO
    console.print(table)
    return clear
