"""Bounded admission: who may work, who may wait, and who is told to come back later.

What is counted are sequences, as the engine does: a request for 8 answers is 8. Turns are max-min fair between clients:
the next one goes to the client that works on the fewest sequences, and within one client in order of arrival.
"""

import asyncio
import math
import time
from collections import deque
from collections.abc import Iterator

from runtime.errors import ApiError, unavailable

RECENT_REQUESTS = 64


class Place:
    """What one request holds while it is in the gateway, entered with `with`; its turn to work with `async with`."""

    def __init__(self, admission: "Admission", client: str) -> None:
        self.sequences = 1
        self.number = 0
        self.turn: asyncio.Future[None] | None = None
        self._admission = admission
        self._client = client
        self._began = 0.0

    def __enter__(self) -> "Place":
        self.share = self._admission.enter(self, self._client)
        return self

    def __exit__(self, *_: object) -> None:
        self._admission.leave(self, self._client)

    @property
    def lost(self) -> bool:
        """Whether another client got it while this request waited for its turn."""
        return self.sequences == 0

    def widen(self, sequences: int) -> None:
        """Hold the places of all sequences, once their number is known.

        Raises:
            ApiError: 503, there are not so many; 400, there never are.
        """
        self._admission.widen(self, sequences)

    async def __aenter__(self) -> None:
        await self._admission.acquire(self)
        self._began = time.monotonic()

    async def __aexit__(self, *_: object) -> None:
        self._admission.release(self, time.monotonic() - self._began)


class _Share:
    """What one client holds: sequences in all and at work, and its requests that wait for a turn."""

    def __init__(self) -> None:
        self.held = 0
        self.working = 0
        self.waiting: deque[Place] = deque()


