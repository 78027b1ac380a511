"""Bounded admission: who may work, who may wait, and who is told to come back later."""

import asyncio
import math
import time
from collections import deque
from collections.abc import Generator
from contextlib import contextmanager

from runtime.errors import unavailable

RECENT_REQUESTS = 64


class Admission:
    """Lets `max_in_flight` requests work and `max_queued` wait, first come, first served."""

    def __init__(self, *, max_in_flight: int, max_queued: int, timeout_seconds: float) -> None:
        self.in_flight = 0
        self.admitted = 0
        self._max_in_flight = max_in_flight
        self._places = max_in_flight + max_queued
        self._timeout_seconds = timeout_seconds
        self._slots = asyncio.Semaphore(max_in_flight)
        self._durations: deque[float] = deque(maxlen=RECENT_REQUESTS)
        self._idle = asyncio.Event()
        self._idle.set()

    @property
    def queued(self) -> int:
        """Requests that were let in and do not work yet."""
        return self.admitted - self.in_flight

    def expected_wait_seconds(self) -> float:
        """Return how long a request that came now would wait for its turn.

        Little's law: the slots finish `max_in_flight` requests in the mean duration of the recent ones.
        """
        ahead = self.admitted + 1 - self._max_in_flight
        return ahead * self._mean_duration() / self._max_in_flight if ahead > 0 else 0.0

    def _mean_duration(self) -> float:
        return sum(self._durations) / len(self._durations) if self._durations else 1.0

    @contextmanager
    def place(self) -> Generator[None]:
        """Hold one of the places, which working and waiting requests share.

        Raises:
            ApiError: 503; every place is taken, or the wait would outlast the deadline.
        """
        wait = self.expected_wait_seconds()
        if self.admitted >= self._places or wait >= self._timeout_seconds:
            raise unavailable("The model is busy and its queue is full; try again later.", math.ceil(wait))
        self.admitted += 1
        self._idle.clear()
        try:
            yield
        finally:
            self.admitted -= 1
            if self.admitted == 0:
                self._idle.set()

    def slot(self) -> "Slot":
        """Return the turn to work, to wait for and to hold with `async with`."""
        return Slot(self)

    async def acquire(self) -> None:
        """Wait for a turn."""
        await self._slots.acquire()
        self.in_flight += 1

    def release(self, seconds: float) -> None:
        """Give the turn on, after work of so many seconds."""
        self._durations.append(seconds)
        self.in_flight -= 1
        self._slots.release()

    async def wait_until_idle(self) -> None:
        """Return once no request holds a place."""
        await self._idle.wait()


class Slot:
    """A turn to work. A class, since a generator would cost a request more than the whole queue does."""

    def __init__(self, admission: Admission) -> None:
        self._admission = admission
        self._began = 0.0

    async def __aenter__(self) -> None:
        await self._admission.acquire()
        self._began = time.monotonic()

    async def __aexit__(self, *_: object) -> None:
        self._admission.release(time.monotonic() - self._began)
