"""From an environment's data to the settings of its network and its page."""

from pathlib import Path

from inference_constructs.host import host_gateway
from inference_constructs.network import NetworkSettings
from inference_constructs.page import SiteSettings
from stacks.environments import Environment

DEMO = Path(__file__).parent.parent / "demo"


def network_settings(environment: Environment) -> NetworkSettings:
    """Return the settings of an environment's network, with the endpoints that its hosts need."""
    return NetworkSettings(
        cidr=environment.vpc_cidr,
        zone_count=environment.zone_count,
        instance_type=environment.instance_type,
        interface_endpoints=["logs", "monitoring", "ssm", "ssmmessages"],
    )


def site_settings(environment: Environment) -> SiteSettings:
    """Return the settings of an environment's demo page."""
    engine = environment.engine
    return SiteSettings(
        directory=DEMO,
        model=engine.model.name,
        max_tokens=host_gateway(engine).max_output_tokens,
        temperature=engine.model.sampling.temperature,
        force_destroy=not environment.deletion_protection,
        domain=environment.site_domain,
    )
