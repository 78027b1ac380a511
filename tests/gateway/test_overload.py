"""Ten times more requests than places: each is answered or told when to come back, and memory stays bounded."""

import asyncio
from pathlib import Path

import httpx
import pytest

from support.engine_fixtures import MAX_IN_FLIGHT, MAX_QUEUED, Gateway, counting

TIMES_CAPACITY = 10
BOUND_MIB = 64


def peak_memory_mib(pid: int) -> float:
    """Return the high-water mark of a process's resident memory (proc(5))."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


async def flood(url: str, requests: int) -> list[httpx.Response]:
    body = {"prompt": "Hello", "max_tokens": 16}
    limits = httpx.Limits(max_connections=requests)
    async with httpx.AsyncClient(base_url=url, limits=limits, timeout=60) as client:
        return await asyncio.gather(*(client.post("/v1/completions", json=body) for _ in range(requests)))


@pytest.mark.req("R7.1")
def test_overload_is_answered_or_refused_with_retry_after(gateway: Gateway) -> None:
    before = peak_memory_mib(gateway.process.pid)
    capacity = MAX_IN_FLIGHT + MAX_QUEUED
    responses = asyncio.run(flood(gateway.url, TIMES_CAPACITY * capacity))
    answered = [response for response in responses if response.status_code == 200]
    refused = [response for response in responses if response.status_code == 503]
    assert len(answered) + len(refused) == len(responses)
    assert len(answered) >= capacity
    assert refused
    assert {response.json()["choices"][0]["text"] for response in answered} == {counting(0, 16)}
    assert all(int(response.headers["retry-after"]) >= 1 for response in refused)
    assert peak_memory_mib(gateway.process.pid) - before < BOUND_MIB
    assert gateway.health()["status"] == "ready"
