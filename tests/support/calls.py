"""Calls of the API, and what is read from their answers."""

import json
from typing import Any

import httpx
from httpx_sse import EventSource

COMPLETIONS = "/v1/completions"


def post(client: httpx.Client, body: object, path: str = COMPLETIONS, **headers: str) -> httpx.Response:
    return client.post(path, json=body, headers=headers)


def error_of(response: httpx.Response) -> dict[str, Any]:
    return response.json()["error"]


def events_of(response: httpx.Response) -> list[Any]:
    texts = [event.data for event in EventSource(response).iter_sse()]
    return [text if text == "[DONE]" else json.loads(text) for text in texts]
