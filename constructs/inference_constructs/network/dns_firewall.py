"""What the hosts may look up in the VPC's DNS, which is otherwise a narrow way out for data."""

from cdktf_cdktf_provider_aws.route53_resolver_firewall_domain_list import Route53ResolverFirewallDomainList
from cdktf_cdktf_provider_aws.route53_resolver_firewall_rule import Route53ResolverFirewallRule
from cdktf_cdktf_provider_aws.route53_resolver_firewall_rule_group import Route53ResolverFirewallRuleGroup
from cdktf_cdktf_provider_aws.route53_resolver_firewall_rule_group_association import (
    Route53ResolverFirewallRuleGroupAssociation,
)
from cdktf_cdktf_provider_aws.route53_resolver_query_log_config import Route53ResolverQueryLogConfig
from cdktf_cdktf_provider_aws.route53_resolver_query_log_config_association import (
    Route53ResolverQueryLogConfigAssociation,
)
from constructs import Construct

from inference_constructs.foundation import EncryptedHome, log_group
from inference_constructs.network.vpc import VpcConstruct


def allowed_names(region: str) -> list[str]:
    """Names that hosts need: AWS's services in their region, and each other's.

    With a dot at the end, since Route 53 answers so, and the provider would plan to take it away for ever.
    https://github.com/hashicorp/terraform-provider-aws/issues/23543
    """
    internal = "ec2.internal" if region == "us-east-1" else f"{region}.compute.internal"
    return [f"*.{region}.amazonaws.com.", f"*.{internal}."]


class DnsFirewall(Construct):
    """Logs every name that is looked up, and answers NXDOMAIN to all but `allowed_names`.

    https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/resolver-dns-firewall-overview.html
    """

    def __init__(self, scope: Construct, id: str, *, home: EncryptedHome, vpc: VpcConstruct) -> None:
        super().__init__(scope, id)
        log = Route53ResolverQueryLogConfig(
            self,
            "QueryLog",
            name=home.prefix,
            destination_arn=log_group(self, "LogGroup", name=home.log_group_name("dns-queries"), home=home).arn,
        )
        Route53ResolverQueryLogConfigAssociation(
            self, "QueryLogAssociation", resolver_query_log_config_id=log.id, resource_id=vpc.vpc.id
        )
        group = Route53ResolverFirewallRuleGroup(self, "RuleGroup", name=home.prefix)
        names = {"allowed": allowed_names(home.region), "others": ["*."]}
        lists = {
            name: Route53ResolverFirewallDomainList(self, name.title(), name=home.name(name), domains=domains)
            for name, domains in names.items()
        }
        rules = [
            Route53ResolverFirewallRule(
                self,
                "Allow",
                name="allow",
                action="ALLOW",
                priority=100,
                firewall_rule_group_id=group.id,
                firewall_domain_list_id=lists["allowed"].id,
                # what AWS's own names lead on to is AWS's too
                firewall_domain_redirection_action="TRUST_REDIRECTION_DOMAIN",
            ),
            Route53ResolverFirewallRule(
                self,
                "Block",
                name="block",
                action="BLOCK",
                block_response="NXDOMAIN",
                priority=200,
                firewall_rule_group_id=group.id,
                firewall_domain_list_id=lists["others"].id,
            ),
        ]
        Route53ResolverFirewallRuleGroupAssociation(
            self,
            "Association",
            name=home.prefix,
            # AWS keeps 100 and below for its own
            priority=101,
            firewall_rule_group_id=group.id,
            vpc_id=vpc.vpc.id,
            depends_on=rules,
        )
