"""The private network: VPC, subnets, endpoints, rules between security groups, logs of its traffic and names."""

from inference_constructs.network.dns_firewall import DnsFirewall
from inference_constructs.network.rules import allow, security_group
from inference_constructs.network.subnet_plan import plan_subnets, refuse_overlaps
from inference_constructs.network.vpc import NetworkSettings, VpcConstruct

__all__ = [
    "DnsFirewall",
    "NetworkSettings",
    "VpcConstruct",
    "allow",
    "plan_subnets",
    "refuse_overlaps",
    "security_group",
]
