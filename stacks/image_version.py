"""What the machine image is built from, and the version that follows from it."""

import hashlib
from dataclasses import replace

from inference_constructs.host import Engine, build_engine, host_gateway, volumes
from inference_constructs.image import TRIAL_MINUTES, component_document, image_bundle, image_version
from runtime.settings import render_env_file


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
    document = build_document(engine, bundle=image_bundle(engine.model), bundle_uri="")
    return image_version(document, volumes(engine.model))
