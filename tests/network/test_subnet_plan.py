"""Planning of the subnets."""

from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference_constructs.network.subnet_plan import plan_subnets, refuse_overlaps

pytestmark = pytest.mark.req("R6.1")


@given(prefix=st.integers(16, 24), second=st.integers(0, 255), zones=st.sampled_from([2, 3]))
def test_subnets_are_disjoint_parts_of_the_vpc_with_room_for_hosts(prefix: int, second: int, zones: int) -> None:
    vpc = ip_network(f"10.{second}.0.0/{prefix}")
    plan = plan_subnets(str(vpc), zones)
    subnets = [ip_network(cidr) for cidr in (*plan.public, *plan.private)]
    assert len(subnets) == 2 * zones
    assert all(subnet.subnet_of(vpc) and subnet.num_addresses >= 32 for subnet in subnets)  # pyright: ignore[reportArgumentType]
    assert not any(a.overlaps(b) for i, a in enumerate(subnets) for b in subnets[:i])


def test_adding_a_zone_moves_no_subnet() -> None:
    two, three = plan_subnets("10.0.0.0/20", 2), plan_subnets("10.0.0.0/20", 3)
    assert three.public[:2] == two.public
    assert three.private[:2] == two.private


@pytest.mark.parametrize(
    ("cidr", "zones", "said"),
    [
        ("10.0.0.0/28", 2, "between /16 and /24"),
        ("10.0.0.0/8", 2, "between /16 and /24"),
        ("10.0.1.0/16", 2, "did you mean 10.0.0.0/16"),
        ("8.8.0.0/16", 2, "not in a private range"),
        ("169.254.0.0/16", 2, "not in a private range"),
        ("172.16.0.0/15", 2, "must be between"),
        ("172.17.16.0/20", 2, "which Docker uses"),
        ("ten.0.0.0/16", 2, "not an IPv4 range"),
        ("10.0.0.0/99", 2, "not an IPv4 range"),
        ("10.0.0.0/20", 4, "zone_count must be 2 or 3, got 4"),
    ],
)
def test_a_range_that_cannot_work_is_refused_in_words(cidr: str, zones: int, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        plan_subnets(cidr, zones)


def test_overlapping_environments_are_refused_by_name() -> None:
    with pytest.raises(ValueError, match=r"10\.0\.8\.0/21 of prod overlaps 10\.0\.0\.0/20 of dev"):
        refuse_overlaps({"dev": "10.0.0.0/20", "prod": "10.0.8.0/21"})
