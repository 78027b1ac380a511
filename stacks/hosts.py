"""From an environment's data to the settings of its hosts."""

from collections.abc import Sequence

from inference_constructs.api import STAGE
from inference_constructs.fleet import Certificate, HostSettings
from stacks.environments import Environment
from stacks.image_version import built_version


def host_settings(environment: Environment, allowed_origins: Sequence[str] = ()) -> HostSettings:
    """Return the settings of an environment's hosts.

    Args:
        environment: The environment.
        allowed_origins: Origins whose pages may call the API.
    """
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
