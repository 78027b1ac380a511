"""Routes of the REST API: those that are forwarded to the hosts, and what everything else gets."""

import json
from dataclasses import dataclass

from cdktf import TerraformVariable, Token
from cdktf_cdktf_provider_aws.api_gateway_authorizer import ApiGatewayAuthorizer
from cdktf_cdktf_provider_aws.api_gateway_integration import ApiGatewayIntegration, ApiGatewayIntegrationTlsConfig
from cdktf_cdktf_provider_aws.api_gateway_integration_response import ApiGatewayIntegrationResponse
from cdktf_cdktf_provider_aws.api_gateway_method import ApiGatewayMethod
from cdktf_cdktf_provider_aws.api_gateway_method_response import ApiGatewayMethodResponse
from cdktf_cdktf_provider_aws.api_gateway_rest_api import ApiGatewayRestApi
from constructs import Construct

from inference_constructs.api.cors import preflight_headers, response_headers
from inference_constructs.api.responses import NO_ROUTE, edge_error
from inference_constructs.api.vpc_link import VpcLink
from inference_constructs.fleet import GpuFleet
from inference_constructs.foundation import timeouts
from inference_constructs.host import API_KEY_ID_HEADER, CLIENT_ADDRESS_HEADER

REMOVED = "'removed'"
"""What a host gets instead of a client's header: an empty value is not allowed."""


@dataclass(frozen=True, kw_only=True)
class KeyCheck:
    """Whether a route needs an API key, and who finds it.

    Attributes:
        required: Whether keys are needed, as the operator decides at apply.
        authorizer: Finds the key in the request's headers.
        always: Whether the authorizer is asked about every request, since it knows office hours too.
    """

    required: TerraformVariable
    authorizer: ApiGatewayAuthorizer
    always: bool = False

    @property
    def authorization(self) -> str:
        """The method's authorization, known at apply."""
        return "CUSTOM" if self.always else f'${{{self.required.fqn} ? "CUSTOM" : "NONE"}}'

    @property
    def authorizer_id(self) -> str:
        """The method's authorizer, known at apply; none where no key is required."""
        return self.authorizer.id if self.always else f"${{{self.required.fqn} ? {self.authorizer.fqn}.id : null}}"

    @property
    def key_id(self) -> str:
        """What the key's id is mapped from, known at apply.

        AWS fills `apiKeyId` in for methods that require a key, so without one it would map nothing, and the client's
        own header might stay.
        https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-mapping-template-reference.html
        """
        return f'${{{self.required.fqn} ? "context.identity.apiKeyId" : "{REMOVED}"}}'


@dataclass(frozen=True, kw_only=True)
class Backend:
    """Where requests are forwarded to.

    Attributes:
        link: The way into the VPC.
        fleet: The hosts and their load balancer.
        request_timeout_seconds: Deadline of a request.
    """

    link: VpcLink
    fleet: GpuFleet
    request_timeout_seconds: TerraformVariable


