"""The files of a static site, and the headers that a browser gets with them."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

CACHE_CONTROL = "public, max-age=60"
"""File names stay the same across releases, so a new release is seen one minute later without an invalidation."""

CONTENT_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
}


@dataclass(frozen=True, kw_only=True)
class SiteFile:
    """One file as S3 stores it."""

    key: str
    """Path below the site's root, with slashes."""
    path: Path
    content_type: str


def site_files(directory: Path) -> Iterator[SiteFile]:
    """Yield every file below `directory`, ordered by key.

    Raises:
        ValueError: a file has a suffix without a known content type.
    """
    for path in sorted(directory.rglob("*")):
        if path.is_file():
            yield SiteFile(
                key=path.relative_to(directory).as_posix(),
                path=path,
                content_type=_content_type(path),
            )


def _content_type(path: Path) -> str:
    try:
        return CONTENT_TYPES[path.suffix]
    except KeyError:
        known = ", ".join(CONTENT_TYPES)
        raise ValueError(f"{path}: no content type is known for {path.suffix!r}; known are {known}") from None


def content_security_policy(api_origin: str) -> str:
    """Let the page load its own files and call `api_origin` (scheme and host), and nothing else.

    Trusted Types turn "model output is text, never HTML" into a rule that the browser keeps.
    See https://developer.mozilla.org/docs/Web/HTTP/Reference/Headers/Content-Security-Policy
    """
    directives = (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        f"connect-src 'self' {api_origin}",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types 'none'",
    )
    return "; ".join(directives)
