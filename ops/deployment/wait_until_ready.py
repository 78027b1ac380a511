"""Wait for a service that was just deployed, and show how its boot goes on."""

import time

import httpx
from rich.console import Console

from ops.deployment.progress import Progress


def state_of(url: str) -> str:
    """Return in a word or two what the API says about itself now."""
    try:
        response = httpx.get(f"{url}/health", timeout=10)
    except httpx.HTTPError as error:
        return f"no answer ({type(error).__name__})"
    try:
        health = response.json()
        return health["status"] if health["status"] == "ready" else f"{health['status']}: {health['stage']}"
    except (ValueError, KeyError, TypeError):
        return f"HTTP {response.status_code}, no host answers yet"


CLOSED_SECONDS = 600
"""A longer wait than any boot: the API has office hours, and no host until they begin."""


def closed(url: str) -> str | None:
    """Return what the API says outside its office hours; None where it does not say that it is closed."""
    try:
        response = httpx.get(f"{url}/health", timeout=10)
        wait = int(response.headers.get("Retry-After", 0))
        return response.json()["error"]["message"] if wait > CLOSED_SECONDS else None
    except (httpx.HTTPError, ValueError, KeyError, TypeError):
        return None


def wait_until_ready(url: str, seconds: float, console: Console, interval: float = 2) -> bool:
    """Print each state of the API as it comes, and return whether it was ready in time.

    Args:
        url: Of the API, without a trailing slash.
        seconds: How long to wait.
        console: Where to print.
        interval: Seconds between two looks; 2 are 30 a minute, well under the rate limit.
    """
    progress = Progress(console)
    while progress.seconds < seconds:
        state = state_of(url)
        progress.show(state)
        if state == "ready":
            return True
        time.sleep(interval)
    return False
