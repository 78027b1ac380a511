"""One run: clients come at a rate, and things happen to engine and gateway on the way."""

import asyncio
import contextlib
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from math import inf
from pathlib import Path

import aiohttp

from ops.bench.gateway import free_port
from ops.soak.clients import (
    ADDRESS_HEADER,
    CLIENT_TIMEOUT_SECONDS,
    KINDS,
    MODEL,
    Connections,
    Request,
    requests_of,
)
from ops.soak.contract import Answer, BrokenContractError, ending_of
from ops.soak.gateway import Sample
from ops.soak.process import POLL_SECONDS, READY_SECONDS, GatewayProcess
from ops.soak.report import Report

DEADLINE_SECONDS = 6.0

EVENTS = (
    (0.10, "engine dies"),
    (0.20, "engine hangs"),
    (0.30, "gateway stops and starts"),
    (0.40, "engine dies"),
    (0.50, "gateway stops and starts"),
    (0.70, "engine dies"),
    (0.85, "engine hangs"),
)
"""What happens, at which part of the time. No engine fails 3 times of one gateway, which would give up."""

GIVES_UP = "gateway gives up and is replaced"
MOST_REPLACED = 3

ENDING_SECONDS = 120.0
"""A request that takes longer has no ending; far above the deadline, since the machine may be busy."""

REST_SECONDS = 180.0
"""How long a gateway may take to give back what its last requests held."""

IDLE_CONNECTIONS = 15
"""To the engine, at most, of a gateway at rest: aiohttp keeps one for 15 s after its last use, and each check, one a
second, takes the one that has been idle for longest."""

CLOSING_SECONDS = 4.0
"""A request sent so shortly before the gateway was told to stop may find its connection closed, as a later one does."""

MOST_CLIENTS = 2000
"""Clients at once; those that would be more wait."""

SEED = 1


