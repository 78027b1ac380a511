"""What goes into the machine image from this source tree, and the image's version, which follows from what is built."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

from inference_constructs.foundation import zipped
from inference_constructs.host import Model, Volume
from inference_constructs.image.model_description import model_description

RUNTIME = Path(__file__).parents[3] / "runtime"
"""The gateway, and in `machine/` how a host is made of it."""

SERIES = "1.0"
"""First two parts of the image's version; raised by hand to build the same anew, on a newer base image."""

_NOT_ON_HOSTS = {"requirements-cpu.txt"}
"""The local engine's packages."""


def _files(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts and path.name not in _NOT_ON_HOSTS:
            yield path


def image_bundle(model: Model, folder: Path = RUNTIME) -> bytes:
    """Return a zip archive of `folder`, sorted by name, and of what its scripts have to know about a model."""
    sources = ((path.relative_to(folder.parent).as_posix(), path.read_bytes()) for path in _files(folder))
    described = ((f"model/{name}", text.encode()) for name, text in model_description(model).items())
    return zipped([*sources, *described])


def image_version(document: str, volumes: Sequence[Volume]) -> str:
    """Return the version of what is built: a component's document, which has the bundle's digest, on these volumes.

    It depends on nothing else: an image is neither older than it looks nor built again for a comment in its recipe.
    Image Builder's versions are three numbers, each below 2^30, and what has a version never changes.
    https://docs.aws.amazon.com/imagebuilder/latest/APIReference/API_CreateComponent.html
    """
    built = json.dumps([document, *(asdict(volume) for volume in volumes)])
    return f"{SERIES}.{int(hashlib.sha256(built.encode()).hexdigest()[:7], 16)}"
