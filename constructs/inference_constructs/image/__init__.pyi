from .build import BuildSite, ImageBuild
from .build_network import BuildNetwork
from .build_role import BuildRole
from .bundle import image_bundle, image_version
from .component import TRIAL_MINUTES, component_document

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
