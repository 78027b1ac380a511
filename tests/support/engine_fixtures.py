"""The gateway in front of real vLLM on the CPU, with a tiny Phi-3: started once, when a test first needs it."""

import contextlib
import hashlib
import json
import os
import random
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest

from ops.engine import ENGINE_ARGS, ENVIRONMENT
from support.paths import ROOT

TINY_PHI3 = Path(__file__).with_name("tiny_phi3.py")
MODEL = "phi-3"
MAX_IN_FLIGHT = 20
MAX_QUEUED = 20
REQUEST_TIMEOUT_SECONDS = 15
"""Longer than a hung engine takes to be found, and than a busy machine stalls."""
CLIENT_TIMEOUT_SECONDS = 4
DRAIN_TIMEOUT_SECONDS = 10
MAX_BODY_BYTES = 65_536
MAX_HEADER_BYTES = 8_192
ORIGIN = "https://demo.example"
BOOT_SECONDS = 600
"""How long a boot may take here, where other work shares the processors."""


def engine_python() -> str:
    """Return the interpreter that vLLM is installed in."""
    python = os.environ.get("ENGINE_PYTHON", str(ROOT / ".venv-engine/bin/python"))
    if not Path(python).exists():
        pytest.exit(f"{python} does not exist: run `make setup`, or set ENGINE_PYTHON", 2)
    return python


def tiny_phi3(family: str = "Phi3") -> Path:
    """Return the model's folder, made where it is missing: outside the repository, complete or not at all.

    Args:
        family: Its architecture, as transformers names it.
    """
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "inference-tests"
    target = cache / f"{family.lower()}-{hashlib.sha256(TINY_PHI3.read_bytes()).hexdigest()[:12]}"
    if not target.exists():
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache) as folder:
            made = Path(folder) / "model"
            command = [engine_python(), str(TINY_PHI3), str(made), family]
            subprocess.run(command, check=True, capture_output=True, env={**os.environ, "HF_HUB_OFFLINE": "1"})
            try:
                made.rename(target)
            except OSError:
                # another process of the tests was first
                if not target.exists():
                    raise
    return target


def counting(first: int, count: int) -> str:
    """Return what the tiny Phi-3 writes when `first` comes next (tiny_phi3.py)."""
    return "".join(f" {number % 1000}" for number in range(first, first + count))


def free_port() -> int:
    """Return a port that nothing listens on.

    It is below those that the kernel gives to connections, one of which could take it before it is used (ip(7)).
    """
    while True:
        port = random.randrange(20_000, 32_768)
        with socket.socket() as listener, contextlib.suppress(OSError):
            listener.bind(("127.0.0.1", port))
            return port


def wait_for(condition: Callable[[], object], what: str, seconds: float = 30) -> None:
    """Return once `condition` holds; fail with `what` where it does not in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            pytest.fail(f"not within {seconds:g} s: {what}")
        time.sleep(0.05)


def process_group(leader: int) -> set[int]:
    """Return the living processes of a group, read from /proc (proc(5))."""
    members: set[int] = set()
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            # the name in parentheses may hold spaces
            state, _, group = stat.read_text().rpartition(")")[2].split()[:3]
        except (OSError, ValueError):
            continue
        if int(group) == leader and state not in "ZX":
            members.add(int(stat.parent.name))
    return members


PAGE_PORT = free_port()
"""Where a page must be served that is to call the gateway."""

SETTINGS: dict[str, Any] = {
    "root_path": "/live",
    "cors_origins": f"{ORIGIN},http://127.0.0.1:{PAGE_PORT}",
    "max_in_flight": MAX_IN_FLIGHT,
    "max_queued": MAX_QUEUED,
    "max_output_tokens": 30_000,
    "max_body_bytes": MAX_BODY_BYTES,
    "max_header_bytes": MAX_HEADER_BYTES,
    "request_timeout_seconds": REQUEST_TIMEOUT_SECONDS,
    "client_timeout_seconds": CLIENT_TIMEOUT_SECONDS,
    "drain_timeout_seconds": DRAIN_TIMEOUT_SECONDS,
    "check_interval_seconds": 1,
    "check_timeout_seconds": 10,
    "boot_deadline_seconds": BOOT_SECONDS,
}
"""Of the gateways that tests of the API share, whatever the model."""


class Gateway:
    """A gateway process, the engine that it runs, and what they wrote; not so if a descriptor, `output`, gets it."""

    def __init__(self, folder: Path, *, output: int | None = None, **settings: object) -> None:
        self.port, self.engine_port = free_port(), free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.engine_url = f"http://127.0.0.1:{self.engine_port}"
        self.states: list[tuple[str, str]] = []
        self._stdout, self._stderr = folder / "stdout", folder / "stderr"
        self.process = self._start({"port": self.port, "engine_port": self.engine_port, **settings}, output)

    def _start(self, settings: Mapping[str, object], output: int | None) -> subprocess.Popen[bytes]:
        environ = {f"GATEWAY_{name.upper()}": str(value) for name, value in settings.items()}
        with self._stdout.open("ab") as stdout, self._stderr.open("ab") as stderr:
            return subprocess.Popen(
                [engine_python(), "-m", "runtime"],
                cwd=ROOT,
                env={**os.environ, **ENVIRONMENT, **environ},
                stdout=stdout if output is None else output,
                stderr=stderr if output is None else output,
            )

    @property
    def log(self) -> str:
        """All that the gateway and its engine wrote."""
        return self._stdout.read_text() + self._stderr.read_text()

    def documents(self) -> list[dict[str, Any]]:
        """Return the metrics documents of standard output."""
        return [json.loads(line) for line in self._stdout.read_text().splitlines() if line.startswith('{"_aws"')]

    def health(self) -> dict[str, Any]:
        return httpx.get(f"{self.url}/health", timeout=5).json()

    def wait_until(self, *wanted: str, seconds: float = BOOT_SECONDS) -> None:
        """Wait for a status, and note each state on the way."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                health = self.health()
            except httpx.TransportError:
                time.sleep(0.05)
                continue
            state = (health["status"], health["stage"])
            if state not in self.states[-1:]:
                self.states.append(state)
            if health["status"] in wanted:
                return
            if health["status"] == "failed":
                break
            time.sleep(0.05)
        pytest.fail(f"the gateway is not {wanted}, after {self.states}; it wrote:\n{self.log[-3000:]}")

    def engine_leader(self) -> int:
        """Return the leader of the engine's process group; 0 while none runs."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        return int(children[0]) if children else 0

    def engine_processes(self) -> dict[int, str]:
        """Return vLLM's processes with their command lines."""
        pids = process_group(self.engine_leader()) - {self.engine_leader()}
        commands: dict[int, str] = {}
        for pid in pids:
            # one that has just ended is gone
            with contextlib.suppress(OSError):
                commands[pid] = Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ").strip()
        return commands

    def engine_metric(self, name: str) -> float:
        """Return the sum of a metric of vLLM's own."""
        lines = httpx.get(f"{self.engine_url}/metrics", timeout=5).text.splitlines()
        return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith((f"{name}{{", f"{name} ")))

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(timeout=60)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


