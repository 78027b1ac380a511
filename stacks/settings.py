"""From an environment's data to the settings of its network, its hosts and its page."""

from collections.abc import Sequence
from pathlib import Path

from inference_constructs.api import STAGE
from inference_constructs.fleet import Certificate, HostSettings
from inference_constructs.host import host_gateway
from inference_constructs.network import NetworkSettings
from inference_constructs.page import SiteSettings
from stacks.environments import Environment
from stacks.image_version import built_version

DEMO = Path(__file__).parent.parent / "demo"


def network_settings(environment: Environment) -> NetworkSettings:
    """Return the settings of an environment's network, with the endpoints that its hosts need."""
    return NetworkSettings(
        cidr=environment.vpc_cidr,
        zone_count=environment.zone_count,
        instance_type=environment.instance_type,
        interface_endpoints=["logs", "monitoring", "ssm", "ssmmessages"],
    )


def host_settings(environment: Environment, allowed_origins: Sequence[str] = ()) -> HostSettings:
    """Return the settings of an environment's hosts; pages of these origins may call the API."""
    domain = environment.load_balancer_domain
    return HostSettings(
        environment=environment.name,
        engine=environment.engine,
        image_version=environment.image_version or built_version(environment.engine),
        deletion_protection=environment.deletion_protection,
        root_path=f"/{STAGE}",
        scale_on=environment.scale_on,
        spot_above_minimum=environment.spot_above_minimum,
        office_hours=environment.office_hours,
        certificate=Certificate(arn=domain.certificate_arn, host_name=domain.name, public=True) if domain else None,
        allowed_origins=allowed_origins,
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
