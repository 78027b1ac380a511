"""What goes into the machine image from this source tree, and the image's version, which follows from it."""

import hashlib
import zipfile
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

RUNTIME = Path(__file__).parents[2] / "runtime"
"""The gateway, and in `machine/` how a host is made of it."""

SERIES = "1.0"
"""First two parts of the image's version; raised by hand to build the same anew, on a newer base image."""

_RECIPE = ("host_gateway.py", "image_build.py", "image_component.py", "machine_image.py")
"""How an image is made of the bundle: modules beside this one."""

_LOCAL_ONLY = {"requirements-cpu.txt"}
_FIXED_DATE = (1980, 1, 1, 0, 0, 0)


def _files(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts and path.name not in _LOCAL_ONLY:
            yield path


def image_bundle(folder: Path = RUNTIME) -> bytes:
    """Return a zip archive of `folder`, the same bytes on every machine: no dates, no compression, sorted names."""
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for path in _files(folder):
            entry = zipfile.ZipInfo(path.relative_to(folder.parent).as_posix(), _FIXED_DATE)
            entry.create_system, entry.external_attr = 3, 0o100644 << 16
            archive.writestr(entry, path.read_bytes())
    return buffer.getvalue()


def image_version(bundle: bytes) -> str:
    """Return the version of the image with this bundle: other content or another recipe, other version.

    Image Builder's versions are three numbers, each below 2^30, and what has a version never changes.
    https://docs.aws.amazon.com/imagebuilder/latest/APIReference/API_CreateComponent.html
    """
    recipe = b"".join((Path(__file__).parent / name).read_bytes() for name in _RECIPE)
    return f"{SERIES}.{int(hashlib.sha256(bundle + recipe).hexdigest()[:7], 16)}"
