"""The machine image: what is in it, how it is built and tried."""

from inference_constructs.image.build import BuildSite, ImageBuild
from inference_constructs.image.build_network import BuildNetwork
from inference_constructs.image.build_role import BuildRole
from inference_constructs.image.bundle import image_bundle, image_version
from inference_constructs.image.component import TRIAL_MINUTES, component_document

__all__ = [
    "TRIAL_MINUTES",
    "BuildNetwork",
    "BuildRole",
    "BuildSite",
    "ImageBuild",
    "component_document",
    "image_bundle",
    "image_version",
]
