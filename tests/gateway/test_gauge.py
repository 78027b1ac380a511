"""What a host holds is published while no request ends, which is when it matters most."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from inference_constructs.cost.formulas import GAUGE_BYTES
from ops.soak.engine import Fault, Script
from runtime.log_filter import document_of
from runtime.metrics import GAUGE_SECONDS, IN_FLIGHT, QUEUE_DEPTH, READY
from runtime.publisher import emf_document
from support.engine_fixtures import Gateway, scripted_gateway, wait_for

SILENT: dict[str, Any] = {
    "prompt": msgspec.json.encode(Script(id="silent", fault=Fault.SILENT)).decode(),
    "model": "stand-in",
}
SLEEPER = 'python -c "import time; time.sleep(600)"'


def gauges(gateway: Gateway) -> list[tuple[int, int, int]]:
    """Ready, in flight, queued: of each document of the gauges."""
    names = (READY.name, IN_FLIGHT.name, QUEUE_DEPTH.name)
    documents = gateway.documents()
    return [tuple(document[name] for name in names) for document in documents if READY.name in document]  # type: ignore[misc]


@pytest.mark.req("R4.5")
def test_host_on_which_no_request_ends_shows_what_it_holds(tmp_path: Path) -> None:
    with (
        scripted_gateway(tmp_path, max_in_flight=2, request_timeout_seconds=600) as gateway,
        ThreadPoolExecutor() as pool,
    ):
        answers = [pool.submit(httpx.post, f"{gateway.url}/v1/completions", json=SILENT, timeout=60) for _ in range(3)]
        wait_for(lambda: (1, 2, 1) in gauges(gateway), "two that work and one that waits")
        assert not any(answer.done() for answer in answers)
        gateway.process.kill()


def test_host_that_loads_is_not_ready(tmp_path: Path) -> None:
    gateway = Gateway(tmp_path, engine_command=SLEEPER)
    wait_for(lambda: gauges(gateway), "a document of the gauges")
    gateway.stop()
    assert set(gauges(gateway)) == {(0, 0, 0)}


def test_gauges_come_several_times_in_a_minute_that_an_alarm_counts() -> None:
    assert 60 / GAUGE_SECONDS >= 6


@pytest.mark.req("R8.3")
def test_document_is_no_longer_than_the_forecast_counts() -> None:
    environment = "a-long-name-of-an-environment"
    values = {READY: 1, IN_FLIGHT: 256, QUEUE_DEPTH: 512}
    passed_on = document_of(
        emf_document(environment, 1.0, values, {"state": "draining"}), environment, unix_seconds=1.8e9
    )
    assert passed_on is not None
    # what CloudWatch Logs adds to each event
    assert len(passed_on) + 26 <= GAUGE_BYTES
