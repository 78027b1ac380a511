"""The gateway, as it is, with a second task in its event loop that notes what no one sees from outside.

Each second it appends a line of JSON to the file `SOAK_SAMPLES`: how late the loop woke it, tasks, descriptors, memory.
"""

import asyncio
import os
import socket
import sys
from pathlib import Path

import msgspec

from runtime import __main__ as gateway
from runtime.output import Output
from runtime.server import serve
from runtime.settings import Settings

NAP_SECONDS = 0.05
NAPS = 20


class Sample(msgspec.Struct, kw_only=True):
    """One second of the gateway.

    Attributes:
        lag_seconds: How late the loop was at most, of NAPS times.
        tasks: Tasks of the event loop.
        descriptors: Open file descriptors.
        memory_bytes: Resident memory.
    """

    lag_seconds: float
    tasks: int
    descriptors: int
    memory_bytes: int


def resident_bytes() -> int:
    """Return the resident memory of this process (proc(5))."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


async def watch(file: Path) -> None:
    """Append a sample each second, until cancelled."""
    loop = asyncio.get_running_loop()
    while True:
        lag = 0.0
        for _ in range(NAPS):
            asleep = loop.time()
            await asyncio.sleep(NAP_SECONDS)
            lag = max(lag, loop.time() - asleep - NAP_SECONDS)
        sample = Sample(
            lag_seconds=lag,
            tasks=len(asyncio.all_tasks()),
            descriptors=len(list(Path("/proc/self/fd").iterdir())),
            memory_bytes=resident_bytes(),
        )
        with file.open("ab") as samples:
            samples.write(msgspec.json.encode(sample) + b"\n")


async def serve_watched(settings: Settings, listener: socket.socket, output: Output) -> None:
    """Serve as the gateway does, with the watch beside it."""
    watching = asyncio.create_task(watch(Path(os.environ["SOAK_SAMPLES"])))
    await serve(settings, listener, output)
    watching.cancel()


if __name__ == "__main__":
    gateway.serve = serve_watched
    sys.exit(gateway.main())
