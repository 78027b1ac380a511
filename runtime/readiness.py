"""Whether the engine works: when it is ready at first, and that it still answers."""

import asyncio
from collections.abc import Mapping

import msgspec

from runtime.engine_client import EngineClient, EngineGoneError
from runtime.settings import Settings

POLL_SECONDS = 0.25

PROBE: Mapping[str, object] = {"prompt": "a", "max_tokens": 1, "logprobs": 1}
FIRST_REQUESTS = (PROBE, {**PROBE, "prompt": ("a", "a")}, {**PROBE, "response_format": {"type": "json_object"}})
"""What must be answered before the host is ready: vLLM compiles the kernels of its sampler at first use, one for a
single sequence and one for several, and reads the vocabulary for structured output. Until that is done nothing else
runs."""


class EngineFailedError(Exception):
    """The engine cannot go on; the text says why."""


async def answers(client: EngineClient, model: str, request: Mapping[str, object] = PROBE) -> bool:
    """Return whether the engine answers a real request.

    Raises:
        EngineGoneError: nothing listens, or the connection broke.
    """
    probe = msgspec.json.encode({"model": model, **request})
    async with client.request("POST", "/v1/completions", probe, request_id="check") as answer:
        await answer.body()
        return answer.status == 200


async def wait_until_ready(client: EngineClient, model: str) -> None:
    """Return once the engine answers each of the first requests. A refused connection means that it still loads."""
    for request in FIRST_REQUESTS:
        while not await _answers_yet(client, model, request):
            await asyncio.sleep(POLL_SECONDS)


async def _answers_yet(client: EngineClient, model: str, request: Mapping[str, object]) -> bool:
    try:
        return await answers(client, model, request)
    except EngineGoneError:
        return False


async def watch(client: EngineClient, settings: Settings) -> None:
    """Check a ready engine until it fails. What it writes for clients counts too, so a busy one is not taken for hung.

    Raises:
        EngineFailedError: it was silent for `check_timeout_seconds`, or answered with an error.
    """
    loop = asyncio.get_running_loop()
    while True:
        await asyncio.sleep(settings.check_interval_seconds)
        asked = loop.time()
        if client.last_life > asked - settings.check_interval_seconds:
            continue
        try:
            async with asyncio.timeout(settings.check_timeout_seconds):
                if not await answers(client, settings.served_model_name):
                    raise EngineFailedError("the engine answers a check with an error")
        except EngineGoneError:
            raise EngineFailedError("the engine closed its connection") from None
        except TimeoutError:
            if client.last_life < asked:
                raise EngineFailedError(f"the engine was silent for {settings.check_timeout_seconds:g} s") from None
