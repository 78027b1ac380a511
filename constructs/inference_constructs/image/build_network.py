"""Where machine images are built: a network with a way out, unlike the hosts' own."""

from collections.abc import Sequence

from cdktf import TerraformLocal, TerraformVariable
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
from cdktf_cdktf_provider_aws.vpc_security_group_egress_rule import VpcSecurityGroupEgressRule
from constructs import Construct

from inference_constructs.foundation import Home
from inference_constructs.network import security_group

BUILD_CIDR = "10.0.0.0/24"


class BuildNetwork(Construct):
    """One public subnet, in one zone; nobody can open a connection to the hosts in it.

    Attributes:
        subnet: The subnet.
        security_group: Lets HTTPS out, and nothing in.
        ready: What must exist before a build host starts.
    """

    def __init__(
        self, scope: Construct, id: str, *, home: Home, instance_types: Sequence[str], zone: TerraformVariable
    ) -> None:
        """Create the network.

        Args:
            instance_types: EC2 types of the build hosts.
            zone: Their availability zone; the first one that offers all the types where it is empty.
        """
        super().__init__(scope, id)
        name = home.name("build")
        tags = {"Name": name}
        vpc = Vpc(self, "Vpc", cidr_block=BUILD_CIDR, enable_dns_support=True, enable_dns_hostnames=True, tags=tags)
        DefaultSecurityGroup(self, "DefaultSecurityGroup", vpc_id=vpc.id)
        gateway = InternetGateway(self, "InternetGateway", vpc_id=vpc.id, tags=tags)
        routes = RouteTable(self, "Routes", vpc_id=vpc.id, tags=tags)
        way_out = Route(
            self,
            "WayOut",
            route_table_id=routes.id,
            destination_cidr_block="0.0.0.0/0",
            gateway_id=gateway.id,
        )
        self.subnet = Subnet(
            self,
            "Subnet",
            vpc_id=vpc.id,
            cidr_block=BUILD_CIDR,
            availability_zone=self._zone(instance_types, zone),
            map_public_ip_on_launch=True,
            tags=tags,
        )
        association = RouteTableAssociation(self, "Association", subnet_id=self.subnet.id, route_table_id=routes.id)
        self.security_group = security_group(
            self, "SecurityGroup", name=name, description="Build hosts of machine images", vpc=vpc
        )
        https_out = VpcSecurityGroupEgressRule(
            self,
            "HttpsOut",
            security_group_id=self.security_group.id,
            description="Packages, container and weights",
            cidr_ipv4="0.0.0.0/0",
            ip_protocol="tcp",
            from_port=443,
            to_port=443,
        )
        self.ready = [way_out, association, https_out]

    def _zone(self, instance_types: Sequence[str], chosen: TerraformVariable) -> str:
        offerings = [
            DataAwsEc2InstanceTypeOfferings(
                self,
                f"Offerings{index}",
                location_type="availability-zone",
                filter=[DataAwsEc2InstanceTypeOfferingsFilter(name="instance-type", values=[instance_type])],
            )
            for index, instance_type in enumerate(instance_types)
        ]
        sets = ", ".join(f"toset({offering.fqn}.locations)" for offering in offerings)
        zones = TerraformLocal(self, "Zones", f"${{sort(setintersection({sets}))}}")
        return f'${{{chosen.fqn} == "" ? {zones.fqn}[0] : {chosen.fqn}}}'
