"""HTTP to the engine over loopback: kept-alive connections, bodies passed on as they come, cancelled by closing.

httptools parses, as it does in uvicorn; a general client costs more than all the rest of the gateway.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from types import TracebackType
from typing import cast

import httptools

IDLE_SECONDS = 60.0
"""Idle connections older than this are not used again; the engine keeps them for longer (engine.py)."""

BUFFER_BYTES = 262_144
"""Unread bytes of an answer at which reading from the engine pauses."""


class EngineGoneError(Exception):
    """The engine closed the connection, or accepts none."""


class Connection(asyncio.Protocol):
    """One connection to the engine, and the answer that is under way on it."""

    def __init__(self, on_data: Callable[[], None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._on_data = on_data
        self._parser = httptools.HttpResponseParser(self)
        self._transport: asyncio.Transport
        self._waiter: asyncio.Future[None] | None = None
        self._lost = False
        self.idle_since = 0.0
        self._reset()

    def _reset(self) -> None:
        self._started = self._complete = self._keeps_alive = self._paused = False
        self._chunks: deque[bytes] = deque()
        self._buffered = 0
        self.status = 0
        self.content_type = b""

    @property
    def reusable(self) -> bool:
        """Whether the answer is complete, was read, and the engine keeps the connection open."""
        return self._complete and self._keeps_alive and not self._lost and not self._paused

    async def send(self, request: bytes) -> None:
        """Send a whole request, and return once the head of the answer is here.

        Raises:
            EngineGoneError: the connection was closed before.
        """
        self._reset()
        if not self._lost:
            self._transport.write(request)
        while not self._started:
            await self._progress()

    async def chunk(self) -> bytes:
        """Return what has come of the body; nothing at its end.

        Raises:
            EngineGoneError: the connection was closed before the end.
        """
        while not self._chunks and not self._complete:
            await self._progress()
        data = b"".join(self._chunks)
        self._chunks.clear()
        self._buffered = 0
        if self._paused:
            self._paused = False
            self._transport.resume_reading()
        return data

    async def body(self) -> bytes:
        """Return the whole body.

        Raises:
            EngineGoneError: the connection was closed before the end.
        """
        parts: list[bytes] = []
        while part := await self.chunk():
            parts.append(part)
        return b"".join(parts)

    def abort(self) -> None:
        """Close at once: vLLM cancels the work for a connection that is closed."""
        self._transport.abort()

    async def _progress(self) -> None:
        if self._lost:
            raise EngineGoneError
        self._waiter = self._loop.create_future()
        await self._waiter

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport (asyncio.Protocol)."""
        # uvloop's transports have the methods of asyncio.Transport, but are no subclass
        self._transport = cast(asyncio.Transport, transport)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  the interface of asyncio.Protocol
        """Fail whoever waits (asyncio.Protocol)."""
        self._lost = True
        self._wake()

    def data_received(self, data: bytes) -> None:
        """Parse what came (asyncio.Protocol)."""
        self._on_data()
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            self.abort()
        self._wake()

    def on_header(self, name: bytes, value: bytes) -> None:
        """Note what kind of body comes (httptools)."""
        if name.lower() == b"content-type":
            self.content_type = value

    def on_headers_complete(self) -> None:
        """Note the status (httptools)."""
        self.status = self._parser.get_status_code()
        self._started = True

    def on_body(self, data: bytes) -> None:
        """Keep a piece of the body, and stop reading when too many are unread (httptools)."""
        self._chunks.append(data)
        self._buffered += len(data)
        if self._buffered > BUFFER_BYTES and not self._paused:
            self._paused = True
            self._transport.pause_reading()

    def on_message_complete(self) -> None:
        """Note the end, and whether another request may follow (httptools)."""
        self._keeps_alive = self._parser.should_keep_alive()
        self._complete = True


class EngineClient:
    """Sends requests to the engine on 127.0.0.1, each on a connection of its own while it lasts."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._idle: list[Connection] = []
        self._busy: set[Connection] = set()
        self.last_data = 0.0
        """Loop time at which the engine last sent anything."""

    def _note_data(self) -> None:
        self.last_data = asyncio.get_running_loop().time()

    def request(self, method: str, path: str, body: bytes = b"", *, request_id: str = "") -> "Exchange":
        """Return the exchange to enter with `async with`."""
        head = (
            f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Request-Id: {request_id}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        return Exchange(self, head.encode() + body)

    async def connect(self) -> Connection:
        """Return an idle connection, or a new one.

        Raises:
            EngineGoneError: nothing listens.
        """
        loop = asyncio.get_running_loop()
        while self._idle:
            connection = self._idle.pop()
            if connection.reusable and loop.time() - connection.idle_since < IDLE_SECONDS:
                self._busy.add(connection)
                return connection
            connection.abort()
        try:
            _, connection = await loop.create_connection(lambda: Connection(self._note_data), "127.0.0.1", self._port)
        except OSError:
            raise EngineGoneError from None
        self._busy.add(connection)
        return connection

    def release(self, connection: Connection) -> None:
        """Keep a connection for the next request, or close it when its answer was left unfinished."""
        self._busy.discard(connection)
        if connection.reusable:
            connection.idle_since = self.last_data
            self._idle.append(connection)
        else:
            connection.abort()

    def abort(self) -> None:
        """Break off all exchanges: each raises EngineGoneError."""
        for connection in self._busy:
            connection.abort()


class Exchange:
    """A request and its answer: entering sends, leaving releases the connection."""

    def __init__(self, client: EngineClient, request: bytes) -> None:
        self._client = client
        self._request = request
        self._connection: Connection | None = None

    async def __aenter__(self) -> Connection:
        self._connection = await self._client.connect()
        try:
            await self._connection.send(self._request)
        except BaseException:
            self._client.release(self._connection)
            raise
        return self._connection

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._connection is not None:
            self._client.release(self._connection)
