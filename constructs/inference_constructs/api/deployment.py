"""Puts an API's configuration live, again whenever any part of it changes."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import cast

from cdktf import (
    DefaultTokenResolver,
    ITokenResolver,
    StringConcat,
    TerraformResource,
    TerraformResourceLifecycle,
    TerraformStack,
    Tokenization,
)
from cdktf_cdktf_provider_aws.api_gateway_authorizer import ApiGatewayAuthorizer
from cdktf_cdktf_provider_aws.api_gateway_deployment import ApiGatewayDeployment
from cdktf_cdktf_provider_aws.api_gateway_gateway_response import ApiGatewayGatewayResponse
from cdktf_cdktf_provider_aws.api_gateway_integration import ApiGatewayIntegration
from cdktf_cdktf_provider_aws.api_gateway_integration_response import ApiGatewayIntegrationResponse
from cdktf_cdktf_provider_aws.api_gateway_method import ApiGatewayMethod
from cdktf_cdktf_provider_aws.api_gateway_method_response import ApiGatewayMethodResponse
from cdktf_cdktf_provider_aws.api_gateway_resource import ApiGatewayResource
from cdktf_cdktf_provider_aws.api_gateway_rest_api import ApiGatewayRestApi
from constructs import Construct

DEPLOYED = (
    ApiGatewayResource,
    ApiGatewayMethod,
    ApiGatewayIntegration,
    ApiGatewayMethodResponse,
    ApiGatewayIntegrationResponse,
    ApiGatewayGatewayResponse,
    ApiGatewayAuthorizer,
)
"""What a deployment takes a copy of; changes go live with the next deployment only.

https://docs.aws.amazon.com/apigateway/latest/developerguide/how-to-deploy-api.html
"""


def deployment(
    scope: Construct, id: str, *, rest_api: ApiGatewayRestApi, values: Mapping[str, str]
) -> ApiGatewayDeployment:
    """Deploy all that is below `scope` so far.

    Args:
        scope: Construct that holds the API's routes and responses.
        values: Every expression in the configuration whose value may change between two applies of one synthesis. Each
            is a trigger of its own, so that a plan says what makes it deploy.
    """
    parts = [node for node in scope.node.find_all() if isinstance(node, DEPLOYED)]
    return ApiGatewayDeployment(
        scope,
        id,
        rest_api_id=rest_api.id,
        triggers={"configuration": _digest(scope, [rest_api, *parts]), **values},
        depends_on=parts,
        lifecycle=TerraformResourceLifecycle(create_before_destroy=True),
    )


def _digest(scope: Construct, parts: Sequence[TerraformResource]) -> str:
    """Return a hash of the JSON that these resources synthesize to."""
    # cdktf names the parameters of this class otherwise than those of the interface that it implements.
    resolver = cast(ITokenResolver, DefaultTokenResolver(StringConcat()))
    stack = TerraformStack.of(scope)
    synthesized = [
        Tokenization.resolve(part.to_terraform(), resolver=resolver, scope=stack, preparing=False) for part in parts
    ]
    return hashlib.sha256(json.dumps(synthesized, sort_keys=True).encode()).hexdigest()
