"""The server: uvicorn with bounded clients, and the order of start, drain and stop."""

import asyncio
import contextlib
import logging
import signal
import socket
import time
from collections.abc import Generator
from http import HTTPStatus
from pathlib import Path
from typing import Any

import msgspec
import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from runtime.admission import Admission
from runtime.app import App
from runtime.engine import supervise
from runtime.engine_client import EngineClient
from runtime.errors import ApiError
from runtime.gauge import gauge
from runtime.lifecycle import Lifecycle, Status
from runtime.metrics import BOOT_SECONDS, BOOT_STAGE_SECONDS, ENGINE_FAILURES, Stage
from runtime.output import Output
from runtime.publisher import Publisher
from runtime.relay import CLIENT_LEFT
from runtime.settings import Settings

log = logging.getLogger(__name__)


class BoundedProtocol(HttpToolsProtocol):
    """Uvicorn's HTTP/1.1, with a limit on the size of a request's head and on the time until it is all here."""

    max_header_bytes = 0
    client_timeout_seconds = 0.0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Give a connection that sends nothing no longer than an idle one."""
        super().connection_made(transport)
        self._head_bytes = 0
        self._in_head = self._awaits_request = True
        self._timer: asyncio.TimerHandle | None = None
        self.client_left: asyncio.Future[None] | None = None
        self.timeout_keep_alive_task = self.loop.call_later(self.timeout_keep_alive, self.timeout_keep_alive_handler)

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell the application, and forget the timer."""
        if self.client_left is not None and not self.client_left.done():
            self.client_left.set_result(None)
        self._stop_timer()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Time a request from its first byte, and count the bytes of its head."""
        if self._awaits_request and self._timer is None:
            self._timer = self.loop.call_later(self.client_timeout_seconds, self._refuse_slow)
        in_head = self._in_head
        super().data_received(data)
        if in_head and self._in_head and not self.transport.is_closing():
            self._head_bytes += len(data)
            if self._head_bytes > self.max_header_bytes:
                self._refuse(ApiError(431, f"The request's head is larger than {self.max_header_bytes} bytes."))

    def on_headers_complete(self) -> None:
        """What follows is the body, which the application bounds."""
        self._in_head = False
        self._head_bytes = 0
        self.client_left = self.loop.create_future()
        self.scope.setdefault("state", {})[CLIENT_LEFT] = self.client_left
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """The request is here in time."""
        self._awaits_request = False
        self._stop_timer()
        super().on_message_complete()
        if self.cycle.response_complete:
            self._in_head = self._awaits_request = True

    def on_response_complete(self) -> None:
        """What comes next is another request, unless this one was answered before it was all here."""
        if not self.cycle.more_body:
            self._in_head = self._awaits_request = True
        super().on_response_complete()

    def send_400_response(self, msg: str) -> None:
        """Answer what is no HTTP in the shape of all other errors."""
        self._refuse(ApiError(400, msg))

    def _refuse(self, error: ApiError) -> None:
        body = msgspec.json.encode(error.body())
        head = f"HTTP/1.1 {error.status} {HTTPStatus(error.status).phrase}\r\nContent-Length: {len(body)}\r\n"
        self.transport.write(head.encode() + b"Content-Type: application/json\r\nConnection: close\r\n\r\n" + body)
        self.transport.close()

    def _refuse_slow(self) -> None:
        self._refuse(ApiError(408, f"The request did not arrive within {self.client_timeout_seconds:g} seconds."))

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


class Server(uvicorn.Server):
    """Uvicorn without its own signal handlers: SIGTERM drains before it stops anything."""

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        """Leave the signals to `serve`."""
        yield


def listen(settings: Settings) -> socket.socket:
    """Return the listening socket.

    TCP_USER_TIMEOUT bounds how long a client that reads nothing keeps a connection (tcp(7)).

    Raises:
        OSError: the address is taken or not this host's.
    """
    listener = socket.create_server((settings.host, settings.port), backlog=1024)
    milliseconds = int(settings.request_timeout_seconds * 1000)
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, milliseconds)
    return listener


def _server(settings: Settings, app: Any) -> Server:
    limits = {
        "max_header_bytes": settings.max_header_bytes,
        "client_timeout_seconds": settings.client_timeout_seconds,
    }
    return Server(
        uvicorn.Config(
            app,
            http=type("Protocol", (BoundedProtocol,), limits),
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            timeout_keep_alive=int(settings.keep_alive_seconds),
            timeout_graceful_shutdown=1,
        )
    )


def seconds_since_host_boot() -> float:
    """Return the host's uptime, which a container sees too (proc(5))."""
    return float(Path("/proc/uptime").read_text().split()[0])


def _lifecycle(settings: Settings, publisher: Publisher) -> Lifecycle:
    def on_stage_end(stage: Stage, seconds: float) -> None:
        log.info("boot stage %s took %.1f s", stage, seconds)
        publisher.publish({BOOT_STAGE_SECONDS[stage]: round(seconds, 2)}, stage=stage)

    host_boot = seconds_since_host_boot() if settings.count_host_boot else 0.0
    if host_boot:
        on_stage_end(Stage.BOOT, host_boot)
    return Lifecycle(
        expected_boot_seconds=settings.expected_boot_seconds,
        began=time.monotonic() - host_boot,
        on_stage_end=on_stage_end,
        on_boot_end=lambda seconds: publisher.publish({BOOT_SECONDS: round(seconds, 2)}),
    )


async def serve(settings: Settings, listener: socket.socket, output: Output) -> None:
    """Serve until SIGTERM or SIGINT, then drain and stop the engine."""
    publisher = Publisher(settings.environment, output)
    lifecycle = _lifecycle(settings, publisher)
    admission = Admission(
        max_in_flight=settings.max_in_flight,
        max_queued=settings.max_queued,
        max_per_client=settings.max_in_flight_per_client,
        timeout_seconds=settings.request_timeout_seconds,
    )
    client = EngineClient(settings.engine_port)
    server = _server(settings, App(settings, lifecycle, admission, client, publisher))
    told_to_stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, told_to_stop.set)

    def leave() -> None:
        if lifecycle.status is Status.READY:
            log.info("leaving with %d sequences", admission.admitted)
            lifecycle.leave()

    asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, leave)
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    gauging = asyncio.create_task(gauge(lifecycle, admission, publisher))
    supervising = asyncio.create_task(
        supervise(settings, client, lifecycle, output, lambda: publisher.publish({ENGINE_FAILURES: 1}))
    )
    supervising.add_done_callback(lambda task: task.cancelled() or task.exception() is None or told_to_stop.set())
    await told_to_stop.wait()
    log.info("draining %d sequences", admission.admitted)
    if not lifecycle.draining:
        lifecycle.drain()
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(settings.drain_timeout_seconds):
            await admission.wait_until_idle()
    supervising.cancel()  # what is left ends with an error
    await asyncio.wait([supervising])
    server.should_exit = True
    await serving
    gauging.cancel()
    await client.close()
    if not supervising.cancelled():
        supervising.result()  # a fault of the gateway itself: exit with its traceback
