"""Which API a command talks to, and with which key."""

import argparse
from urllib.parse import urlsplit

KEY_VARIABLE = "INFERENCE_API_KEY"
"""Environment variable that holds the API key."""


def api_url(text: str) -> str:
    """Return a URL of an API without a trailing slash; keys and prompts only go over TLS.

    Raises:
        argparse.ArgumentTypeError: it is no such URL.
    """
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise argparse.ArgumentTypeError(f"{text!r} is no URL; it looks like https://host/stage")
    if parts.scheme == "http" and parts.hostname not in ("localhost", "127.0.0.1", "::1"):
        raise argparse.ArgumentTypeError(f"{text!r}: only a local API may go without https")
    return text.rstrip("/").removesuffix("/v1")
