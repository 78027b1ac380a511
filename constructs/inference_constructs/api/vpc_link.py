"""The private way from API Gateway into the VPC."""

from cdktf_cdktf_provider_aws.apigatewayv2_vpc_link import Apigatewayv2VpcLink
from constructs import Construct

from inference_constructs.fleet import GpuFleet
from inference_constructs.foundation import Home
from inference_constructs.network import VpcConstruct, allow, security_group


class VpcLink(Construct):
    """A VPC link (V2) from the private subnets to the load balancer's port 443, and to nothing else.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-private-integration.html

    Attributes:
        id: Id of the link.
    """

    def __init__(self, scope: Construct, id: str, *, home: Home, vpc: VpcConstruct, fleet: GpuFleet) -> None:
        super().__init__(scope, id)
        group = security_group(
            self, "SecurityGroup", name=home.name("vpc-link"), description="VPC link of API Gateway", vpc=vpc.vpc
        )
        allow(
            self,
            "LoadBalancer",
            source=group,
            target=fleet.load_balancer_security_group,
            port=443,
            description="API Gateway to load balancer",
        )
        link = Apigatewayv2VpcLink(
            self,
            "Link",
            name=home.prefix,
            security_group_ids=[group.id],
            subnet_ids=[subnet.id for subnet in vpc.private_subnets],
        )
        self.id = link.id
