"""The ASGI application: routes, request ids, CORS, and one metrics document for each completion, refused ones too."""

import asyncio
import logging
import random
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from runtime.admission import Admission
from runtime.context import Context
from runtime.engine_client import EngineClient, EngineGoneError
from runtime.errors import ApiError, bad_request, unavailable
from runtime.lifecycle import Lifecycle, Status
from runtime.metrics import KEY_ID
from runtime.policy import refuse_by_policy, sequences_of
from runtime.publisher import Publisher
from runtime.rate_limit import RateLimit, client_of
from runtime.relay import CLIENT_LEFT, relay
from runtime.reply import Headers, Reply, Send
from runtime.settings import Settings
from runtime.validation import COMPLETION_PATHS, Request, parse

log = logging.getLogger(__name__)

METHOD_OF_PATH = {
    **dict.fromkeys(COMPLETION_PATHS, "POST"),
    "/v1/models": "GET",
    "/health": "GET",
    "/openapi.json": "GET",
}

OPENAPI = Path(__file__).with_name("openapi.json").read_bytes()

REQUEST_ID = re.compile(r"[\w.:=;-]{1,128}", re.ASCII)
"""What is passed through as x-request-id; anything else is replaced, so that logs stay clean."""

API_KEY_ID = re.compile(r"[A-Za-z0-9]{10,64}")
"""What is logged as an API key's id; API Gateway's have 10 letters and digits, and the edge's "removed" is none."""


