from .dns_firewall import DnsFirewall
from .rules import allow, security_group
from .subnet_plan import plan_subnets, refuse_overlaps
from .vpc import NetworkSettings, VpcConstruct

__all__ = [
    "DnsFirewall",
    "NetworkSettings",
    "VpcConstruct",
    "allow",
    "plan_subnets",
    "refuse_overlaps",
    "security_group",
]
