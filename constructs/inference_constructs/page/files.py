"""The files of a static site."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

CACHE_CONTROL = "public, max-age=60"
"""Edges and browsers keep a file for one minute.

The files keep their names from release to release, since nothing builds them; so a release is seen everywhere within
two minutes, and needs no invalidation.
"""

CONTENT_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}


@dataclass(frozen=True, kw_only=True)
class SiteFile:
    """One file as S3 stores it.

    Attributes:
        key: Path below the site's root, with slashes.
        path: Where the file is now.
        content_type: Value of the Content-Type header.
    """

    key: str
    path: Path
    content_type: str


def site_files(directory: Path) -> Iterator[SiteFile]:
    """Yield every file below `directory`, ordered by path.

    Raises:
        ValueError: a file has a suffix without a known content type.
    """
    for path in sorted(directory.rglob("*")):
        if path.is_file():
            key = path.relative_to(directory).as_posix()
            yield SiteFile(key=key, path=path, content_type=_content_type(path))


def _content_type(path: Path) -> str:
    try:
        return CONTENT_TYPES[path.suffix]
    except KeyError:
        known = ", ".join(CONTENT_TYPES)
        raise ValueError(f"{path}: no content type is known for {path.suffix!r}; known are {known}") from None
