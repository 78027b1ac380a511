"""From an environment's data to the settings of its hosts, and those with which an image is tried."""

import hashlib
from collections.abc import Sequence
from dataclasses import replace

from inference_constructs.api import STAGE
from inference_constructs.fleet import Certificate, HostSettings
from inference_constructs.host import VOLUMES, Engine, build_engine, host_gateway
from inference_constructs.image import TRIAL_MINUTES, component_document, image_bundle, image_version
from runtime.settings import render_env_file
from stacks.environments import Environment


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
        certificate=Certificate(arn=domain.certificate_arn, host_name=domain.name, public=True) if domain else None,
        allowed_origins=allowed_origins,
    )


def trial_settings(engine: Engine) -> str:
    """Return the settings for the trial of an engine's image, as lines of an environment file."""
    return render_env_file(replace(host_gateway(engine), environment="image", boot_deadline_seconds=TRIAL_MINUTES * 60))


def build_document(engine: Engine, *, bundle: bytes, bundle_uri: str) -> str:
    """Return the component's document of an engine's image."""
    return component_document(
        bundle_uri=bundle_uri,
        bundle_sha256=hashlib.sha256(bundle).hexdigest(),
        trial_settings=trial_settings(build_engine(engine)),
    )


def built_version(engine: Engine) -> str:
    """Return the version of the image that this source tree builds for an engine."""
    # where the bundle is does not matter, and is not known before the apply
    return image_version(build_document(engine, bundle=image_bundle(), bundle_uri=""), VOLUMES)