@contextlib.contextmanager
def stand_in_gateway(folder: Path, **settings: Any) -> Generator[Gateway]:
    """A gateway that trusts an edge in front of it, before a stand-in for the engine, which answers at once."""
    command = "python -m ops.bench.gateway stand-in"
    gateway = Gateway(folder, engine_command=command, served_model_name="stand-in", **settings)
    gateway.wait_until("ready", seconds=120)
    yield gateway
    gateway.stop()


@contextlib.contextmanager
def scripted_gateway(folder: Path, **settings: Any) -> Generator[Gateway]:
    """A gateway before a stand-in for the engine that answers, and fails, as each prompt says (ops/soak/engine.py)."""
    gateway = Gateway(folder, engine_command="python -m ops.soak.engine", served_model_name="stand-in", **settings)
    try:
        gateway.wait_until("ready")
        yield gateway
    finally:
        gateway.stop()


class GatewayHost:
    """Starts the session's gateway when it is first needed, and another one when a test has ended it."""

    def __init__(self) -> None:
        self._gateway: Gateway | None = None
        self._folder = tempfile.TemporaryDirectory(prefix="gateway-")

    def _start(self) -> Gateway:
        return Gateway(
            Path(tempfile.mkdtemp(dir=self._folder.name)),
            model=tiny_phi3(),
            served_model_name=MODEL,
            engine_args=ENGINE_ARGS,
            **SETTINGS,
        )

    def gateway(self) -> Gateway:
        """Return the gateway that runs, be it ready or not."""
        if self._gateway is None or self._gateway.process.poll() is not None:
            self._gateway = self._start()
        return self._gateway

    def stop(self) -> None:
        if self._gateway is not None:
            self._gateway.stop()
        self._folder.cleanup()


HOST = pytest.StashKey[GatewayHost]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[HOST] = GatewayHost()


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Leave no engine behind."""
    host = session.config.stash.get(HOST, None)
    if host is not None:
        host.stop()


@pytest.fixture
def gateway(pytestconfig: pytest.Config) -> Gateway:
    """The session's gateway, ready."""
    gateway = pytestconfig.stash[HOST].gateway()
    gateway.wait_until("ready")
    return gateway


@pytest.fixture
def mortal_gateway(gateway: Gateway) -> Gateway:
    """The same, for tests that end it or its engine; `conftest.py` runs their file last."""
    return gateway


@pytest.fixture
def client(gateway: Gateway) -> Iterator[httpx.Client]:
    """An HTTP client of the ready gateway."""
    with httpx.Client(base_url=gateway.url, timeout=60) as client:
        yield client


@pytest.fixture
def loading_gateway(tmp_path: Path) -> Iterator[Gateway]:
    """A gateway of the test's own, whose engine has just begun to load."""
    gateway = Gateway(
        tmp_path,
        model=tiny_phi3(),
        served_model_name=MODEL,
        engine_args=ENGINE_ARGS,
        boot_deadline_seconds=BOOT_SECONDS,
    )
    gateway.wait_until("loading")
    yield gateway
    gateway.stop()
