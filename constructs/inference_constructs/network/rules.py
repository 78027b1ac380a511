"""Security groups, and rules between them."""

from cdktf import TerraformResourceLifecycle
from cdktf_cdktf_provider_aws.security_group import SecurityGroup
from cdktf_cdktf_provider_aws.vpc import Vpc
from cdktf_cdktf_provider_aws.vpc_security_group_egress_rule import VpcSecurityGroupEgressRule
from cdktf_cdktf_provider_aws.vpc_security_group_ingress_rule import VpcSecurityGroupIngressRule
from constructs import Construct

from inference_constructs.foundation import ec2_text


def security_group(scope: Construct, id: str, *, name: str, description: str, vpc: Vpc) -> SecurityGroup:
    """A security group without rules.

    EC2 changes neither name nor description. For other words here the provider would make another group, and first take
    the rules of this one away, while hosts are in it: they come with the next VPC only.

    Raises:
        ValueError: EC2 would refuse name or description.
    """
    return SecurityGroup(
        scope,
        id,
        name=ec2_text(name),
        description=ec2_text(description),
        vpc_id=vpc.id,
        tags={"Name": name},
        lifecycle=TerraformResourceLifecycle(ignore_changes=["name", "description"]),
    )


def allow(
    scope: Construct, id: str, *, source: SecurityGroup, target: SecurityGroup, port: int, description: str
) -> None:
    """Let `source` open TCP connections to `target`: a rule on either side.

    Raises:
        ValueError: EC2 would refuse the description.
    """
    VpcSecurityGroupEgressRule(
        scope,
        f"{id}Egress",
        security_group_id=source.id,
        referenced_security_group_id=target.id,
        description=ec2_text(description),
        ip_protocol="tcp",
        from_port=port,
        to_port=port,
    )
    VpcSecurityGroupIngressRule(
        scope,
        f"{id}Ingress",
        security_group_id=target.id,
        referenced_security_group_id=source.id,
        description=ec2_text(description),
        ip_protocol="tcp",
        from_port=port,
        to_port=port,
    )
