"""vLLM as a child process: started, watched, and started again when it died or hangs."""

import asyncio
import logging
import os
import shlex
import sys
from collections.abc import Callable
from pathlib import Path
from typing import cast

from runtime.engine_client import EngineClient
from runtime.engine_log import EngineLog
from runtime.lifecycle import Lifecycle, Status
from runtime.metrics import Stage
from runtime.output import STDERR, Output
from runtime.readiness import EngineFailedError, wait_until_ready, watch
from runtime.settings import Settings

log = logging.getLogger(__name__)

MAX_FAILURES = 3
"""Failures in a row, without STABLE_SECONDS of being ready in between, after which the host gives up."""

STABLE_SECONDS = 60.0

STRUCTURED_OUTPUTS = '{"backend": "xgrammar", "disable_any_whitespace": true}'
"""One compiler, whose limits are known (structured_output.py), where vLLM would try others with what this one refuses;
and no whitespace, which small models would otherwise write for ever."""

STAGE_OF_LOG_LINE = {
    b"Loading model from scratch": Stage.WEIGHTS,
    b"Starting to load model": Stage.WEIGHTS,
    b"Loading weights took": Stage.COMPILE,
    b"Application startup complete": Stage.FIRST_TOKEN,
}
"""What vLLM logs when a stage begins: the first of its model runner V2, which GPUs get, the second of the one for CPUs.

A version that logs other words leaves the stage as it is, no more.
https://github.com/vllm-project/vllm/blob/v0.33.0/vllm/v1/worker/gpu/model_runner.py
https://github.com/vllm-project/vllm/blob/v0.33.0/vllm/v1/worker/cpu_model_runner.py
"""

ENVIRONMENT = {
    "HF_HUB_OFFLINE": "1",
    "VLLM_NO_USAGE_STATS": "1",
    "DO_NOT_TRACK": "1",
    # longer than aiohttp keeps an idle connection (15 s), so that none is closed just as a request is sent on it
    "VLLM_HTTP_TIMEOUT_KEEP_ALIVE": "120",
    "PYTHONUNBUFFERED": "1",
    # what vLLM measures of the memory in the image's trial is not measured again (vllm/v1/worker/startup_plan.py)
    "VLLM_ENABLE_STARTUP_PLAN": "1",
    # vLLM's own sampler, as on a T4; FlashInfer's would be compiled with nvcc at its first use
    "VLLM_USE_FLASHINFER_SAMPLER": "0",
}


def command(settings: Settings) -> list[str]:
    """Return vLLM's command line, unless the settings say otherwise that of the module which `vllm serve` runs.

    The command itself imports vLLM's other commands too, and asks for metadata that the build for CPUs lacks.
    https://docs.vllm.ai/en/latest/cli/serve.html
    """
    first, *rest = shlex.split(settings.engine_command)
    return [
        sys.executable if first == "python" else first,
        *rest,
        *("--host", "127.0.0.1", "--port", str(settings.engine_port)),
        *("--model", settings.model, "--served-model-name", settings.served_model_name),
        *("--structured-outputs-config", STRUCTURED_OUTPUTS),
        *(("--enable-auto-tool-choice", "--tool-call-parser", settings.tool_parser) if settings.tool_parser else ()),
        "--disable-uvicorn-access-log",
        *shlex.split(settings.engine_args),
    ]


async def start(settings: Settings) -> asyncio.subprocess.Process:
    """Start vLLM in a process group of its own, on a leash (leash.py)."""
    return await asyncio.create_subprocess_exec(
        *(sys.executable, str(Path(__file__).with_name("leash.py")), *command(settings)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env={**os.environ, **ENVIRONMENT},
    )


async def stop(process: asyncio.subprocess.Process) -> None:
    """Let the leash go, which kills the whole process group.

    vLLM, asked to stop, would end cut answers as if they were complete.
    """
    cast(asyncio.StreamWriter, process.stdin).close()
    await process.wait()


async def follow_log(
    process: asyncio.subprocess.Process, lifecycle: Lifecycle, engine_log: EngineLog, output: Output
) -> None:
    """Pass the engine's log on to standard error, without content, and read from it how far the boot has come."""
    lines = cast(asyncio.StreamReader, process.stdout)
    while line := await _read_line(lines):
        output.write(STDERR, engine_log.without_content(line))
        if stage := stage_of(line):
            lifecycle.enter(stage)


def stage_of(line: bytes) -> Stage | None:
    """Return the stage of a boot that begins with this line of vLLM's log."""
    return next((stage for words, stage in STAGE_OF_LOG_LINE.items() if words in line), None)


async def _read_line(stream: asyncio.StreamReader) -> bytes:
    try:
        return await stream.readline()
    except ValueError:  # a line beyond the reader's limit is dropped
        return b"\n"


async def run_once(settings: Settings, client: EngineClient, lifecycle: Lifecycle, output: Output) -> float:
    """Start the engine and serve until it fails: it missed the boot deadline, died or hangs. Nothing of it is left.

    Returns:
        For how many seconds it was ready.
    """
    process = await start(settings)
    lifecycle.enter(Stage.IMPORTS)
    engine_log = EngineLog()
    following = asyncio.create_task(follow_log(process, lifecycle, engine_log, output))
    serving = asyncio.create_task(_serve(settings, client, lifecycle, engine_log))
    died = asyncio.create_task(process.wait())
    try:
        await asyncio.wait([serving, died], return_when=asyncio.FIRST_COMPLETED)
        if not serving.done():
            raise EngineFailedError("the engine died")
        await serving
    except EngineFailedError as error:
        log.error("engine failed: %s", error)
    finally:
        serving.cancel()
        ready_seconds = lifecycle.ready_seconds
        if lifecycle.status is Status.READY:  # else the boot goes on, or the host drains
            lifecycle.restart()
        await stop(process)
        following.cancel()
    return ready_seconds


async def _serve(settings: Settings, client: EngineClient, lifecycle: Lifecycle, engine_log: EngineLog) -> None:
    remaining = settings.boot_deadline_seconds - lifecycle.elapsed_seconds
    try:
        async with asyncio.timeout(remaining):
            await wait_until_ready(client, settings.served_model_name)
    except TimeoutError:
        raise EngineFailedError(f"not ready within {settings.boot_deadline_seconds:g} s") from None
    engine_log.clients_come()
    if not lifecycle.draining:
        lifecycle.become_ready()
        log.info("ready after %.1f s", lifecycle.elapsed_seconds)
    await watch(client, settings)


async def supervise(
    settings: Settings,
    client: EngineClient,
    lifecycle: Lifecycle,
    output: Output,
    on_failure: Callable[[], None],
) -> None:
    """Keep the engine running, with back-off, until it failed too often or missed the boot deadline."""
    failures = 0
    while lifecycle.status not in (Status.FAILED, Status.LEAVING, Status.DRAINING):
        ready_seconds = await run_once(settings, client, lifecycle, output)
        on_failure()
        failures = 1 if ready_seconds > STABLE_SECONDS else failures + 1
        if lifecycle.leaving:
            lifecycle.drain()  # nothing is started again here: others take the work
        if lifecycle.draining:
            return
        if lifecycle.elapsed_seconds >= settings.boot_deadline_seconds:
            lifecycle.miss_deadline()
        elif failures >= MAX_FAILURES:
            lifecycle.fail()
        else:
            await asyncio.sleep(2 ** (failures - 1))
