"""The headers that a browser gets with every file of the page."""

from collections.abc import Mapping

HSTS_SECONDS = 63_072_000
"""Two years, which https://hstspreload.org recommends."""

ISOLATION_HEADERS: Mapping[str, str] = {
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
"""Those security headers for which CloudFront has no setting of its own."""


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
