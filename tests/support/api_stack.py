"""A stack of the API and what it stands on, synthesized with the values that a test gives."""

import cdktf

from inference_constructs.api.api import RateLimitedApi
from inference_constructs.api.endpoint import ApiEndpoint
from inference_constructs.fleet.fleet import GpuFleet
from inference_constructs.foundation.domain import Domain
from inference_constructs.foundation.encryption import create_encrypted_home
from inference_constructs.network.vpc import VpcConstruct
from stacks.environments import DEV
from stacks.settings import host_settings, network_settings
from stacks.variables import ServiceVariables
from support.stack_json import Json, parse, references, resources


def synthesize_api(*, domain: Domain | None = None, allowed_origins: tuple[str, ...] = ("https://a.example",)) -> Json:
    """Return the JSON of a stack with an API."""
    stack = cdktf.TerraformStack(cdktf.Testing.app(), "api")
    variables = ServiceVariables(stack, DEV)
    home = create_encrypted_home(stack, prefix=DEV.prefix, region=DEV.region, tags={})
    vpc = VpcConstruct(stack, "Vpc", home=home, network=network_settings(DEV))
    RateLimitedApi(
        stack,
        "Api",
        home=home,
        vpc=vpc,
        fleet=GpuFleet(stack, "Fleet", home=home, vpc=vpc, hosts=host_settings(DEV), variables=variables),
        endpoint=ApiEndpoint(stack, "ApiEndpoint", home=home, domain=domain),
        allowed_origins=allowed_origins,
        variables=variables,
    )
    return parse(cdktf.Testing.synth(stack))


def path_of(stack: Json, resource_id: str) -> str:
    """The path that a reference to a resource stands for."""
    if "root_resource_id" in resource_id:
        return ""
    (address,) = references(resource_id)
    resource = resources(stack, "aws_api_gateway_resource")[address.split(".")[1]]
    return f"{path_of(stack, resource['parent_id'])}/{resource['path_part']}"
