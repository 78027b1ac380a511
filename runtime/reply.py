"""The answer to one request, and what the metrics say of it."""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import msgspec

from runtime.errors import ApiError
from runtime.metrics import (
    DISCONNECTS,
    GATEWAY_TIME,
    INPUT_TOKENS,
    OUTPUT_TOKENS,
    REJECTIONS,
    REQUEST_LATENCY,
    REQUESTS,
    TIME_TO_FIRST_TOKEN,
    Metric,
    responses_of,
)

Headers = Sequence[tuple[bytes, bytes]]
Send = Callable[[Any], Awaitable[None]]

LAST_WORDS_SECONDS = 1.0
"""How long a client that does not read may hold up the error that ends its stream."""


class Usage(msgspec.Struct):
    """Tokens of a request and of its answer."""

    prompt_tokens: int = 0
    completion_tokens: int = 0


class Reply:
    """Sends the answer, once: whole, or as a stream of server-sent events."""

    def __init__(self, send: Send, *, request_id: str, headers: Headers = ()) -> None:
        self.request_id = request_id
        self.status = 0
        self.admitted = False
        self.client_left = False
        self.usage: Usage | None = None
        self._send = send
        self._headers = [(b"x-request-id", request_id.encode()), *headers]
        self._began = time.monotonic()
        self._streams = False
        self._first_token: float | None = None
        self._received = self._waiting = self._engine_done = 0.0

    def note_received(self) -> None:
        """The whole request is here."""
        self._received = time.monotonic()

    def note_waiting(self) -> None:
        """It waits for its turn, and then for the engine."""
        self._waiting = time.monotonic()

    def note_engine_done(self) -> None:
        """The engine has given all of its answer."""
        self._engine_done = time.monotonic()

    async def whole(self, status: int, content_type: bytes, body: bytes, headers: Headers = ()) -> None:
        """Send a complete answer."""
        await self._start(status, [(b"content-type", content_type), (b"content-length", b"%d" % len(body)), *headers])
        await self._send({"type": "http.response.body", "body": body})

    async def json(self, status: int, value: object, headers: Headers = ()) -> None:
        """Send `value` as JSON."""
        await self.whole(status, b"application/json", msgspec.json.encode(value), headers)

    async def nothing(self, headers: Headers) -> None:
        """Send 204, which has no body."""
        await self._start(204, headers)
        await self._send({"type": "http.response.body"})

    async def start_stream(self) -> None:
        """Send the head of a stream."""
        self._streams = True
        await self._start(
            200, [(b"content-type", b"text/event-stream; charset=utf-8"), (b"cache-control", b"no-cache")]
        )

    async def events(self, data: bytes) -> None:
        """Send complete events of a stream."""
        if self._first_token is None:
            self._first_token = time.monotonic()
        await self._send({"type": "http.response.body", "body": data, "more_body": True})

    async def end_stream(self) -> None:
        """Send the end of a stream."""
        await self._send({"type": "http.response.body"})

    async def fail(self, error: ApiError) -> None:
        """Send an error; a stream that has begun gets it as its last event, another answer is broken off."""
        begun, self.status = self.status, error.status
        if begun and not self._streams:
            return
        if begun:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LAST_WORDS_SECONDS):
                    await self.events(b"data: " + msgspec.json.encode(error.body()) + b"\n\n")
                    await self.end_stream()
            return
        headers = [(b"connection", b"close")] if error.closes else []
        if error.retry_after is not None:
            headers.append((b"retry-after", b"%d" % error.retry_after))
        if error.allow is not None:
            headers.append((b"allow", error.allow.encode()))
        await self.json(error.status, error.body(), headers)

    async def _start(self, status: int, headers: Headers) -> None:
        self.status = status
        await self._send({"type": "http.response.start", "status": status, "headers": [*self._headers, *headers]})

    def metrics(self) -> dict[Metric, float]:
        """Return what this request adds to the metrics."""
        values: dict[Metric, float] = {REQUESTS: 1}
        values[DISCONNECTS if self.client_left else responses_of(self.status)] = 1
        now = time.monotonic()
        if self.admitted:
            values[REQUEST_LATENCY] = _milliseconds(now - self._began)
        elif self.status == 503:
            values[REJECTIONS] = 1
        if self._engine_done:
            values[GATEWAY_TIME] = _milliseconds(self._waiting - self._received + now - self._engine_done)
        if self._first_token is not None:
            values[TIME_TO_FIRST_TOKEN] = _milliseconds(self._first_token - self._began)
        if self.usage is not None:
            values[INPUT_TOKENS] = self.usage.prompt_tokens
            values[OUTPUT_TOKENS] = self.usage.completion_tokens
        return values


def _milliseconds(seconds: float) -> float:
    return round(seconds * 1000, 2)
