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
        data = await self._response.content.readany()
        self._client.note_data()
        return data

    async def body(self) -> bytes:
        """Return the whole body."""
        data = await self._response.read()
        self._client.note_data()
        return data


class EngineClient:
    """Sends requests to the engine on 127.0.0.1. Make it within a running event loop, and close it at the end."""

    def __init__(self, port: int) -> None:
        self.last_data = 0.0
        """Loop time at which the engine last sent anything."""
        self._session = aiohttp.ClientSession(
            f"http://127.0.0.1:{port}",
            connector=aiohttp.TCPConnector(limit=0),
            timeout=aiohttp.ClientTimeout(),
        )

    def note_data(self) -> None:
        """The engine has sent something."""
        self.last_data = asyncio.get_running_loop().time()

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
                self.note_data()
                yield Answer(self, response)
        except aiohttp.ClientError:
            raise EngineGoneError from None

    async def close(self) -> None:
        """Close all connections."""
        await self._session.close()
