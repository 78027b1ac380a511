"""A stand-in for vLLM that answers at the speed, and fails in the way, that a request's own prompt says.

A prompt is a `Script` as JSON; any other is answered at once. `POST /die` and `POST /hang` end or stop the process;
after `POST /hang-core` it only does what vLLM's HTTP server does by itself.
"""

import argparse
import asyncio
import logging
import os
import time
from collections.abc import AsyncIterator
from enum import StrEnum

import msgspec
from aiohttp import web

MAX_MODEL_LEN = 4096

CORE_HANGS = web.AppKey("CORE_HANGS", asyncio.Event)
STREAM_HEADERS = {"Content-Type": "text/event-stream; charset=utf-8"}


class Fault(StrEnum):
    """How an answer goes wrong."""

    NONE = "none"
    RESET = "reset"  # the connection is reset in the middle
    HALF = "half"  # the answer ends in the middle, as if it were complete
    GARBAGE = "garbage"  # no JSON, or in a stream no HTTP
    ERROR = "error"  # status 500
    SILENT = "silent"  # no answer at all


class Script(msgspec.Struct, kw_only=True):
    """What the engine answers to one request.

    Attributes:
        id: Begins each token, so that no answer can be taken for another's.
        tokens: How many there are.
        gap_seconds: Time before each of them.
        token_bytes: Size of each, if that is more than its number needs.
        fault: What goes wrong.
    """

    id: str
    tokens: int = 1
    gap_seconds: float = 0.0
    token_bytes: int = 0
    fault: Fault = Fault.NONE

    def token(self, number: int) -> str:
        """Return one token."""
        return f" {self.id}-{number}".ljust(self.token_bytes, ".")

    def text(self) -> str:
        """Return the whole answer."""
        return "".join(map(self.token, range(self.tokens)))


class _Message(msgspec.Struct):
    content: str = ""


class _Asked(msgspec.Struct):
    prompt: str | list[str] = ""
    messages: list[_Message] = []
    stream: bool = False

    def script(self) -> Script:
        text = self.messages[-1].content if self.messages else self.prompt
        try:
            return msgspec.json.decode(text if isinstance(text, str) else "", type=Script)
        except msgspec.DecodeError:
            return Script(id="check")


async def answer(request: web.Request) -> web.StreamResponse:
    """Answer a completion as its script says."""
    asked = msgspec.json.decode(await request.read(), type=_Asked)
    script = asked.script()
    if request.app[CORE_HANGS].is_set():
        if asked.stream:
            await web.StreamResponse(headers=STREAM_HEADERS).prepare(request)
        await asyncio.Event().wait()
    if script.fault is Fault.SILENT:
        await asyncio.Event().wait()
    if script.fault is Fault.ERROR:
        error = {"message": "a fault", "type": "InternalServerError", "param": None, "code": 500}
        return web.json_response({"error": error}, status=500)
    chat = bool(asked.messages)
    return await (_stream if asked.stream else _whole)(request, script, chat=chat)


async def _whole(request: web.Request, script: Script, *, chat: bool) -> web.StreamResponse:
    await asyncio.sleep(script.gap_seconds * script.tokens)
    choice = {"message": {"role": "assistant", "content": script.text()}} if chat else {"text": script.text()}
    body = msgspec.json.encode(
        {"id": script.id, "choices": [{"index": 0, **choice, "finish_reason": "length"}], "usage": _usage(script)}
    )
    response = web.StreamResponse(headers={"Content-Type": "application/json", "Content-Length": str(len(body))})
    match script.fault:
        case Fault.GARBAGE:
            body = b"\xff" * len(body)
        case Fault.HALF | Fault.RESET:
            body = body[: len(body) // 2]
        case _:
            pass
    await response.prepare(request)
    await response.write(body)
    if script.fault in (Fault.HALF, Fault.RESET):
        _close(request, reset=script.fault is Fault.RESET)
    return response


async def _stream(request: web.Request, script: Script, *, chat: bool) -> web.StreamResponse:
    response = web.StreamResponse(headers=STREAM_HEADERS)
    response.enable_chunked_encoding()
    await response.prepare(request)
    async for event in _events(script, chat=chat):
        await response.write(b"data: " + event + b"\n\n")
    match script.fault:
        case Fault.RESET:
            _close(request, reset=True)
        case Fault.GARBAGE if request.transport is not None:
            request.transport.write(b"\xff no chunk of a stream \xff\r\n" * 2)
            _close(request, reset=False)
        case _:
            pass
    return response


async def _events(script: Script, *, chat: bool) -> AsyncIterator[bytes]:
    for number in range(script.tokens if script.fault is Fault.NONE else script.tokens // 2):
        if script.gap_seconds:
            await asyncio.sleep(script.gap_seconds)
        token = script.token(number)
        choice = {"delta": {"content": token}} if chat else {"text": token}
        yield msgspec.json.encode({"id": script.id, "choices": [{"index": 0, **choice, "finish_reason": None}]})
    if script.fault is Fault.NONE:
        yield msgspec.json.encode({"id": script.id, "choices": [], "usage": _usage(script)})
        yield b"[DONE]"


def _usage(script: Script) -> dict[str, int]:
    return {"prompt_tokens": 1, "completion_tokens": script.tokens, "total_tokens": script.tokens + 1}


def _close(request: web.Request, *, reset: bool) -> None:
    if request.transport is not None:
        (request.transport.abort if reset else request.transport.close)()


async def tokenize(_: web.Request) -> web.Response:
    """Say that any prompt is short."""
    return web.json_response({"count": 8, "max_model_len": MAX_MODEL_LEN})


async def models(_: web.Request) -> web.Response:
    """List one model."""
    return web.json_response({"object": "list", "data": [{"id": "stand-in", "object": "model"}]})


async def die(_: web.Request) -> web.Response:
    """End the process, as a fault of the GPU does."""
    os._exit(1)


async def hang(_: web.Request) -> web.Response:
    """Stop answering, without an end."""
    while True:
        time.sleep(3600)


async def hang_core(request: web.Request) -> web.Response:
    """Let no answer go on from now on."""
    request.app[CORE_HANGS].set()
    return web.Response()


def main() -> None:
    """Serve on the port that vLLM would be given."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    port: int = parser.parse_known_args()[0].port
    # a traceback for each client that leaves
    logging.getLogger("aiohttp").setLevel(logging.CRITICAL)
    app = web.Application()
    app[CORE_HANGS] = asyncio.Event()
    for path in ("/v1/completions", "/v1/chat/completions"):
        app.router.add_post(path, answer)
    app.router.add_get("/v1/models", models)
    for path, handler in (("/tokenize", tokenize), ("/die", die), ("/hang", hang), ("/hang-core", hang_core)):
        app.router.add_post(path, handler)
    web.run_app(app, host="127.0.0.1", port=port, print=None, access_log=None, keepalive_timeout=120)


if __name__ == "__main__":
    main()
