"""A stand-in for the API, which answers what a test tells it to: every error state, and streams piece by piece."""

import json
import queue
import socket
import threading
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from inference_constructs.api.cors import preflight_headers, response_headers

WAIT_SECONDS = 20
"""How long a server thread waits for a test's next word before it gives up."""


@dataclass(frozen=True, kw_only=True)
class Reply:
    """One complete answer."""

    status: int
    body: str
    headers: Mapping[str, str] = field(default_factory=dict[str, str])


def error_reply(status: int, message: str, *, retry_after: int | None = None) -> Reply:
    """Return an error in OpenAI's shape."""
    headers = {"Content-Type": "application/json"}
    if retry_after is not None:
        headers["Retry-After"] = str(retry_after)
    error = {"message": message, "type": "error", "param": None, "code": status}
    return Reply(status=status, body=json.dumps({"error": error}), headers=headers)


def health_reply(status: str, **details: object) -> Reply:
    """Return what /health says, 200 only when ready."""
    body = json.dumps({"status": status, **details})
    return Reply(status=200 if status == "ready" else 503, body=body, headers={"Content-Type": "application/json"})


class Stream:
    """An answer of server-sent events that the test writes while the page reads."""

    def __init__(self) -> None:
        self._pieces: queue.Queue[bytes | None] = queue.Queue()
        self.client_left = threading.Event()

    def raw(self, data: str) -> None:
        """Send one event with `data` as it is."""
        self._pieces.put(f"data: {data}\n\n".encode())

    def partial(self, octets: bytes) -> None:
        """Send octets that need not be a whole event, nor a whole character."""
        self._pieces.put(octets)

    def token(self, text: str, finish_reason: str | None = None) -> None:
        """Send one chunk of the answer."""
        choice = {"index": 0, "delta": {"content": text}, "finish_reason": finish_reason}
        self.raw(json.dumps({"choices": [choice]}))

    def done(self, completion_tokens: int) -> None:
        """End as OpenAI's API does: the usage, then [DONE]."""
        self.raw(json.dumps({"choices": [], "usage": {"completion_tokens": completion_tokens}}))
        self.raw("[DONE]")
        self.end()

    def end(self) -> None:
        """End the HTTP response in order, whatever was sent before."""
        self._pieces.put(b"")

    def cut(self) -> None:
        """Break the connection."""
        self._pieces.put(None)

    def pieces(self, connection: socket.socket) -> Iterator[bytes | None]:
        """Yield what the test sends, until it ends or the client leaves."""
        connection.settimeout(0.02)
        for _ in range(int(WAIT_SECONDS / 0.02)):
            try:
                while True:
                    piece = self._pieces.get_nowait()
                    yield piece
                    if not piece:
                        return
            except queue.Empty:
                if _has_left(connection):
                    self.client_left.set()
                    return


def _has_left(connection: socket.socket) -> bool:
    """Wait briefly for the client to close its side."""
    try:
        return connection.recv(1, socket.MSG_PEEK) == b""
    except TimeoutError:
        return False
    except OSError:
        return True


@dataclass(frozen=True, kw_only=True)
class Received:
    """A request that the page sent."""

    headers: Message
    body: Any


class ScriptedApi:
    """Answers each POST with the next of `replies`, and /health with `health`."""

    def __init__(self) -> None:
        self.url = ""
        self.health = health_reply("ready", model="scripted")
        self.replies: queue.Queue[Reply | Stream] = queue.Queue()
        self.received: list[Received] = []

    def will_reply(self, reply: Reply) -> None:
        """Queue a complete answer."""
        self.replies.put(reply)

    def will_stream(self) -> Stream:
        """Queue an answer that the test writes."""
        stream = Stream()
        self.replies.put(stream)
        return stream


def _handler(api: ScriptedApi) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, format: str, *args: object) -> None:
            pass

        def do_OPTIONS(self) -> None:
            self._start(204, {"Content-Length": "0"})

        def do_GET(self) -> None:
            self._reply(api.health)

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            api.received.append(Received(headers=self.headers, body=body))
            reply = api.replies.get(timeout=WAIT_SECONDS)
            self._stream(reply) if isinstance(reply, Stream) else self._reply(reply)

        def _start(self, status: int, headers: Mapping[str, str]) -> None:
            self.send_response(status)
            cors = {**response_headers("*"), **preflight_headers("GET, POST, OPTIONS")}
            for name, value in {**headers, **cors}.items():
                self.send_header(name, value)
            self.end_headers()

        def _reply(self, reply: Reply) -> None:
            content = reply.body.encode()
            self._start(reply.status, {**reply.headers, "Content-Length": str(len(content))})
            self.wfile.write(content)

        def _stream(self, stream: Stream) -> None:
            self._start(200, {"Content-Type": "text/event-stream", "Transfer-Encoding": "chunked"})
            self.close_connection = True
            for piece in stream.pieces(self.connection):
                if piece is None:
                    return
                self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece))

    return Handler


@contextmanager
def serving(handler: type[BaseHTTPRequestHandler], port: int = 0) -> Generator[str]:
    """Serve on loopback, on a free port unless one is given, and yield the URL without a trailing slash."""
    with ThreadingHTTPServer(("127.0.0.1", port), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def scripted_api() -> Generator[ScriptedApi]:
    """Serve a ScriptedApi."""
    api = ScriptedApi()
    with serving(_handler(api)) as api.url:
        yield api
