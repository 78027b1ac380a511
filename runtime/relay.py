"""A completion's way through the engine: within the deadline, for as long as the client stays."""

import asyncio
import contextlib

import msgspec

from runtime.admission import Place
from runtime.context import Context
from runtime.engine_client import Answer, EngineClient, EngineGoneError
from runtime.errors import ApiError, unavailable
from runtime.reply import Reply, Usage
from runtime.tool_calls import ToolCalls
from runtime.tools import for_engine
from runtime.validation import Request, encode_for_engine, wants_usage

CLIENT_LEFT = "client_left"
"""Key in a request's ASGI state: a future that is done once its connection is lost."""

USAGE_MARK = b'"choices":[]'
"""Only the event that reports the usage has it: inside a JSON string the quotes would be escaped."""

DONE = b"data: [DONE]"
"""The last event of a stream that vLLM brought to its end."""

ERROR_MARK = b'data: {"error":'
"""Beginning of vLLM's event for what fails within a stream. A [DONE] follows it, as if the answer were whole."""

RESTART_SECONDS = 30
"""Retry-After when the engine broke off: it is started again, or this host is taken out of rotation."""


class _WithUsage(msgspec.Struct):
    usage: Usage | None = None


class _Error(msgspec.Struct):
    message: str
    code: int
    param: str | None = None


class _WithError(msgspec.Struct):
    error: _Error


async def relay(
    path: str,
    request: Request,
    reply: Reply,
    *,
    client: EngineClient,
    context: Context,
    place: Place,
    timeout_seconds: float,
    max_output_tokens: int,
    tool_parser: str,
    client_left: asyncio.Future[None],
) -> None:
    """Wait for a turn, then pass the engine's answer on to `reply`.

    The deadline closes the connection to the engine, which cancels the work there. So does `client_left`, which is
    done once the client is gone.

    Raises:
        ApiError: 504 past the deadline, 503 when the engine broke off, answered what is no JSON, or the place went to
            another client, 400 when it does not fit into the context.
    """
    with_usage = wants_usage(request)
    request, calls = for_engine(request, tool_parser)
    body = encode_for_engine(request, max_output_tokens=max_output_tokens)
    deadline = asyncio.timeout(timeout_seconds)

    def leave(_: object) -> None:
        with contextlib.suppress(RuntimeError):  # the deadline is over, one way or the other
            deadline.reschedule(asyncio.get_running_loop().time())

    try:
        async with deadline:
            client_left.add_done_callback(leave)
            reply.note_waiting()
            async with place:
                await context.refuse_overflow(request)
                async with client.request("POST", path, body, request_id=reply.request_id) as answer:
                    await _pass_on(answer, reply, calls, with_usage=with_usage)
    except TimeoutError:
        reply.client_left = client_left.done()
        if not reply.client_left:
            raise ApiError(
                504, f"No complete answer within {timeout_seconds:g} seconds; ask for fewer tokens."
            ) from None
    except (EngineGoneError, msgspec.DecodeError):
        raise unavailable(
            "The model stopped while it worked on this; it is being restarted.", RESTART_SECONDS
        ) from None
    finally:
        client_left.remove_done_callback(leave)


async def _pass_on(answer: Answer, reply: Reply, calls: ToolCalls | None, *, with_usage: bool) -> None:
    if answer.content_type == "text/event-stream":
        await _pass_on_stream(answer, reply, calls, with_usage=with_usage)
        return
    body = await answer.body()
    reply.note_engine_done()
    if answer.status >= 500:
        raise EngineGoneError
    if answer.status == 200:
        answer.note_life()
        reply.usage = _usage_of(body)
        body = calls.whole(body) if calls else body
    await reply.whole(answer.status, b"application/json", body)


async def _pass_on_stream(answer: Answer, reply: Reply, calls: ToolCalls | None, *, with_usage: bool) -> None:
    await reply.start_stream()
    rest, done = b"", False
    while data := await answer.chunk():
        events, separator, rest = (rest + data).rpartition(b"\n\n")
        events, mark, error = events.partition(ERROR_MARK)
        done = done or events.endswith(DONE)
        if events:
            answer.note_life()
        if USAGE_MARK in events:
            events = _take_usage(events, reply, keep=with_usage)
        if events and calls:
            events = calls.events(events)
        if events:
            await reply.events(events + separator)
        if mark:
            raise _failure(mark + error)
    reply.note_engine_done()
    if not done:
        raise EngineGoneError
    await reply.end_stream()


def _failure(events: bytes) -> ApiError | EngineGoneError:
    """Return what the first of the events, which is an error, tells a client."""
    event, _, _ = events.partition(b"\n\n")
    error = msgspec.json.decode(event.removeprefix(b"data: "), type=_WithError).error
    return EngineGoneError() if error.code >= 500 else ApiError(error.code, error.message, param=error.param)


def _take_usage(events: bytes, reply: Reply, *, keep: bool) -> bytes:
    """Note the usage that an event reports, and take that event out unless the client asked for it."""
    kept: list[bytes] = []
    for event in events.split(b"\n\n"):
        if USAGE_MARK in event:
            reply.usage = _usage_of(event.removeprefix(b"data: "))
        if keep or USAGE_MARK not in event:
            kept.append(event)
    return b"\n\n".join(kept)


def _usage_of(answer: bytes) -> Usage | None:
    return msgspec.json.decode(answer, type=_WithUsage).usage
