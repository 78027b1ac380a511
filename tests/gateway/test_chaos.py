"""What goes wrong around the gateway: nobody reads its output, its disk is full, the host's clock jumps.

The engine is a stand-in (ops/soak/engine.py): none of this reaches a real one. `test_recovery.py` has what does.
"""

import fcntl
import os
import signal
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

import httpx
import msgspec
import pytest

from ops.soak.engine import MAX_MODEL_LEN, Fault, Script
from support.calls import error_of, events_of, post
from support.engine_fixtures import Gateway, scripted_gateway, wait_for

DAY = 86_400

CLOCK = """\
import time
from pathlib import Path
real = time.time
time.time = lambda: real() + float(Path(__file__).with_name("jump").read_text())
"""
"""A stand-in for a host whose clock is set anew: Python runs it before the gateway (docs.python.org/3/library/site)."""


def completion(client: httpx.Client) -> int:
    return post(client, {"prompt": "Hello", "model": "stand-in"}).status_code


def asked(script: Script, **parameters: object) -> dict[str, object]:
    return {"prompt": msgspec.json.encode(script).decode(), "model": "stand-in", **parameters}


@contextmanager
def blocked_pipe() -> Generator[int]:
    """A pipe that nobody empties, such as of a log driver that stands still; 4,096 bytes fill it."""
    reader, writer = os.pipe()
    fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, 4096)
    yield writer
    os.close(writer)
    os.close(reader)


@contextmanager
def closed_pipe() -> Generator[int]:
    """A pipe whose reader is gone."""
    reader, writer = os.pipe()
    os.close(reader)
    yield writer
    os.close(writer)


@contextmanager
def full_disk() -> Generator[int]:
    """A file to which nothing can be added (full(4))."""
    descriptor = os.open("/dev/full", os.O_WRONLY)
    yield descriptor
    os.close(descriptor)


@pytest.mark.req("R7.1")
@pytest.mark.parametrize("broken_output", [blocked_pipe, closed_pipe, full_disk], ids=lambda made: made.__name__)
def test_gateway_serves_restarts_and_stops_whatever_becomes_of_its_output(
    broken_output: object, tmp_path: Path
) -> None:
    with (
        broken_output() as output,  # type: ignore[operator]
        scripted_gateway(tmp_path, output=output) as gateway,
        httpx.Client(base_url=gateway.url, timeout=60) as client,
    ):
        assert {completion(client) for _ in range(50)} == {200}
        engine = gateway.engine_leader()
        with pytest.raises(httpx.TransportError):
            httpx.post(f"{gateway.engine_url}/die", timeout=60)
        wait_for(lambda: gateway.engine_leader() not in (0, engine), "another engine")
        gateway.wait_until("ready")
        assert completion(client) == 200
        gateway.process.terminate()
        assert gateway.process.wait(timeout=60) == 0


def test_what_waited_for_its_reader_is_written_when_he_comes_back(tmp_path: Path) -> None:
    reader, writer = os.pipe()
    fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, 4096)
    read: list[bytes] = []

    def read_all() -> None:
        with os.fdopen(reader, "rb") as pipe:
            read.extend(pipe.readlines())

    with scripted_gateway(tmp_path, output=writer) as gateway:
        os.close(writer)
        with httpx.Client(base_url=gateway.url, timeout=60) as client:
            for _ in range(50):
                completion(client)
        reading = threading.Thread(target=read_all)
        reading.start()
    reading.join()
    assert sum(b'"Requests":1' in line for line in read) == 50


class Clock:
    """The wall clock of a gateway's host, which a test sets."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "jump"
        (folder / "sitecustomize.py").write_text(CLOCK)
        self.jump(0)

    def jump(self, seconds: float) -> None:
        unfinished = self._file.with_suffix(".new")
        unfinished.write_text(str(seconds))
        unfinished.rename(self._file)


@pytest.fixture
def clock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Clock:
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    return Clock(tmp_path)


def document_times(gateway: Gateway) -> list[int]:
    return [document["_aws"]["Timestamp"] // 1000 for document in gateway.documents()]


@pytest.mark.req("R7.2")
@pytest.mark.parametrize("jump", [DAY, -DAY], ids=["forward", "back"])
def test_stream_and_deadline_do_not_go_by_the_wall_clock(clock: Clock, tmp_path: Path, jump: float) -> None:
    with scripted_gateway(tmp_path, request_timeout_seconds=4) as gateway:
        with httpx.Client(base_url=gateway.url, timeout=60) as client:
            script = Script(id="a", tokens=10, gap_seconds=0.1)
            with client.stream("POST", "/v1/completions", json=asked(script, stream=True)) as answer:
                clock.jump(jump)
                answer.read()
            assert events_of(answer)[-1] == "[DONE]"
            assert post(client, asked(Script(id="b", fault=Fault.SILENT))).status_code == 504
        times = document_times(gateway)
    assert abs(times[-1] - times[0]) > DAY / 2  # the gateway's clock did jump


@pytest.mark.req("R5.3")
@pytest.mark.parametrize("jump", [DAY, -DAY], ids=["forward", "back"])
def test_minute_of_the_rate_limit_does_not_go_by_the_wall_clock(clock: Clock, tmp_path: Path, jump: float) -> None:
    with (
        scripted_gateway(tmp_path, rate_limit_per_minute=3) as gateway,
        httpx.Client(base_url=gateway.url, timeout=60) as client,
    ):
        assert [completion(client) for _ in range(3)] == [200] * 3
        clock.jump(jump)
        refused = post(client, {"prompt": "Hello", "model": "stand-in"})
        assert error_of(refused)["code"] == 429
        assert 1 <= int(refused.headers["retry-after"]) <= 60


def list_models(gateway: Gateway) -> None:
    httpx.get(f"{gateway.url}/v1/models", timeout=60)


def begin_stream(gateway: Gateway) -> None:
    """Send what the engine counts the tokens of first, and leave when the stream's head is here."""
    body = {"prompt": "a" * MAX_MODEL_LEN, "max_tokens": 1, "stream": True}
    with httpx.stream("POST", f"{gateway.url}/v1/completions", json=body, timeout=60):
        pass


@pytest.mark.req("R7.1")
@pytest.mark.parametrize("ask", [list_models, begin_stream])
def test_hung_core_is_found_although_the_engines_server_answers(ask: Callable[[Gateway], None], tmp_path: Path) -> None:
    with scripted_gateway(tmp_path, check_interval_seconds=1, check_timeout_seconds=2) as gateway:
        engine = gateway.engine_leader()
        httpx.post(f"{gateway.engine_url}/hang-core", timeout=60)

        def replaced() -> bool:
            ask(gateway)
            return gateway.engine_leader() not in (0, engine)

        wait_for(replaced, "another engine")


@pytest.mark.req("R7.1")
def test_engine_that_dies_while_its_host_leaves_is_not_awaited(tmp_path: Path) -> None:
    with scripted_gateway(tmp_path) as gateway, httpx.Client(base_url=gateway.url, timeout=60) as client:
        gateway.process.send_signal(signal.SIGUSR1)
        gateway.wait_until("leaving")
        os.killpg(gateway.engine_leader(), signal.SIGKILL)
        gateway.wait_until("draining")
        refused = post(client, {"prompt": "Hello", "model": "stand-in"})
        assert (refused.status_code, refused.headers["retry-after"]) == (503, "1")
    assert gateway.process.returncode == 0
