"""The network: public and private subnets, private access to AWS services, and no way out."""

from collections.abc import Sequence
from dataclasses import dataclass

from cdktf import TerraformLocal, TerraformResourceLifecycle
from cdktf_cdktf_provider_aws.data_aws_availability_zones import (
    DataAwsAvailabilityZones,
    DataAwsAvailabilityZonesFilter,
)
from cdktf_cdktf_provider_aws.data_aws_ec2_instance_type_offerings import (
    DataAwsEc2InstanceTypeOfferings,
    DataAwsEc2InstanceTypeOfferingsFilter,
)
from cdktf_cdktf_provider_aws.default_security_group import DefaultSecurityGroup
from cdktf_cdktf_provider_aws.internet_gateway import InternetGateway
from cdktf_cdktf_provider_aws.route import Route
from cdktf_cdktf_provider_aws.route_table import RouteTable
from cdktf_cdktf_provider_aws.route_table_association import RouteTableAssociation
from cdktf_cdktf_provider_aws.subnet import Subnet
from cdktf_cdktf_provider_aws.vpc import Vpc
from cdktf_cdktf_provider_aws.vpc_endpoint import VpcEndpoint
from constructs import Construct

from inference_constructs.foundation import EncryptedHome, Statement, policy_document
from inference_constructs.network.flow_logs import FlowLogs
from inference_constructs.network.rules import security_group
from inference_constructs.network.subnet_plan import plan_subnets

VPC_LINK_UNSUPPORTED_ZONES = ["use1-az3", "apne1-az3"]
"""Zones in which API Gateway has no VPC links, in the regions whose prices are known.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-vpc-links.html
"""


@dataclass(frozen=True, kw_only=True)
class NetworkSettings:
    """What an environment decides about its network.

    Attributes:
        cidr: IPv4 range, /16 to /24.
        zone_count: Number of availability zones, 2 or 3.
        instance_type: EC2 type of the hosts; zones that offer it are preferred.
        interface_endpoints: AWS services to make reachable, by their short names, such as `logs`.
    """

    cidr: str
    zone_count: int
    instance_type: str
    interface_endpoints: Sequence[str]