@dataclass
class Soak:
    """A run of so many seconds, with so many clients a second.

    Attributes:
        folder: Where the gateways' log and samples go.
        rate: Clients that come in a second.
        seconds: How long they come.
        report: What was found.
    """

    folder: Path
    rate: float
    seconds: float
    report: Report = field(default_factory=Report)

    async def run(self) -> None:
        """Run from the start to the end, and leave no process behind."""
        self._loop = asyncio.get_running_loop()
        self._ports = {"port": free_port(), "engine_port": free_port()}
        self._starts = 0
        self._stops: list[tuple[float, float]] = []
        self._connections = Connections(self._ports["port"])
        await self._start()
        try:
            await self._until_ready()
            self.report.baseline = await self._gateway.first_sample()
            began = self._loop.time()
            try:
                async with asyncio.TaskGroup() as tasks:
                    events = tasks.create_task(self._happen(began))
                    await self._send(began, events, tasks)
            finally:
                self.report.seconds = self._loop.time() - began
                self._connections.close()
            self.report.samples = self._gateway.samples()
            await self._come_to_rest(self.report.baseline)
            await self._gateway.stop()
        except* BrokenContractError as errors:
            for error in errors.exceptions:
                self.report.broke(str(error))
        finally:
            await self._gateway.kill()

    async def _start(self) -> None:
        self._starts += 1
        settings = {
            **self._ports,
            "engine_command": "python -m ops.soak.engine",
            "served_model_name": MODEL,
            "client_address_header": ADDRESS_HEADER,
            "client_timeout_seconds": CLIENT_TIMEOUT_SECONDS,
            "rate_limit_per_minute": 100,
            "max_in_flight": 64,
            "max_in_flight_per_client": 32,
            "max_queued": 64,
            "request_timeout_seconds": DEADLINE_SECONDS,
            "drain_timeout_seconds": DEADLINE_SECONDS + 5,
            "check_interval_seconds": 1,
            "check_timeout_seconds": 5,
            "boot_deadline_seconds": READY_SECONDS,
        }
        samples, log = self.folder / f"samples-{self._starts}", self.folder / "log"
        self._gateway = await GatewayProcess.start(settings, samples, log, self.report)

    async def _happen(self, began: float) -> None:
        """Let the events happen, each at its time, and none while the gateway is not ready."""
        for part, event in EVENTS:
            await asyncio.sleep(began + part * self.seconds - self._loop.time())
            await self._until_ready()
            self.report.events[event] += 1
            match event:
                case "engine dies":
                    await self._tell_engine("/die")
                case "engine hangs":
                    await self._tell_engine("/hang")
                case _:
                    await self._start_anew()
        await self._until_ready()

    async def _until_ready(self) -> None:
        """Wait for the gateway. One that gave up is replaced, as its host would be.

        It does so after 3 failures in a row, and a busy machine's engine may look hung between those that are meant.

        Raises:
            BrokenContractError: it is not ready in time, or gives up again and again.
        """
        if not await self._gateway.becomes_ready():
            self.report.events[GIVES_UP] += 1
            if self.report.events[GIVES_UP] > MOST_REPLACED:
                raise BrokenContractError(f"more than {MOST_REPLACED} gateways gave up")
            await self._start_anew()

    async def _start_anew(self) -> None:
        number, told_to_stop = len(self._stops), self._loop.time()
        self._stops.append((told_to_stop, inf))
        await self._gateway.stop()
        await self._start()
        await self._until_ready()
        self._stops[number] = (told_to_stop, self._loop.time())

    async def _tell_engine(self, path: str) -> None:
        """Have the engine die or hang, after which it does not answer this."""
        timeout = aiohttp.ClientTimeout(total=1)
        url = f"http://127.0.0.1:{self._ports['engine_port']}{path}"
        with contextlib.suppress(aiohttp.ClientError, TimeoutError):
            async with aiohttp.ClientSession(timeout=timeout) as session, session.post(url):
                pass

    async def _send(self, began: float, events: "asyncio.Task[None]", tasks: asyncio.TaskGroup) -> None:
        """Send until the time is over and all has happened."""
        places = asyncio.Semaphore(MOST_CLIENTS)
        for number, (kind, chance) in enumerate(_kinds()):
            await asyncio.sleep(began + number / self.rate - self._loop.time())
            if self._loop.time() > began + self.seconds and events.done():
                return
            for request in requests_of(kind, number, chance):
                await places.acquire()
                tasks.create_task(self._one(request)).add_done_callback(lambda _: places.release())

    async def _one(self, request: Request) -> None:
        """Send one request, and count how it ends."""
        began, answer = self._loop.time(), Answer()
        try:
            async with asyncio.timeout(ENDING_SECONDS):
                with contextlib.suppress(OSError):  # nobody listens
                    answer = await self._connections.send(request)
            ending = self._ending(request, answer, began)
        except TimeoutError:
            ending = "none"
            self.report.broke(f"{request.kind}: no ending within {ENDING_SECONDS:g} s")
        except BrokenContractError as error:
            ending = "broken"
            self.report.broke(f"{request.kind}: {error}")
        self.report.endings[request.kind, ending] += 1

    def _ending(self, request: Request, answer: Answer, began: float) -> str:
        if not answer.complete and request.leaves_after is not None:
            return "left"
        if answer.status == 0 and self._may_be_closed(request, answer, began):
            return "port closed"
        return ending_of(answer, request.expected)

    def _may_be_closed(self, request: Request, answer: Answer, began: float) -> bool:
        """Return whether a gateway that stopped may have left this request without an answer.

        That is one which came about then or later, or whose slow client had not sent all of it yet.
        """
        slow = request.write_pause_seconds > 0
        return any(
            began <= answers_again and (slow or answer.asked > told_to_stop - CLOSING_SECONDS)
            for told_to_stop, answers_again in self._stops
        )

    async def _come_to_rest(self, before: Sample) -> None:
        """Wait until the gateway has given back what its last requests held."""
        seen = len(self._gateway.samples())
        try:
            async with asyncio.timeout(REST_SECONDS):
                while not self.report.rest or not _at_rest(self.report.rest, before):
                    await asyncio.sleep(POLL_SECONDS)
                    self.report.rest = next(reversed(self._gateway.samples()[seen:]), None)
        except TimeoutError:
            self.report.broke(
                f"{REST_SECONDS:g} s after the last request {self.report.rest}; before the first {before}"
            )


def _at_rest(sample: Sample, before: Sample) -> bool:
    return sample.descriptors <= before.descriptors + IDLE_CONNECTIONS and sample.tasks <= before.tasks


def _kinds() -> Iterator[tuple[str, random.Random]]:
    """Yield kinds of clients without end, each as often as KINDS has it among as many as KINDS has in all."""
    chance = random.Random(SEED)  # noqa: S311  no secret
    while True:
        kinds = [kind for kind, count in KINDS.items() for _ in range(count)]
        chance.shuffle(kinds)
        yield from ((kind, chance) for kind in kinds)
