"""A stack of the API and what it stands on, synthesized with the values that a test gives."""

import cdktf

from inference_constructs.api.api import RateLimitedApi
from inference_constructs.api.endpoint import ApiEndpoint
from inference_constructs.fleet.fleet import GpuFleet
from inference_constructs.foundation.account import Account
from inference_constructs.foundation.domain import Domain
from inference_constructs.foundation.encryption import EncryptionKey
from inference_constructs.network.vpc import VpcConstruct
from stacks.environments import DEV
from stacks.hosts import host_settings
from stacks.variables import ServiceVariables
from support.stack_json import Json, parse, references, resources


def synthesize_api(*, domain: Domain | None = None, allowed_origins: tuple[str, ...] = ("https://a.example",)) -> Json:
    """Return the JSON of a stack with an API."""
    stack = cdktf.TerraformStack(cdktf.Testing.app(), "api")
    prefix, variables = DEV.prefix, ServiceVariables(stack, DEV)
    account = Account(stack, "Account", region=DEV.region, tags={})
    key = EncryptionKey(stack, "Key", prefix=prefix, account=account)
    vpc = VpcConstruct(
        stack,
        "Vpc",
        prefix=prefix,
        account=account,
        key=key,
        cidr=DEV.vpc_cidr,
        zone_count=2,
        instance_type=DEV.instance_type,
        interface_endpoints=["logs"],
    )
    fleet = GpuFleet(
        stack,
        "Fleet",
        prefix=prefix,
        environment=DEV.name,
        account=account,
        key=key,
        vpc=vpc,
        hosts=host_settings(DEV),
        min_instances=variables.min_instances,
        max_instances=variables.max_instances,
        request_timeout_seconds=variables.request_timeout_seconds,
        rate_limit_per_minute=variables.rate_limit_per_minute,
    )
    RateLimitedApi(
        stack,
        "Api",
        prefix=prefix,
        account=account,
        key=key,
        vpc=vpc,
        fleet=fleet,
        endpoint=ApiEndpoint(stack, "ApiEndpoint", prefix=prefix, account=account, domain=domain),
        require_api_key=variables.require_api_key,
        authorizer_concurrency=variables.authorizer_concurrency,
        request_timeout_seconds=variables.request_timeout_seconds,
        rate_limit_per_minute=variables.rate_limit_per_minute,
        allowed_origins=allowed_origins,
    )
    return parse(cdktf.Testing.synth(stack))


def path_of(stack: Json, resource_id: str) -> str:
    """The path that a reference to a resource stands for."""
    if "root_resource_id" in resource_id:
        return ""
    (address,) = references(resource_id)
    resource = resources(stack, "aws_api_gateway_resource")[address.split(".")[1]]
    return f"{path_of(stack, resource['parent_id'])}/{resource['path_part']}"
