"""The gateway's process: start, wait, stop, and what it tells of itself."""

import asyncio
import os
import re
import signal
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import aiohttp
import msgspec

from ops.soak.contract import BrokenContractError
from ops.soak.gateway import Sample
from ops.soak.report import Report

READY_SECONDS = 300.0
STOP_SECONDS = 120.0
POLL_SECONDS = 0.1

GATEWAY_TIME = re.compile(rb'"GatewayTime":([\d.]+)')


class GatewayProcess:
    """A gateway that runs. `start` makes it."""

    def __init__(self, process: asyncio.subprocess.Process, port: int, samples: Path, report: Report) -> None:
        self._process = process
        self._url = f"http://127.0.0.1:{port}"
        self._samples = samples
        self._reading = asyncio.create_task(self._read_metrics(report))

    @classmethod
    async def start(cls, settings: Mapping[str, object], samples: Path, log: Path, report: Report) -> "GatewayProcess":
        """Start a gateway with these settings, which notes its samples and its log in files."""
        with log.open("ab") as output:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "ops.soak.gateway"),
                env={
                    **os.environ,
                    **{f"GATEWAY_{name.upper()}": str(value) for name, value in settings.items()},
                    "SOAK_SAMPLES": str(samples),
                },
                stdout=asyncio.subprocess.PIPE,
                stderr=output,
            )
        return cls(process, int(str(settings["port"])), samples, report)

    async def _read_metrics(self, report: Report) -> None:
        lines = self._process.stdout
        while lines and (line := await lines.readline()):
            report.documents += 1
            if found := GATEWAY_TIME.search(line):
                report.gateway_milliseconds.append(float(found[1]))

    def samples(self) -> Sequence[Sample]:
        """Return what it noted of itself so far, a sample a second."""
        return msgspec.json.Decoder(Sample).decode_lines(self._samples.read_bytes() if self._samples.exists() else b"")

    async def first_sample(self) -> Sample:
        """Wait for the first sample."""
        while not (samples := self.samples()):
            await asyncio.sleep(POLL_SECONDS)
        return samples[0]

    async def becomes_ready(self) -> bool:
        """Wait until its engine answers; return whether it does, or the gateway gave it up.

        Raises:
            BrokenContractError: neither within READY_SECONDS.
        """
        try:
            async with asyncio.timeout(READY_SECONDS), aiohttp.ClientSession(self._url) as session:
                while (status := await _status(session)) not in ("ready", "failed"):
                    await asyncio.sleep(POLL_SECONDS)
                return status == "ready"
        except TimeoutError:
            raise BrokenContractError(f"the gateway was not ready within {READY_SECONDS:g} s") from None

    async def stop(self) -> None:
        """Tell it to stop, as systemd does, and wait until it has.

        Raises:
            BrokenContractError: it did not, or not with code 0.
        """
        self._process.send_signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(STOP_SECONDS):
                code = await self._process.wait()
        except TimeoutError:
            raise BrokenContractError(f"the gateway did not stop within {STOP_SECONDS:g} s") from None
        await self._reading
        if code != 0:
            raise BrokenContractError(f"the gateway stopped with code {code}")

    async def kill(self) -> None:
        """Leave nothing behind: its engine is on a leash."""
        if self._process.returncode is None:
            self._process.kill()
            await self._process.wait()


async def _status(session: aiohttp.ClientSession) -> str:
    try:
        async with session.get("/health") as response:
            return (await response.json())["status"]
    except aiohttp.ClientError:
        return "not there yet"
