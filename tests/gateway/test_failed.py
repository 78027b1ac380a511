"""When the gateway gives up, with commands that stand in for an engine that hangs or dies as it starts."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from runtime.server import seconds_since_host_boot
from support.engine_fixtures import Gateway

SLEEPER = 'python -c "import time; time.sleep(600)"'
"""Never answers."""

CRASHER = 'python -c "raise SystemExit(1)"'
"""Dies at once."""


@pytest.fixture
def failed_gateway(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Gateway]:
    command, deadline = request.param
    gateway = Gateway(tmp_path, engine_command=command, boot_deadline_seconds=deadline)
    gateway.wait_until("failed", seconds=60)
    yield gateway
    gateway.stop()


@pytest.mark.req("R1.2", "R1.4", "R7.1")
@pytest.mark.parametrize("failed_gateway", [(SLEEPER, 1), (CRASHER, 600)], indirect=True, ids=["sleeper", "crasher"])
def test_failed_host_says_so_and_keeps_no_engine(failed_gateway: Gateway) -> None:
    health = httpx.get(f"{failed_gateway.url}/health")
    assert health.status_code == 503
    assert health.json()["status"] == "failed"
    refused = httpx.post(f"{failed_gateway.url}/v1/completions", json={"prompt": "Hello"})
    assert refused.status_code == 503
    assert int(refused.headers["retry-after"]) >= 1
    assert failed_gateway.engine_leader() == 0


@pytest.mark.req("R1.2")
def test_host_whose_own_boot_took_longer_than_the_deadline_reports_it(tmp_path: Path) -> None:
    booted_for = seconds_since_host_boot()
    gateway = Gateway(tmp_path, engine_command=SLEEPER, boot_deadline_seconds=1, count_host_boot="true")
    gateway.wait_until("failed", seconds=60)
    gateway.stop()
    assert sum(document.get("BootSeconds", 0) for document in gateway.documents()) > booted_for


@pytest.mark.parametrize("failed_gateway", [(CRASHER, 600)], indirect=True, ids=["crasher"])
def test_engine_that_dies_is_started_three_times(failed_gateway: Gateway) -> None:
    failed_gateway.stop()
    assert failed_gateway.log.count("engine failed: the engine died") == 3
    assert sum(document.get("EngineFailures", 0) for document in failed_gateway.documents()) == 3


@pytest.mark.parametrize("failed_gateway", [(SLEEPER, 1)], indirect=True, ids=["sleeper"])
def test_failed_gateway_still_ends_in_order(failed_gateway: Gateway) -> None:
    failed_gateway.process.terminate()
    assert failed_gateway.process.wait(timeout=60) == 0
