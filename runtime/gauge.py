"""What the gateway holds at this moment, published at an interval: a host on which no request ends is seen, too."""

import asyncio

from runtime.admission import Admission
from runtime.lifecycle import Lifecycle, Status
from runtime.metrics import GAUGE_SECONDS, IN_FLIGHT, QUEUE_DEPTH, READY
from runtime.publisher import Publisher


async def gauge(lifecycle: Lifecycle, admission: Admission, publisher: Publisher) -> None:
    """Publish state and sequences every GAUGE_SECONDS, until cancelled."""
    while True:
        values = {
            READY: int(lifecycle.status is Status.READY),
            IN_FLIGHT: admission.in_flight,
            QUEUE_DEPTH: admission.queued,
        }
        publisher.publish(values, state=lifecycle.status)
        await asyncio.sleep(GAUGE_SECONDS)
