"""Which model a live API serves."""

import sys

import httpx

from ops.shared.api_url import KEY_VARIABLE


def key_header(key: str | None) -> dict[str, str]:
    """Return the header that carries an API key; none without a key."""
    return {"Authorization": f"Bearer {key}"} if key else {}


def served_model(url: str, key: str | None) -> str:
    """Return the name of the model that the API serves.

    Raises:
        SystemExit: the API does not answer, or not as it should.
    """
    try:
        response = httpx.get(f"{url}/v1/models", headers=key_header(key), timeout=30)
    except httpx.HTTPError as error:
        sys.exit(f"error: {url} does not answer: {error}")
    if response.status_code == 401:
        sys.exit(f"error: {url} needs an API key: set {KEY_VARIABLE}")
    if response.status_code != 200:
        sys.exit(f"error: {url}/v1/models answers {response.status_code}: {response.text[:200]}")
    return response.json()["data"][0]["id"]
