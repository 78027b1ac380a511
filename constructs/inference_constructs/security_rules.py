"""Rules between security groups."""

from cdktf_cdktf_provider_aws.security_group import SecurityGroup
from cdktf_cdktf_provider_aws.vpc_security_group_egress_rule import VpcSecurityGroupEgressRule
from cdktf_cdktf_provider_aws.vpc_security_group_ingress_rule import VpcSecurityGroupIngressRule
from constructs import Construct


def allow(
    scope: Construct, id: str, *, source: SecurityGroup, target: SecurityGroup, port: int, description: str
) -> None:
    """Let `source` open TCP connections to `target`: a rule on either side."""
    VpcSecurityGroupEgressRule(
        scope,
        f"{id}Egress",
        security_group_id=source.id,
        referenced_security_group_id=target.id,
        description=description,
        ip_protocol="tcp",
        from_port=port,
        to_port=port,
    )
    VpcSecurityGroupIngressRule(
        scope,
        f"{id}Ingress",
        security_group_id=target.id,
        referenced_security_group_id=source.id,
        description=description,
        ip_protocol="tcp",
        from_port=port,
        to_port=port,
    )
