"""HTTP to the engine over loopback: bodies passed on as they come; leaving an exchange early cancels it there.

aiohttp is one of vLLM's own requirements.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import aiohttp


class EngineGoneError(Exception):
    """The engine closed the connection, or accepts none."""


class Answer:
    """The engine's answer to one request, whose head is here."""

    def __init__(self, client: "EngineClient", response: aiohttp.ClientResponse) -> None:
        self.status = response.status
        self.content_type = response.content_type
        self._client = client
        self._response = response

    async def chunk(self) -> bytes:
        """Return what has come of the body; nothing at its end."""
        return await self._response.content.readany()

    async def body(self) -> bytes:
        """Return the whole body."""
        return await self._response.read()

    def note_life(self) -> None:
        """What was read is the work of the engine itself, not only of the process that takes requests for it."""
        self._client.last_life = asyncio.get_running_loop().time()


class EngineClient:
    """Sends requests to the engine on 127.0.0.1. Make it within a running event loop, and close it at the end."""

    def __init__(self, port: int) -> None:
        self.last_life = 0.0
        """Loop time at which the engine's core last wrote for a client.

        vLLM's HTTP server is another process: without the core it still lists models, counts tokens, refuses requests,
        and begins streams.
        """
        self._session = aiohttp.ClientSession(
            f"http://127.0.0.1:{port}",
            connector=aiohttp.TCPConnector(limit=0),
            timeout=aiohttp.ClientTimeout(),
        )

    @asynccontextmanager
    async def request(
        self, method: str, path: str, body: bytes | None = None, *, request_id: str = ""
    ) -> AsyncGenerator[Answer]:
        """Send a request, and enter with its answer; leaving closes the connection unless the answer was read.

        Raises:
            EngineGoneError: the engine closed the connection before the end, or accepts none.
        """
        headers = {"Content-Type": "application/json", "X-Request-Id": request_id}
        try:
            async with self._session.request(method, path, data=body, headers=headers) as response:
                yield Answer(self, response)
        except aiohttp.ClientError:
            raise EngineGoneError from None

    async def close(self) -> None:
        """Close all connections."""
        await self._session.close()