class ForwardedRoute(Construct):
    """One method that goes to the load balancer unchanged, and whose answer is streamed back as it is made."""

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        rest_api: ApiGatewayRestApi,
        resource_id: str,
        method: str,
        path: str,
        backend: Backend,
        key_check: KeyCheck,
        needs_key: bool,
    ) -> None:
        """Create method and integration.

        Args:
            path: Path from the API's root.
            key_check: How API keys are asked for.
            needs_key: Whether it needs one, where keys are required.
        """
        super().__init__(scope, id)
        asked = needs_key or key_check.always
        allowed = ApiGatewayMethod(
            self,
            "Method",
            rest_api_id=rest_api.id,
            resource_id=resource_id,
            http_method=method,
            authorization=key_check.authorization if asked else "NONE",
            authorizer_id=key_check.authorizer_id if asked else None,
            api_key_required=key_check.required.boolean_value if needs_key else False,
        )
        fleet, deadline = backend.fleet, backend.request_timeout_seconds
        ApiGatewayIntegration(
            self,
            "Integration",
            rest_api_id=rest_api.id,
            resource_id=resource_id,
            http_method=allowed.http_method,
            type="HTTP_PROXY",
            integration_http_method=method,
            # The URI does not route; its host is the Host header and the name on the certificate.
            uri=f"https://{fleet.host_name}{path}",
            connection_type="VPC_LINK",
            connection_id=backend.link.id,
            integration_target=fleet.load_balancer.arn,
            response_transfer_mode="STREAM",
            timeout_milliseconds=Token.as_number(f"${{({timeouts.API_GATEWAY.after(deadline)}) * 1000}}"),
            # Keys stop here. A mapping replaces the client's header, of a proxy integration too; FireProx lives by it:
            # https://github.com/ustayready/fireprox/issues/12. An empty value is not allowed.
            # https://docs.aws.amazon.com/apigateway/latest/developerguide/rest-api-parameter-mapping.html
            request_parameters={
                f"integration.request.header.{header}": value
                for header, value in {
                    "Authorization": REMOVED,
                    "x-api-key": REMOVED,
                    API_KEY_ID_HEADER: key_check.key_id if needs_key else REMOVED,
                    CLIENT_ADDRESS_HEADER: "context.identity.sourceIp",
                    "x-request-id": "context.requestId",
                }.items()
            },
            # A private authority is unknown to API Gateway. It still checks name, expiry and root.
            # https://docs.aws.amazon.com/apigateway/latest/api/API_TlsConfig.html
            tls_config=ApiGatewayIntegrationTlsConfig(insecure_skip_verification=not fleet.certificate.public),
            depends_on=[fleet.listener],
        )


class Fallback(Construct):
    """What a path answers to methods that are not forwarded: preflights of browsers get 204, all others an error.

    API Gateway would answer both by itself, but with 403 and about authentication, and for a request with
    `Authorization: Bearer` it would quote the key in the body.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        rest_api: ApiGatewayRestApi,
        resource_id: str,
        path: str,
        method: str | None,
        origin: str,
    ) -> None:
        """Create an ANY method that API Gateway answers itself.

        Args:
            path: Path from the API's root.
            method: The method that the path has; 404 instead of 405 where it has none.
            origin: Value of Access-Control-Allow-Origin.
        """
        super().__init__(scope, id)
        allow = f"{method}, OPTIONS" if method else "OPTIONS"
        error = edge_error(405, f"{path} takes {method} only.") if method else NO_ROUTE
        headers = {"Allow": allow, **response_headers(origin), **preflight_headers(allow)}
        any_method = ApiGatewayMethod(
            self,
            "Method",
            rest_api_id=rest_api.id,
            resource_id=resource_id,
            http_method="ANY",
            authorization="NONE",
        )
        integration = ApiGatewayIntegration(
            self,
            "Integration",
            rest_api_id=rest_api.id,
            resource_id=resource_id,
            http_method=any_method.http_method,
            type="MOCK",
            # A body of another type would be taken for the template and end in a 500: it gets 415.
            passthrough_behavior="NEVER",
            request_templates={"application/json": json.dumps({"statusCode": error.status})},
        )
        response = ApiGatewayMethodResponse(
            self,
            "MethodResponse",
            rest_api_id=rest_api.id,
            resource_id=resource_id,
            http_method=any_method.http_method,
            status_code=str(error.status),
            response_parameters={f"method.response.header.{header}": True for header in headers},
        )
        ApiGatewayIntegrationResponse(
            self,
            "IntegrationResponse",
            rest_api_id=rest_api.id,
            resource_id=resource_id,
            http_method=any_method.http_method,
            status_code=response.status_code,
            response_parameters={f"method.response.header.{header}": f"'{value}'" for header, value in headers.items()},
            response_templates={"application/json": _unless_preflight(error.body)},
            depends_on=[integration],
        )


def _unless_preflight(body: str) -> str:
    """Return a mapping template that answers a preflight with an empty 204, and anything else with `body`.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-override-request-response-parameters.html
    """
    return f'#if($context.httpMethod == "OPTIONS")\n#set($context.responseOverride.status = 204)\n#else\n{body}\n#end'
