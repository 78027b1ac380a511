"""Death, hanging and ends, on the real engine: nothing accepted is lost without a word, nothing is left over."""

import json
import os
import signal
import threading
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
from httpx_sse import EventSource

from support.engine_fixtures import BOOT_SECONDS, MAX_IN_FLIGHT, Gateway, counting, process_group, wait_for

STREAMS = 19
MANY_STREAMS = 32
"""More than have a turn at once, so that some wait for it."""

SHORT: dict[str, Any] = {"prompt": "Hello", "max_tokens": 40}
LONG = {"prompt": "Hello", "max_tokens": 30_000}


class OpenStream:
    """A stream that a thread reads to its end."""

    def __init__(self, gateway: Gateway, **body: object) -> None:
        self.events: list[Any] = []
        self.failure: Exception | None = None
        self._url = f"{gateway.url}/v1/completions"
        self._body = {**body, "stream": True}
        self._thread = threading.Thread(target=self._read)
        self._thread.start()

    def _read(self) -> None:
        try:
            with httpx.stream("POST", self._url, json=self._body, timeout=60) as response:
                if response.status_code != 200:
                    self.events.append(json.loads(response.read()))
                    return
                for event in EventSource(response).iter_sse():
                    self.events.append(event.data if event.data == "[DONE]" else event.json())
        except httpx.HTTPError as error:
            self.failure = error

    @property
    def text(self) -> str:
        """What an answer that came to its end says."""
        *chunks, end = self.events
        assert end == "[DONE]"
        return "".join(choice["text"] for chunk in chunks for choice in chunk["choices"])

    def wait(self) -> None:
        self._thread.join(timeout=60)
        assert not self._thread.is_alive()


@contextmanager
def open_streams(gateway: Gateway, count: int, **body: object) -> Generator[list[OpenStream]]:
    """Open streams, wait until each has delivered something; afterwards wait until each has ended."""
    streams = [OpenStream(gateway, **body) for _ in range(count)]
    wait_for(lambda: all(stream.events for stream in streams), "a first event of every stream")
    yield streams
    for stream in streams:
        stream.wait()


@contextmanager
def more_streams_than_turns(gateway: Gateway) -> Generator[None]:
    """Open long streams, of which some deliver and the others wait; afterwards hold each to an end with an error."""
    streams = [OpenStream(gateway, **LONG) for _ in range(MANY_STREAMS)]
    wait_for(lambda: sum(bool(stream.events) for stream in streams) >= MAX_IN_FLIGHT, "a first event of every turn")
    yield
    for stream in streams:
        stream.wait()
    assert [stream.failure for stream in streams] == [None] * MANY_STREAMS
    # vLLM's own errors are followed by [DONE]
    last = [[event for event in stream.events if event != "[DONE]"][-1] for stream in streams]
    assert all("error" in event for event in last)


def completion(gateway: Gateway, timeout: float = 60) -> httpx.Response:
    return httpx.post(f"{gateway.url}/v1/completions", json={"prompt": "Hello", "max_tokens": 1}, timeout=timeout)


def engine_core(gateway: Gateway) -> int:
    return next(pid for pid, name in gateway.engine_processes().items() if "EngineCore" in name)


@contextmanager
def listing_models(gateway: Gateway) -> Generator[None]:
    """List the models again and again, which vLLM's HTTP server does without its engine."""
    over = threading.Event()

    def list_models() -> None:
        while not over.wait(0.2):
            httpx.get(f"{gateway.url}/v1/models", timeout=60)

    thread = threading.Thread(target=list_models)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def engine_failures(gateway: Gateway) -> int:
    return sum(document.get("EngineFailures", 0) for document in gateway.documents())


@pytest.mark.req("R7.1")
def test_killed_engine_ends_streams_with_an_error_and_comes_back(mortal_gateway: Gateway) -> None:
    gateway = mortal_gateway
    old, failures = set(gateway.engine_processes()), engine_failures(gateway)
    with more_streams_than_turns(gateway):
        os.kill(engine_core(gateway), signal.SIGKILL)
    gateway.wait_until("loading", seconds=30)
    refused = completion(gateway)
    assert refused.status_code == 503
    assert int(refused.headers["retry-after"]) >= 1
    gateway.wait_until("ready")
    assert completion(gateway).status_code == 200
    assert not old & set(gateway.engine_processes())
    assert engine_failures(gateway) == failures + 1


@pytest.mark.req("R1.4", "R7.1")
def test_hung_engine_is_found_and_replaced(mortal_gateway: Gateway) -> None:
    gateway = mortal_gateway
    hung = engine_core(gateway)
    with listing_models(gateway):
        with more_streams_than_turns(gateway):
            os.kill(hung, signal.SIGSTOP)
        gateway.wait_until("loading", seconds=30)
    wait_for(lambda: hung not in gateway.engine_processes(), "the end of the hung engine")
    gateway.wait_until("ready")
    assert completion(gateway).status_code == 200


@pytest.mark.req("R3.5")
def test_drain_lets_streams_end_and_breaks_off_what_takes_longer_than_its_limit(mortal_gateway: Gateway) -> None:
    gateway = mortal_gateway
    with open_streams(gateway, 1, **LONG) as [long], open_streams(gateway, STREAMS, **SHORT) as streams:
        group = gateway.engine_leader()
        gateway.process.terminate()
        wait_for(lambda: gateway.health()["status"] == "draining", "draining")
        refused = completion(gateway)
        assert refused.status_code == 503
        assert int(refused.headers["retry-after"]) >= 1
        assert httpx.get(f"{gateway.url}/health").status_code == 503
    assert [stream.failure for stream in (long, *streams)] == [None] * (STREAMS + 1)
    assert all(stream.text == counting(0, SHORT["max_tokens"]) for stream in streams)
    assert "error" in long.events[-1]
    assert gateway.process.wait(timeout=30) == 0
    assert not process_group(group)


@pytest.mark.req("R1.4", "R7.1")
def test_while_loading_503_says_when_and_no_engine_outlives_a_killed_gateway(loading_gateway: Gateway) -> None:
    health = httpx.get(f"{loading_gateway.url}/health")
    assert health.status_code == 503
    assert health.json()["stage"] == "imports"
    refused = completion(loading_gateway)
    assert refused.status_code == 503
    assert int(refused.headers["retry-after"]) >= 1
    wait_for(lambda: "EngineCore" in str(loading_gateway.engine_processes()), "EngineCore", BOOT_SECONDS)
    group = loading_gateway.engine_leader()
    loading_gateway.process.kill()
    loading_gateway.process.wait()
    wait_for(lambda: not process_group(group), "the end of every process of the engine")
