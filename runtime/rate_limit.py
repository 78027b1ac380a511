"""An exact limit of requests in any minute for each client address, on this host."""

import ipaddress
import math
import time
from collections import OrderedDict, deque

from runtime.errors import ApiError

WINDOW_SECONDS = 60.0

MAX_CLIENTS = 10_000
"""Clients that are remembered; beyond them the least recently seen is forgotten, and begins anew."""

MAX_TIMES = 1_000_000
"""Requests that are remembered, of all clients together: some 40 MB."""


def client_of(address: str) -> str:
    """Return whom an address stands for: an IPv4 address itself, of IPv6 the /64, which is what one subscriber has.

    https://www.rfc-editor.org/rfc/rfc6177. What is no address stands for itself.
    """
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv4Address):
        return address
    if parsed.ipv4_mapped:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.ip_network((int(parsed) >> 64 << 64, 64)))


class RateLimit:
    """Lets each client have `per_minute` requests in any 60 seconds; all of them where it is 0.

    Refused requests do not count, so a client that goes on asking gets `per_minute` a minute.
    """

    def __init__(self, per_minute: int) -> None:
        self._per_minute = per_minute
        self._times: OrderedDict[str, deque[float]] = OrderedDict()
        self._total = 0

    def count(self, client: str) -> None:
        """Count a request.

        Raises:
            ApiError: 429, with the time after which the window has room.
        """
        if not self._per_minute:
            return
        now = time.monotonic()
        times = self._times.setdefault(client, deque())
        self._times.move_to_end(client)
        while times and times[0] <= now - WINDOW_SECONDS:
            times.popleft()
            self._total -= 1
        if len(times) >= self._per_minute:
            wait = max(1, math.ceil(times[0] + WINDOW_SECONDS - now))
            message = f"More than {self._per_minute} requests in a minute from one address; try again in {wait} s."
            raise ApiError(429, message, retry_after=wait)
        times.append(now)
        self._total += 1
        while len(self._times) > MAX_CLIENTS or (self._total > MAX_TIMES and len(self._times) > 1):
            _, forgotten = self._times.popitem(last=False)
            self._total -= len(forgotten)
