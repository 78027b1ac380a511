"""What fails in the middle of a stream, after its status 200: a stand-in for the engine says it as vLLM does.

Also which answers show that the engine's core works: its server refuses a request without it, in a stream too.
"""

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
    def __init__(self, chunks: list[bytes], content_type: str, status: int) -> None:
        self.content_type, self.status = content_type, status
        self.lives = 0
        self._chunks = chunks

    async def chunk(self) -> bytes:
        return self._chunks.pop(0) if self._chunks else b""

    async def body(self) -> bytes:
        return b"".join(self._chunks)

    def note_life(self) -> None:
        self.lives += 1


class Engine:
    """Stands for the engine: answers with these chunks."""

    def __init__(self, chunks: list[bytes], content_type: str = "text/event-stream", status: int = 200) -> None:
        self.answer = Answer(chunks, content_type, status)

    @asynccontextmanager
    async def request(self, *_: object, **__: object) -> AsyncGenerator[Answer]:
        yield self.answer


def passed_on(engine: Engine) -> tuple[list[str], int]:
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
                client=cast("EngineClient", engine),
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
    events, status = passed_on(Engine([octets[start : start + cut] for start in range(0, len(octets), cut)]))
    assert events[0] == CHUNK.decode().strip()
    assert json.loads(events[1].removeprefix("data: "))["error"]["code"] == told
    assert len(events) == 2
    assert status == told


def test_stream_that_ends_well_ends_with_done() -> None:
    assert passed_on(Engine([CHUNK, DONE]))[0] == [CHUNK.decode().strip(), DONE.decode().strip()]


@pytest.mark.parametrize(
    ("engine", "shows"),
    [
        (Engine([CHUNK, error_event(500)]), True),
        (Engine([error_event(400), DONE]), False),
        (Engine([]), False),
        (Engine([b"{}"], "application/json"), True),
        (Engine([b"{}"], "application/json", 400), False),
    ],
    ids=["stream", "refused in a stream", "head of a stream", "answer", "refused"],
)
def test_only_what_the_core_wrote_shows_that_it_works(engine: Engine, shows: bool) -> None:
    passed_on(engine)
    assert bool(engine.answer.lives) == shows
