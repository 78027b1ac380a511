"""Where machine images are built: a network with a way out, unlike the hosts' own, and the role of a build host."""

from collections.abc import Sequence

from cdktf import TerraformLocal, TerraformVariable
from cdktf_cdktf_provider_aws.data_aws_ec2_instance_type_offerings import (
    DataAwsEc2InstanceTypeOfferings,
    DataAwsEc2InstanceTypeOfferingsFilter,
)
from cdktf_cdktf_provider_aws.default_security_group import DefaultSecurityGroup
from cdktf_cdktf_provider_aws.iam_instance_profile import IamInstanceProfile
from cdktf_cdktf_provider_aws.iam_role import IamRole
from cdktf_cdktf_provider_aws.iam_role_policy import IamRolePolicy
from cdktf_cdktf_provider_aws.iam_role_policy_attachment import IamRolePolicyAttachment
from cdktf_cdktf_provider_aws.internet_gateway import InternetGateway
from cdktf_cdktf_provider_aws.route import Route
from cdktf_cdktf_provider_aws.route_table import RouteTable
from cdktf_cdktf_provider_aws.route_table_association import RouteTableAssociation
from cdktf_cdktf_provider_aws.subnet import Subnet
from cdktf_cdktf_provider_aws.vpc import Vpc
from cdktf_cdktf_provider_aws.vpc_security_group_egress_rule import VpcSecurityGroupEgressRule
from constructs import Construct

from inference_constructs.foundation import Home, PrivateBucket, Statement, policy_document, service_trust
from inference_constructs.host import session_manager
from inference_constructs.network import security_group

BUILD_CIDR = "10.0.0.0/24"


class BuildNetwork(Construct):
    """One public subnet, in one zone; nobody can open a connection to the hosts in it.

    Attributes:
        subnet: The subnet.
        security_group: Lets HTTPS out, and nothing in.
    """

    def __init__(
        self, scope: Construct, id: str, *, home: Home, instance_types: Sequence[str], zone: TerraformVariable
    ) -> None:
        """Create the network.

        Args:
            home: Where it is.
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
        Route(
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
        RouteTableAssociation(self, "Association", subnet_id=self.subnet.id, route_table_id=routes.id)
        self.security_group = security_group(
            self, "SecurityGroup", name=name, description="Build hosts of machine images", vpc=vpc
        )
        VpcSecurityGroupEgressRule(
            self,
            "HttpsOut",
            security_group_id=self.security_group.id,
            description="Packages, container and weights",
            cidr_ipv4="0.0.0.0/0",
            ip_protocol="tcp",
            from_port=443,
            to_port=443,
        )

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


def run_command_and_inventory(home: Home) -> list[Statement]:
    """Statements that let Image Builder run its steps on a host, and list the software of an image.

    Its own role sends commands, and associates the document AWS-GatherSoftwareInventory; what an agent calls for these
    is in AmazonSSMManagedInstanceCore, of which this is the part without parameters, patches and compliance.
    https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AWSServiceRoleForImageBuilder.html
    https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AmazonSSMManagedInstanceCore.html
    """
    messages = ["AcknowledgeMessage", "DeleteMessage", "FailMessage", "GetEndpoint", "GetMessages", "SendReply"]
    return [
        {
            "Sid": "TakeCommandsAndReportSoftware",
            "Effect": "Allow",
            "Action": [*(f"ec2messages:{action}" for action in messages), "ssm:PutInventory"],
            "Resource": "*",  # these have no resource types
        },
        {
            "Sid": "ReadAmazonsDocuments",
            "Effect": "Allow",
            "Action": ["ssm:DescribeDocument", "ssm:GetDocument"],
            "Resource": home.arn("ssm", "document/AWS-*", account="*"),
        },
        {
            "Sid": "FollowAssociations",
            "Effect": "Allow",
            "Action": ["ssm:ListInstanceAssociations", "ssm:UpdateInstanceAssociationStatus"],
            "Resource": [home.arn("ec2", "instance/*"), home.arn("ssm", "association/*")],
        },
    ]


class BuildRole(Construct):
    """The build hosts' role: what Image Builder asks for, run commands and inventory over Systems Manager, this bucket.

    Image Builder's guide attaches AmazonSSMManagedInstanceCore, too, which reads every parameter of the account.
    https://docs.aws.amazon.com/imagebuilder/latest/userguide/image-builder-setting-up.html

    Attributes:
        instance_profile: The profile that carries the role.
        ready: What must exist before a build host starts.
    """

    def __init__(self, scope: Construct, id: str, *, home: Home, bucket: PrivateBucket) -> None:
        super().__init__(scope, id)
        role = IamRole(
            self,
            "Role",
            name=home.role_name("build"),
            description="Build hosts of machine images",
            assume_role_policy=service_trust("ec2.amazonaws.com"),
        )
        read_bundle: Statement = {
            "Sid": "ReadBundle",
            "Effect": "Allow",
            "Action": "s3:GetObject",
            "Resource": f"{bucket.bucket.arn}/bundles/*",
        }
        write_logs: Statement = {
            "Sid": "WriteBuildLogs",
            "Effect": "Allow",
            "Action": "s3:PutObject",
            "Resource": f"{bucket.bucket.arn}/logs/*",
        }
        policy = IamRolePolicy(
            self,
            "Policy",
            role=role.id,
            policy=policy_document(read_bundle, write_logs, *session_manager(home), *run_command_and_inventory(home)),
        )
        name = "EC2InstanceProfileForImageBuilder"
        managed = IamRolePolicyAttachment(
            self, name, role=role.name, policy_arn=home.arn("iam", f"policy/{name}", region="", account="aws")
        )
        self.instance_profile = IamInstanceProfile(
            self, "InstanceProfile", name=home.role_name("build"), role=role.name
        )
        self.ready = [policy, managed]