class App:
    """Answers each request from the state of the host, or through the engine."""

    def __init__(
        self,
        settings: Settings,
        lifecycle: Lifecycle,
        admission: Admission,
        client: EngineClient,
        publisher: Publisher,
    ) -> None:
        self._settings = settings
        self._lifecycle = lifecycle
        self._admission = admission
        self._client = client
        self._context = Context(client)
        self._publisher = publisher
        self._rate_limit = RateLimit(settings.rate_limit_per_minute)
        self._address_header = settings.client_address_header.encode()
        self._key_id_header = settings.api_key_id_header.encode()

    async def __call__(self, scope: Any, receive: Any, send: Send) -> None:
        """Answer one HTTP request (ASGI 3)."""
        headers: dict[bytes, bytes] = dict(scope["headers"])
        reply = Reply(send, request_id=_request_id(headers), headers=self._cors(headers))
        path = self._path(scope["path"])
        try:
            await self._route(scope, path, headers, receive, reply, self._client_of(scope, headers))
        except ApiError as error:
            await reply.fail(error)
        except Exception:
            log.exception("request %s failed", reply.request_id)
            await reply.fail(ApiError(500, "The gateway failed; the log has the reason under this request id."))
        if path in COMPLETION_PATHS and scope["method"] == "POST":
            self._publish(path, reply, self._key_id(headers))

    def _client_of(self, scope: Any, headers: Mapping[bytes, bytes]) -> str:
        """Return whom to count a request for: who the edge says that it saw, or else the peer."""
        address = headers.get(self._address_header, b"").decode("latin-1") if self._address_header else ""
        peer = scope["client"]
        return client_of(address or (peer[0] if peer else ""))

    def _key_id(self, headers: Mapping[bytes, bytes]) -> dict[str, str]:
        """Return the id of the API key, as a property of the request's document; none where the edge passed none."""
        given = headers.get(self._key_id_header, b"").decode("latin-1") if self._key_id_header else ""
        return {KEY_ID: given} if API_KEY_ID.fullmatch(given) else {}

    def _path(self, path: str) -> str:
        root = self._settings.root_path
        return path[len(root) :] if root and path.startswith(f"{root}/") else path

    def _cors(self, headers: Mapping[bytes, bytes]) -> Headers:
        """Return the headers that let the origin's scripts read the answer.

        https://fetch.spec.whatwg.org/#http-cors-protocol
        """
        allowed = self._settings.cors_origins
        origin = headers.get(b"origin", b"")
        if not allowed:
            return ()
        if "*" not in allowed and origin.decode("latin-1") not in allowed:
            return ((b"vary", b"Origin"),)
        return (
            (b"access-control-allow-origin", b"*" if "*" in allowed else origin),
            (b"access-control-expose-headers", b"Retry-After, X-Request-Id"),
            (b"vary", b"Origin"),
        )

    async def _route(
        self, scope: Any, path: str, headers: Mapping[bytes, bytes], receive: Any, reply: Reply, client: str
    ) -> None:
        method, expected = scope["method"], METHOD_OF_PATH.get(path)
        if path != "/health" and method != "OPTIONS":
            self._rate_limit.count(client)
        if expected is None:
            raise ApiError(404, f"There is no {path}; docs are at /openapi.json.", closes=True)
        if method == "OPTIONS":
            await reply.nothing(_preflight(expected))
        elif method not in (expected, "HEAD" if expected == "GET" else expected):
            raise ApiError(405, f"{path} takes {expected}, not {method}.", allow=f"{expected}, OPTIONS", closes=True)
        elif path == "/health":
            await self._health(reply)
        elif path == "/openapi.json":
            await reply.whole(200, b"application/json", OPENAPI)
        elif path == "/v1/models":
            await self._models(reply)
        else:
            await self._complete(path, headers, receive, reply, client, scope["state"][CLIENT_LEFT])

    async def _health(self, reply: Reply) -> None:
        report = {
            "status": self._lifecycle.status,
            "stage": self._lifecycle.stage,
            "elapsed_seconds": round(self._lifecycle.elapsed_seconds, 1),
            "model": self._settings.served_model_name,
        }
        await reply.json(200 if self._lifecycle.status is Status.READY else 503, report)

    async def _models(self, reply: Reply) -> None:
        self._lifecycle.require_ready()
        try:
            async with (
                asyncio.timeout(self._settings.request_timeout_seconds),
                self._client.request("GET", "/v1/models") as answer,
            ):
                await reply.whole(answer.status, b"application/json", await answer.body())
        except (EngineGoneError, TimeoutError):
            raise unavailable("The model does not answer.", 10) from None

    async def _complete(
        self,
        path: str,
        headers: Mapping[bytes, bytes],
        receive: Any,
        reply: Reply,
        client: str,
        client_left: asyncio.Future[None],
    ) -> None:
        self._lifecycle.require_ready()
        with self._admission.place(client) as place:
            request = await self._read(path, headers, receive, reply)
            place.widen(sequences_of(request))
            try:
                await relay(
                    path,
                    request,
                    reply,
                    client=self._client,
                    context=self._context,
                    place=place,
                    timeout_seconds=self._settings.request_timeout_seconds,
                    max_output_tokens=self._settings.max_output_tokens,
                    tool_parser=self._settings.tool_parser,
                    client_left=client_left,
                )
            finally:
                reply.admitted = not place.lost

    async def _read(self, path: str, headers: Mapping[bytes, bytes], receive: Any, reply: Reply) -> Request:
        if headers.get(b"content-type", b"").partition(b";")[0].strip().lower() != b"application/json":
            raise bad_request("The header Content-Type must be application/json.")
        declared = int(headers.get(b"content-length", b"0"))
        body = await read_body(receive, declared=declared, limit=self._settings.max_body_bytes)
        reply.note_received()
        request = parse(path, body, max_output_tokens=self._settings.max_output_tokens)
        refuse_by_policy(request, self._settings)
        return request

    def _publish(self, path: str, reply: Reply, key_id: Mapping[str, str]) -> None:
        self._publisher.publish(reply.metrics(), path=path, status=reply.status, request_id=reply.request_id, **key_id)


def _request_id(headers: Mapping[bytes, bytes]) -> str:
    given = headers.get(b"x-request-id", b"").decode("latin-1")
    return given if REQUEST_ID.fullmatch(given) else f"{random.getrandbits(128):032x}"


def _preflight(method: str) -> Headers:
    return (
        (b"access-control-allow-methods", f"{method}, OPTIONS".encode()),
        (b"access-control-allow-headers", b"authorization, content-type, x-api-key, x-request-id"),
        (b"access-control-max-age", b"7200"),
    )


async def read_body(receive: Any, *, declared: int, limit: int) -> bytes:
    """Return the request's body. The server bounds the time that it may take.

    Raises:
        ApiError: 413 over `limit` bytes, 400 when the client broke off.
    """
    too_large = ApiError(413, f"The body is larger than {limit} bytes.", closes=True)
    body = bytearray()
    while declared <= limit and len(body) <= limit:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise bad_request("The client left before its request was complete.")
        body += message["body"]
        if not message["more_body"] and len(body) <= limit:
            return bytes(body)
    raise too_large
