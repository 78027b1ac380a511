"""Planning of a VPC's subnets: pure arithmetic on IPv4 ranges."""

from dataclasses import dataclass
from ipaddress import AddressValueError, IPv4Network, NetmaskValueError

SMALLEST_PREFIX, LARGEST_PREFIX = 24, 16
"""AWS allows a VPC /16 to /28 and a subnet down to /28; a /24 still gives each of 6 subnets 27 addresses.

https://docs.aws.amazon.com/vpc/latest/userguide/vpc-cidr-blocks.html
"""

PRIVATE = tuple(IPv4Network(cidr) for cidr in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"))
"""RFC 1918."""

DOCKER_BRIDGE = IPv4Network("172.17.0.0/16")
"""Where Docker on a host keeps its containers; answers to the same range elsewhere would not leave the host."""


@dataclass(frozen=True, kw_only=True)
class SubnetPlan:
    """The IPv4 ranges of a VPC's subnets, one of each kind for each availability zone, in the order of the zones."""

    public: tuple[str, ...]
    private: tuple[str, ...]


def vpc_network(cidr: str) -> IPv4Network:
    """Parse and check the range of a VPC.

    Raises:
        ValueError: not an IPv4 range, host bits set, not private, Docker's, or of a size that the subnets do not fit.
    """
    try:
        network = IPv4Network(cidr)
    except (AddressValueError, NetmaskValueError) as error:
        raise ValueError(f"vpc_cidr {cidr!r} is not an IPv4 range such as 10.0.0.0/20") from error
    except ValueError as error:
        raise ValueError(
            f"vpc_cidr {cidr!r} has host bits set; did you mean {IPv4Network(cidr, strict=False)}?"
        ) from error
    if not LARGEST_PREFIX <= network.prefixlen <= SMALLEST_PREFIX:
        raise ValueError(f"vpc_cidr {cidr} must be between /{LARGEST_PREFIX} and /{SMALLEST_PREFIX} in size")
    if not any(network.subnet_of(block) for block in PRIVATE):
        raise ValueError(f"vpc_cidr {cidr} is not in a private range (RFC 1918)")
    if network.overlaps(DOCKER_BRIDGE):
        raise ValueError(f"vpc_cidr {cidr} overlaps {DOCKER_BRIDGE}, which Docker uses on the hosts")
    return network


def plan_subnets(cidr: str, zone_count: int) -> SubnetPlan:
    """Divide a VPC's range into eighths: the first ones are public, those from the middle on private.

    With 2 or 3 zones, an eighth of each half stays free, so that a zone can be added without moving a subnet.

    Args:
        cidr: IPv4 range of the VPC, /16 to /24.
        zone_count: Number of availability zones, 2 or 3.

    Raises:
        ValueError: what `vpc_network` refuses, or another number of zones.
    """
    if zone_count not in (2, 3):
        raise ValueError(f"zone_count must be 2 or 3, got {zone_count}")
    eighths = [str(subnet) for subnet in vpc_network(cidr).subnets(prefixlen_diff=3)]
    return SubnetPlan(public=tuple(eighths[:zone_count]), private=tuple(eighths[4 : 4 + zone_count]))


def refuse_overlaps(cidrs: dict[str, str]) -> None:
    """Refuse VPC ranges that overlap: they could never be peered, nor told apart in a log.

    Args:
        cidrs: IPv4 range of each VPC by the name of its environment.

    Raises:
        ValueError: two ranges share addresses.
    """
    seen: dict[str, IPv4Network] = {}
    for name, cidr in cidrs.items():
        network = vpc_network(cidr)
        for other, taken in seen.items():
            if network.overlaps(taken):
                raise ValueError(f"vpc_cidr {cidr} of {name} overlaps {taken} of {other}")
        seen[name] = network
