"""What the machine image is built from, and the version that follows from it."""

import hashlib
from dataclasses import replace

from inference_constructs.host import VOLUMES, build_type, host_gateway
from inference_constructs.image import TRIAL_MINUTES, component_document, image_bundle, image_version
from runtime.settings import render_env_file


def trial_settings(instance_type: str) -> str:
    """Return the settings for the trial of an image on a host of this type, as lines of an environment file."""
    return render_env_file(
        replace(host_gateway(instance_type), environment="image", boot_deadline_seconds=TRIAL_MINUTES * 60)
    )


def build_document(instance_type: str, *, bundle: bytes, bundle_uri: str) -> str:
    """Return the component's document of the image for hosts of this type."""
    return component_document(
        bundle_uri=bundle_uri,
        bundle_sha256=hashlib.sha256(bundle).hexdigest(),
        trial_settings=trial_settings(build_type(instance_type)),
    )


def built_version(instance_type: str) -> str:
    """Return the version of the image that this source tree builds for hosts of this type."""
    # where the bundle is does not matter, and is not known before the apply
    return image_version(build_document(instance_type, bundle=image_bundle(), bundle_uri=""), VOLUMES)
