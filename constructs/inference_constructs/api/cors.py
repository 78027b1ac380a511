"""Which web pages may call the API (CORS)."""

from collections.abc import Mapping, Sequence

PREFLIGHT_SECONDS = 7200
"""How long a browser may remember the answer to its preflight request; Chromium takes no more than two hours."""


def static_origin(allowed_origins: Sequence[str]) -> str:
    """Return the one value of Access-Control-Allow-Origin that suits all of these origins.

    What API Gateway and WAF answer by themselves has fixed headers, so they cannot echo one origin of several. For more
    than one it is therefore `*`. That gives nothing away: these answers are the same for everybody, and the gateway,
    which makes all others, does compare origins.
    """
    return allowed_origins[0] if len(allowed_origins) == 1 else "*"


def response_headers(origin: str) -> Mapping[str, str]:
    """Return the headers that let a page of `origin` read an answer, the waiting time included."""
    return {"Access-Control-Allow-Origin": origin, "Access-Control-Expose-Headers": "Retry-After", "Vary": "Origin"}


def preflight_headers(methods: str) -> Mapping[str, str]:
    """Return the headers that, beside `response_headers`, permit these methods with any header.

    The wildcard does not include Authorization. https://fetch.spec.whatwg.org/#cors-non-wildcard-request-header-name
    """
    return {
        "Access-Control-Allow-Methods": methods,
        "Access-Control-Allow-Headers": "Authorization, *",
        "Access-Control-Max-Age": str(PREFLIGHT_SECONDS),
    }
