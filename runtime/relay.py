"""A completion's way through the engine: within the deadline, for as long as the client stays."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

from runtime.admission import Admission
from runtime.engine_client import Connection, EngineClient, EngineGone
from runtime.errors import ApiError, unavailable
from runtime.reply import Reply, Usage
from runtime.validation import Request, encode_for_engine, wants_usage

ClientLeft = Callable[[], Awaitable[Any]]

USAGE_MARK = b'"choices":[]'
"""Only the event that reports the usage has it: inside a JSON string the quotes would be escaped."""

RESTART_SECONDS = 30
"""Retry-After when the engine broke off: it is started again, or this host is taken out of rotation."""


class _Answer(msgspec.Struct):
    usage: Usage | None = None


_answer = msgspec.json.Decoder(_Answer)


async def relay(
    path: str,
    request: Request,
    reply: Reply,
    *,
    client: EngineClient,
    admission: Admission,
    timeout_seconds: float,
    client_left: ClientLeft,
) -> None:
    """Wait for a turn, then pass the engine's answer on to `reply`.

    `client_left` returns once the client is gone. That, and the deadline, close the connection to the engine, which
    cancels the work there.

    Raises:
        ApiError: 504 past the deadline, 503 when the engine broke off.
    """
    body = encode_for_engine(request)
    deadline = asyncio.timeout(timeout_seconds)
    leaving = asyncio.ensure_future(client_left())
    try:
        async with deadline:
            leaving.add_done_callback(lambda task: task.cancelled() or _expire_now(deadline))
            async with admission.slot(), client.request("POST", path, body, request_id=reply.request_id) as answer:
                await _pass_on(answer, request, reply)
    except TimeoutError:
        reply.client_left = leaving.done()
        if not reply.client_left:
            raise ApiError(504, f"No complete answer within {timeout_seconds:g} seconds.") from None
    except EngineGone:
        raise unavailable("The model stopped while it worked on this; it is being restarted.", RESTART_SECONDS) from None
    finally:
        leaving.cancel()


def _expire_now(deadline: asyncio.Timeout) -> None:
    with contextlib.suppress(RuntimeError):  # it is over
        deadline.reschedule(asyncio.get_running_loop().time())


async def _pass_on(answer: Connection, request: Request, reply: Reply) -> None:
    if answer.content_type.startswith(b"text/event-stream"):
        await _pass_on_stream(answer, reply, with_usage=wants_usage(request))
        return
    body = await answer.body()
    if answer.status >= 500:
        raise EngineGone
    if answer.status == 200:
        reply.usage = _answer.decode(body).usage
    await reply.whole(answer.status, b"application/json", body)


async def _pass_on_stream(answer: Connection, reply: Reply, *, with_usage: bool) -> None:
    await reply.start_stream()
    rest = b""
    while data := await answer.chunk():
        events, separator, rest = (rest + data).rpartition(b"\n\n")
        if USAGE_MARK in events:
            events = _take_usage(events, reply, keep=with_usage)
        if events:
            await reply.events(events + separator)
    await reply.end_stream()


def _take_usage(events: bytes, reply: Reply, *, keep: bool) -> bytes:
    """Note the usage that an event reports, and take that event out unless the client asked for it."""
    kept: list[bytes] = []
    for event in events.split(b"\n\n"):
        if USAGE_MARK in event:
            reply.usage = _answer.decode(event.removeprefix(b"data: ")).usage
        if keep or USAGE_MARK not in event:
            kept.append(event)
    return b"\n\n".join(kept)