class VpcConstruct(Construct):
    """A VPC over 2 or 3 availability zones whose private subnets have no route to the internet, in or out.

    What runs in the private subnets reaches the AWS services in `interface_endpoints`, and S3 through a gateway
    endpoint that lets it read Amazon's own package repositories and nothing else.

    Attributes:
        vpc: The VPC.
        public_subnets: One for each zone, routed to the internet gateway; no address is public by default.
        private_subnets: One for each zone, with local routes and the S3 gateway endpoint only.
        endpoint_security_group: Security group of the interface endpoints, without rules: who may call them adds one.
        interface_endpoints: The endpoints, one for each service, in every private subnet.
        s3_prefix_list_id: Prefix list of S3's addresses in the region, for security group rules.
        identity: What changes when the VPC is replaced, for `replace_triggered_by`.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        home: EncryptedHome,
        network: NetworkSettings,
    ) -> None:
        """Create the network.

        Args:
            home: Where it is; its key is that of the flow logs.

        Raises:
            ValueError: the range or the number of zones cannot be planned.
        """
        super().__init__(scope, id)
        plan = plan_subnets(network.cidr, network.zone_count)
        self._home = home
        zones = self._zones_by_preference(network.instance_type)
        self._zones = [f"${{element({zones.fqn}, {index})}}" for index in range(network.zone_count)]
        self.vpc = Vpc(
            self,
            "Vpc",
            cidr_block=network.cidr,
            enable_dns_support=True,
            enable_dns_hostnames=True,
            tags={"Name": home.prefix},
        )
        # not fqn, which is an expression within `${}`: a lifecycle takes bare references only
        self.identity = f"{self.vpc.terraform_resource_type}.{self.vpc.friendly_unique_id}.id"
        DefaultSecurityGroup(self, "DefaultSecurityGroup", vpc_id=self.vpc.id)
        FlowLogs(self, "FlowLogs", home=home, vpc=self.vpc)

        public_routes = self._route_table("public")
        gateway = InternetGateway(self, "InternetGateway", vpc_id=self.vpc.id, tags={"Name": home.prefix})
        Route(
            self,
            "PublicRoute",
            route_table_id=public_routes.id,
            destination_cidr_block="0.0.0.0/0",
            gateway_id=gateway.id,
        )
        self.public_subnets = self._subnets("public", plan.public, public_routes)
        private_routes = self._route_table("private")
        self.private_subnets = self._subnets("private", plan.private, private_routes)

        self.s3_prefix_list_id = self._s3_endpoint(private_routes).prefix_list_id
        self.endpoint_security_group = security_group(
            self,
            "EndpointSecurityGroup",
            name=home.name("endpoints"),
            description="Interface endpoints of AWS services",
            vpc=self.vpc,
        )
        self.interface_endpoints = [self._interface_endpoint(service) for service in network.interface_endpoints]

    def _zones_by_preference(self, instance_type: str) -> TerraformLocal:
        """Names of the zones that API Gateway can link to, those that offer the instance type first."""
        zones = DataAwsAvailabilityZones(
            self,
            "Zones",
            state="available",
            exclude_zone_ids=VPC_LINK_UNSUPPORTED_ZONES,
            filter=[DataAwsAvailabilityZonesFilter(name="opt-in-status", values=["opt-in-not-required"])],
        )
        offerings = DataAwsEc2InstanceTypeOfferings(
            self,
            "Offerings",
            location_type="availability-zone",
            filter=[DataAwsEc2InstanceTypeOfferingsFilter(name="instance-type", values=[instance_type])],
        )
        every, offering = f"{zones.fqn}.names", f"{offerings.fqn}.locations"
        first = f"sort(setintersection(toset({every}), toset({offering})))"
        return TerraformLocal(self, "PreferredZones", f"${{distinct(concat({first}, {every}))}}")

    def _route_table(self, kind: str) -> RouteTable:
        return RouteTable(self, f"{kind.title()}Routes", vpc_id=self.vpc.id, tags={"Name": self._home.name(kind)})

    def _subnets(self, kind: str, cidrs: Sequence[str], routes: RouteTable) -> list[Subnet]:
        subnets: list[Subnet] = []
        for index, (zone, cidr) in enumerate(zip(self._zones, cidrs, strict=True)):
            subnet = Subnet(
                self,
                f"{kind.title()}Subnet{index}",
                vpc_id=self.vpc.id,
                availability_zone=zone,
                cidr_block=cidr,
                map_public_ip_on_launch=False,
                tags={"Name": self._home.name(f"{kind}-{index}")},
                lifecycle=TerraformResourceLifecycle(ignore_changes=["availability_zone"]),
            )
            RouteTableAssociation(
                self, f"{kind.title()}RouteTableAssociation{index}", subnet_id=subnet.id, route_table_id=routes.id
            )
            subnets.append(subnet)
        return subnets

    def _s3_endpoint(self, routes: RouteTable) -> VpcEndpoint:
        region = self._home.region
        amazons_own = [f"arn:aws:s3:::al2023-repos-{region}-*/*", f"arn:aws:s3:::amazon-ssm-{region}/*"]
        statement: Statement = {
            "Sid": "ReadAmazonsOwnPackages",
            "Effect": "Allow",
            "Principal": "*",
            "Action": "s3:GetObject",
            "Resource": amazons_own,
        }
        return VpcEndpoint(
            self,
            "S3Endpoint",
            vpc_id=self.vpc.id,
            service_name=f"com.amazonaws.{region}.s3",
            vpc_endpoint_type="Gateway",
            route_table_ids=[routes.id],
            policy=policy_document(statement),
            tags={"Name": self._home.name("s3")},
        )

    def _interface_endpoint(self, service: str) -> VpcEndpoint:
        own_account_only: Statement = {
            "Effect": "Allow",
            "Principal": "*",
            "Action": "*",
            "Resource": "*",
            "Condition": {"StringEquals": {"aws:PrincipalAccount": self._home.account_id}},
        }
        return VpcEndpoint(
            self,
            f"{service.title()}Endpoint",
            vpc_id=self.vpc.id,
            service_name=f"com.amazonaws.{self._home.region}.{service}",
            vpc_endpoint_type="Interface",
            subnet_ids=[subnet.id for subnet in self.private_subnets],
            security_group_ids=[self.endpoint_security_group.id],
            private_dns_enabled=True,
            policy=policy_document(own_account_only),
            tags={"Name": self._home.name(service)},
        )
