"""What fails in the middle of a stream, after its status 200: a stand-in for the engine says it as vLLM does."""

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, nullcontext
from typing import Any, cast

import pytest

from runtime.engine_client import EngineClient
from runtime.errors import ApiError
from runtime.relay import relay
from runtime.reply import Reply
from runtime.validation import CompletionRequest

CHUNK = b'data: {"choices":[{"index":0,"text":"Hello \\"error\\":"}]}\n\n'
DONE = b"data: [DONE]\n\n"


def error_event(code: int) -> bytes:
    """As `create_streaming_error_response` of vllm/entrypoints/generate/base/serving.py writes it."""
    error = {"message": "no such grammar", "type": "BadRequestError", "param": "response_format", "code": code}
    return f"data: {json.dumps({'error': error})}\n\n".encode()


class Nothing:
    """Stands for the context's check, which has nothing to say here."""

    async def refuse_overflow(self, _: object) -> None: ...


class Answer:
    status = 200
    content_type = "text/event-stream"

    def __init__(self, chunks: list[bytes]) -> None:
        self._chunks = chunks

    async def chunk(self) -> bytes:
        return self._chunks.pop(0) if self._chunks else b""


class Engine:
    """Stands for the engine: answers with these chunks."""

    def __init__(self, chunks: list[bytes]) -> None:
        self._chunks = chunks

    @asynccontextmanager
    async def request(self, *_: object, **__: object) -> AsyncGenerator[Answer]:
        yield Answer(self._chunks)


def streamed(chunks: list[bytes]) -> tuple[list[str], int]:
    """Return the events that a client gets, and the status that the metrics count."""
    sent: list[bytes] = []

    async def send(message: Any) -> None:
        sent.append(message.get("body", b""))

    async def run() -> int:
        reply = Reply(send, request_id="1", headers=())
        try:
            await relay(
                "/v1/completions",
                CompletionRequest(prompt="a", stream=True),
                reply,
                client=cast("EngineClient", Engine(chunks)),
                context=cast("Any", Nothing()),
                place=cast("Any", nullcontext()),
                timeout_seconds=10,
                max_output_tokens=10,
                tool_parser="",
                client_left=asyncio.get_running_loop().create_future(),
            )
        except ApiError as error:
            await reply.fail(error)
        return reply.status

    status = asyncio.run(run())
    return [event for event in b"".join(sent).decode().split("\n\n") if event], status


@pytest.mark.req("R7.1", "R7.3")
@pytest.mark.parametrize(("said", "told"), [(400, 400), (500, 503)])
@pytest.mark.parametrize("cut", [1, 7, 10_000])
def test_stream_that_fails_ends_with_the_error_and_without_done(said: int, told: int, cut: int) -> None:
    octets = CHUNK + error_event(said) + DONE
    events, status = streamed([octets[start : start + cut] for start in range(0, len(octets), cut)])
    assert events[0] == CHUNK.decode().strip()
    assert json.loads(events[1].removeprefix("data: "))["error"]["code"] == told
    assert len(events) == 2
    assert status == told


def test_stream_that_ends_well_ends_with_done() -> None:
    assert streamed([CHUNK, DONE])[0] == [CHUNK.decode().strip(), DONE.decode().strip()]
