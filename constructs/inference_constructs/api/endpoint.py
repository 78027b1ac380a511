"""The REST API and the URL that it answers at, before it has any route."""

from cdktf_cdktf_provider_aws.api_gateway_domain_name import (
    ApiGatewayDomainName,
    ApiGatewayDomainNameEndpointConfiguration,
)
from cdktf_cdktf_provider_aws.api_gateway_rest_api import ApiGatewayRestApi, ApiGatewayRestApiEndpointConfiguration
from constructs import Construct

from inference_constructs.api.routes import STAGE
from inference_constructs.foundation import Domain, Home


class ApiEndpoint(Construct):
    """A regional REST API without routes, so that what only needs its URL does not depend on what stands behind it.

    Regional, because an edge-optimized endpoint ends a stream that is silent for 30 seconds, a regional one after
    5 minutes. https://docs.aws.amazon.com/apigateway/latest/developerguide/response-transfer-mode.html

    Attributes:
        rest_api: The REST API.
        name: Its name, which is also its `ApiName` in CloudWatch.
        domain: The owner's domain name, if there is one.
        domain_target: Host name to which a DNS record of the owner's domain points; None without one.
        url: Base URL of the API without a trailing slash; `/v1/...` and `/health` follow.
    """

    def __init__(self, scope: Construct, id: str, *, home: Home, domain: Domain | None = None) -> None:
        """Create the API.

        Args:
            home: Where it is; its prefix is the API's name.
            domain: Own domain name, which replaces AWS's; AWS's unless given.

        Raises:
            ValueError: the domain's certificate is in another region.
        """
        super().__init__(scope, id)
        self.name = home.prefix
        self.domain: ApiGatewayDomainName | None = None
        self.domain_target: str | None = None
        self.rest_api = ApiGatewayRestApi(
            self,
            "RestApi",
            name=self.name,
            description=f"Inference API of {home.prefix}",
            # The authorizer finds the key in either header; API Gateway still decides whether it is valid.
            api_key_source="AUTHORIZER",
            disable_execute_api_endpoint=domain is not None,
            endpoint_configuration=ApiGatewayRestApiEndpointConfiguration(types=["REGIONAL"]),
            lifecycle={"create_before_destroy": True},
        )
        if domain is None:
            self.url = f"https://{self.rest_api.id}.execute-api.{home.region}.amazonaws.com/{STAGE}"
            return
        domain.require_region(home.region)
        self.domain = ApiGatewayDomainName(
            self,
            "Domain",
            domain_name=domain.name,
            regional_certificate_arn=domain.certificate_arn,
            security_policy="TLS_1_2",
            endpoint_configuration=ApiGatewayDomainNameEndpointConfiguration(types=["REGIONAL"]),
        )
        self.domain_target = self.domain.regional_domain_name
        self.url = f"https://{domain.name}"
