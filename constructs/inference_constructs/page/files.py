"""The files of a static site, and the headers that a browser gets with them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

CACHE_CONTROL = "public, max-age=60"
"""Edges and browsers keep a file for one minute.

The files keep their names from release to release, since nothing builds them; so a release is seen everywhere within
two minutes, and needs no invalidation.
"""

HSTS_SECONDS = 63_072_000
"""Two years, which https://hstspreload.org recommends."""

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


def content_security_policy(api_url: str) -> str:
    """Let the page load its own files and call what is below `api_url`, and nothing else.

    Trusted Types turn "the model's output is text, never HTML" into a rule that the browser keeps.
    https://developer.mozilla.org/docs/Web/HTTP/Reference/Headers/Content-Security-Policy
    """
    directives = (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        f"connect-src 'self' {api_url}/",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types 'none'",
    )
    return "; ".join(directives)


def security_headers(api_url: str) -> Mapping[str, str]:
    """Headers of every response of the site, by name, as https://owasp.org/www-project-secure-headers/ advises.

    Args:
        api_url: URL of the API, without a trailing slash.
    """
    return {
        "Content-Security-Policy": content_security_policy(api_url),
        "Strict-Transport-Security": f"max-age={HSTS_SECONDS}",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Referrer-Policy": "no-referrer",
        **ISOLATION_HEADERS,
    }


ISOLATION_HEADERS: Mapping[str, str] = {
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
"""Those security headers for which CloudFront has no setting of its own."""