class Admission:
    """Lets `max_in_flight` sequences work, of one client `max_per_client` (0: all), and `max_queued` wait.

    Where all places are taken, a client that holds less than another gets the place of that one's latest request that
    still waits; so a queue full of one client's requests shuts nobody else out.
    """

    def __init__(self, *, max_in_flight: int, max_queued: int, timeout_seconds: float, max_per_client: int = 0) -> None:
        self.in_flight = 0
        self.admitted = 0
        self._max_in_flight = max_in_flight
        self._max_per_client = min(max_per_client or max_in_flight, max_in_flight)
        self._places = max_in_flight + max_queued
        self._timeout_seconds = timeout_seconds
        self._shares: dict[str, _Share] = {}
        self._arrivals = 0
        self._waiting = 0
        self._durations: deque[float] = deque(maxlen=RECENT_REQUESTS)
        self._idle = asyncio.Event()
        self._idle.set()

    @property
    def queued(self) -> int:
        """Sequences that were let in and do not work yet."""
        return self.admitted - self.in_flight

    def place(self, client: str = "") -> Place:
        """Return the place to hold with `with`, which refuses with 503 where there is none."""
        return Place(self, client)

    def expected_wait_seconds(self, client: str = "") -> float:
        """Return how long a request of this client that came now would wait for its turn.

        Little's law: the engine finishes `max_in_flight` sequences in the mean duration of the recent ones. Of another
        client, ahead is what works already, and what waits only until that one works on as much as this one.
        """
        if self.admitted < self._max_per_client:
            return 0.0
        share = self._shares.get(client)
        own = share.held if share else 0
        others = sum(max(s.working, min(s.held, own + 1)) for s in self._shares.values() if s is not share)
        turns = max(
            (own + others + 1 - self._max_in_flight) / self._max_in_flight,
            (own + 1 - self._max_per_client) / self._max_per_client,
        )
        return max(turns, 0.0) * self._mean_duration()

    def _mean_duration(self) -> float:
        return sum(self._durations) / len(self._durations) if self._durations else 1.0

    def enter(self, place: Place, client: str) -> _Share:
        """Take a place for a request of one sequence, as far as is known.

        Raises:
            ApiError: 503; every place is taken, or the wait would outlast the deadline.
        """
        wait = self.expected_wait_seconds(client)
        share = self._shares.get(client) or _Share()
        if wait >= self._timeout_seconds or not self._make_room(share, place.sequences):
            raise _busy(wait)
        self._shares[client] = share
        share.held += place.sequences
        self.admitted += place.sequences
        self._idle.clear()
        return share

    def leave(self, place: Place, client: str) -> None:
        """Give the place back."""
        place.share.held -= place.sequences
        self.admitted -= place.sequences
        if place.share.held == 0 and self._shares.get(client) is place.share:
            del self._shares[client]
        if self.admitted == 0:
            self._idle.set()

    def widen(self, place: Place, sequences: int) -> None:
        """Take the places of a request's other sequences.

        Raises:
            ApiError: 503, there are not so many; 400, one client never has so many.
        """
        if sequences > self._max_per_client:
            raise ApiError(400, f"{sequences} answers at a time are more than the {self._max_per_client} of this host.")
        more = sequences - place.sequences
        if more and not self._make_room(place.share, more):
            raise _busy(self._mean_duration())
        place.share.held += more
        self.admitted += more
        place.sequences = sequences

    def _make_room(self, share: _Share, sequences: int) -> bool:
        """Return whether so many places are free, turning away what waits for clients that hold more.

        Where that is not enough, nobody is turned away.
        """
        missing = self.admitted + sequences - self._places
        waiting = {id(s): (s, list(s.waiting)) for s in self._shares.values()}
        held = {key: s.held for key, (s, _) in waiting.items()}
        leaving: list[Place] = []
        while missing > 0:
            most = max((key for key, (_, places) in waiting.items() if places), key=held.__getitem__, default=None)
            if most is None or held[most] <= share.held + sequences:
                return False
            last = waiting[most][1].pop()
            held[most] -= last.sequences
            missing -= last.sequences
            leaving.append(last)
        for place in leaving:
            self._turn_away(place)
        if leaving:
            self._give_turns()
        return True

    def _turn_away(self, place: Place) -> None:
        """Take the place of a request that waits; its own `leave` comes later, and gives nothing back."""
        place.share.waiting.remove(place)
        self._waiting -= 1
        place.share.held -= place.sequences
        self.admitted -= place.sequences
        place.sequences = 0
        if place.turn is not None and not place.turn.done():
            place.turn.set_exception(_busy(self._mean_duration()))

    async def acquire(self, place: Place) -> None:
        """Wait for a turn.

        Raises:
            ApiError: 503; a client that holds less needed the place.
        """
        if self._waiting == 0 and self._fits(place):
            self._start(place)
            return
        place.turn = asyncio.get_running_loop().create_future()
        self._arrivals += 1
        place.number = self._arrivals
        place.share.waiting.append(place)
        self._waiting += 1
        self._give_turns()
        try:
            await place.turn
        except asyncio.CancelledError:
            if place in place.share.waiting:
                place.share.waiting.remove(place)
                self._waiting -= 1
            elif not place.turn.cancelled() and place.turn.exception() is None:  # the turn came at the same moment
                self._stop(place)
            self._give_turns()
            raise

    def release(self, place: Place, seconds: float) -> None:
        """Give the turn on, after work of so many seconds."""
        self._durations.append(seconds)
        self._stop(place)
        self._give_turns()

    def _fits(self, place: Place) -> bool:
        return self.in_flight + place.sequences <= self._max_in_flight and self._within_share(place)

    def _within_share(self, place: Place) -> bool:
        return place.share.working + place.sequences <= self._max_per_client

    def _start(self, place: Place) -> None:
        self.in_flight += place.sequences
        place.share.working += place.sequences

    def _stop(self, place: Place) -> None:
        self.in_flight -= place.sequences
        place.share.working -= place.sequences

    def _heads(self) -> Iterator[Place]:
        """Yield each client's first request that waits, unless the client works on its full share."""
        for share in self._shares.values():
            if share.waiting and self._within_share(share.waiting[0]):
                yield share.waiting[0]

    def _give_turns(self) -> None:
        """Let those work whose turn it is. A wide request that is next is not overtaken, or it would wait for ever."""
        while self._waiting:
            first = min(self._heads(), key=lambda place: (place.share.working, place.number), default=None)
            if first is None or not self._fits(first):
                return
            first.share.waiting.popleft()
            self._waiting -= 1
            if first.turn is not None and not first.turn.done():  # else it was cancelled just now
                self._start(first)
                first.turn.set_result(None)

    async def wait_until_idle(self) -> None:
        """Return once no request holds a place."""
        await self._idle.wait()


def _busy(wait: float) -> ApiError:
    return unavailable("The model is busy and its queue is full; try again later.", math.ceil(wait))
