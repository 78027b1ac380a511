"""The whole service on this machine: synthesize, forecast the cost, serve a real small model and the demo page.

The same gateway runs as on a GPU host, in front of real vLLM on the CPU. Ctrl-C or SIGTERM stops everything.
"""

import argparse
import functools
import http.server
import json
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from subprocess import PIPE
from types import FrameType

import httpx
from rich.console import Console
from rich.status import Status

from inference_constructs.foundation import timeouts
from inference_constructs.page import page_config, security_headers
from ops import forecast
from ops.deployment.tofu import synthesize
from ops.engine import ENGINE_ARGS, ENVIRONMENT, MODEL, TEMPERATURE
from ops.models import LocalModel, SourceError, local_model
from ops.shared.paths import ROOT, STACKS, engine_python

CONTEXT_TOKENS = 2048
MAX_TOKENS = 512
REQUEST_TIMEOUT_SECONDS = 120
"""Longer than on AWS, since a CPU writes about 18 tokens a second."""

EXCEPTION = re.compile(r"\b[A-Z]\w*(Error|Exception|Exit)\b: ")

console = Console()


def refuse_taken(port: int, option: str) -> None:
    """Exit with one line where a port cannot be listened on."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except (OSError, OverflowError) as error:
            sys.exit(f"error: port {port} cannot be used ({error}): stop what listens there, or give {option}")


class Page(http.server.SimpleHTTPRequestHandler):
    """Serves `demo/` and a `config.json` that names the local API."""

    def __init__(self, *args: object, config: bytes, api: str) -> None:
        self._config, self._api = config, api
        super().__init__(*args, directory=str(ROOT / "demo"))  # type: ignore[arg-type]

    def do_GET(self) -> None:
        """Answer `config.json` from memory and everything else from the folder."""
        if self.path != "/config.json":
            super().do_GET()
            return
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(self._config)))
        self.end_headers()
        self.wfile.write(self._config)

    def end_headers(self) -> None:
        """Send what CloudFront would, but keep nothing in the cache: the files change while one works on them."""
        for name, value in security_headers(self._api).items():
            self.send_header(name, value)
        self.send_header("Cache-Control", "no-store")
        super().end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Stay quiet."""


@contextmanager
def page_server(port: int, api: str, name: str, temperature: float) -> Generator[str]:
    """Serve the page; yields its URL."""
    config = page_config(api_url=api, model=name, max_tokens=MAX_TOKENS, temperature=temperature)
    handler = functools.partial(Page, config=json.dumps(config).encode(), api=api)
    with http.server.ThreadingHTTPServer(("127.0.0.1", port), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{port}/"
        finally:
            server.shutdown()


@contextmanager
def gateway(port: int, engine_port: int, page: str, model: LocalModel, log: Path) -> Generator[subprocess.Popen[bytes]]:
    """Run the gateway and its engine; both are gone when the block ends."""
    context = min(CONTEXT_TOKENS, model.context_tokens)
    settings = {
        "GATEWAY_PORT": str(port),
        "GATEWAY_ENGINE_PORT": str(engine_port),
        "GATEWAY_MODEL": str(model.folder),
        "GATEWAY_SERVED_MODEL_NAME": model.name,
        "GATEWAY_TOOL_PARSER": model.tool_parser,
        "GATEWAY_ENGINE_ARGS": f"{ENGINE_ARGS} --max-model-len {context} {shlex.join(model.engine_arguments)}",
        "GATEWAY_CORS_ORIGINS": page.rstrip("/"),
        "GATEWAY_MAX_OUTPUT_TOKENS": str(MAX_TOKENS),
        "GATEWAY_REQUEST_TIMEOUT_SECONDS": str(REQUEST_TIMEOUT_SECONDS),
        "GATEWAY_DRAIN_TIMEOUT_SECONDS": str(REQUEST_TIMEOUT_SECONDS + timeouts.DRAIN.margin),
        "GATEWAY_CHECK_TIMEOUT_SECONDS": str(REQUEST_TIMEOUT_SECONDS + timeouts.CHECK.margin),
        "GATEWAY_ENVIRONMENT": "local",
    }
    with log.open("wb") as output:
        process = subprocess.Popen(
            [engine_python(), "-m", "runtime"],
            cwd=ROOT,
            env=os.environ | settings | ENVIRONMENT,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            yield process
        finally:
            stop_gateway(process)


def stop_gateway(process: subprocess.Popen[bytes]) -> None:
    """Let answers that are under way end; a second Ctrl-C or SIGTERM does not wait for them."""
    process.terminate()
    try:
        with console.status("finishing what is under way (Ctrl-C again ends it at once)"):
            process.wait()
    except SystemExit:
        process.kill()  # the engine goes with it (runtime/leash.py)
        process.wait()
        raise


@contextmanager
def prepared_model() -> Generator[subprocess.Popen[str]]:
    """Prepare the model beside other work; what is unfinished when the block is left early is given up."""
    command = [engine_python(), "-m", "ops.engine.local_model"]
    with subprocess.Popen(command, cwd=ROOT, stdout=PIPE, stderr=PIPE, text=True) as converting:
        try:
            yield converting
        finally:
            converting.kill()


@contextmanager
def chosen_model(address: str | None) -> Generator[Callable[[], LocalModel]]:
    """Find the model that was asked for, or prepare the small one beside other work; yields what waits for it."""
    if address:
        try:
            model = local_model(address)
        except (SourceError, ValueError) as error:
            sys.exit(f"error: {error}")
        yield lambda: model
        return
    with prepared_model() as converting:

        def prepared() -> LocalModel:
            with console.status(f"preparing {MODEL} (once, about 40 s)"):
                folder, complaints = converting.communicate()
            if converting.returncode:
                sys.exit(f"error: the model could not be prepared: {complaints.strip().splitlines()[-1]}")
            return LocalModel(name=MODEL, folder=Path(folder.strip()), temperature=TEMPERATURE)

        yield prepared


def last_words(log: Path) -> str:
    """Return the line of a log that names the cause: the last exception, or else the last line."""
    lines = [line.strip() for line in log.read_text(errors="replace").splitlines() if line.strip()]
    causes = [line for line in lines if EXCEPTION.search(line)]
    # vLLM's processes put their name before each line
    return re.sub(r"^\(.*?\) ", "", (causes or lines or ["it wrote nothing"])[-1])


def wait_until_ready(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    """Return once the model has answered; the way there is shown.

    Raises:
        SystemExit: the gateway stopped, or gave up.
    """
    started = time.monotonic()
    with Status("starting", console=console) as status:
        while process.poll() is None:
            seconds = time.monotonic() - started
            try:
                health = httpx.get(f"{url}/health", timeout=5).json()
            except httpx.TransportError:
                health = {"status": "loading", "stage": "gateway"}
            if health["status"] == "ready":
                return
            if health["status"] == "failed":
                break
            status.update(f"loading the model: {health['stage']} ({seconds:.0f} s, usually 35 to 60)")
            time.sleep(0.5)
    sys.exit(f"error: the model did not get ready: {last_words(log)} (the whole log is {log})")


def stop(signal_number: int, _frame: FrameType | None) -> None:
    """Leave through every `finally`."""
    raise SystemExit(128 + signal_number)


def main() -> None:
    """Run the demo until it is stopped."""
    parser = argparse.ArgumentParser(prog="make demo", description=__doc__)
    parser.add_argument("--port", type=int, default=os.environ.get("API_PORT", "8000"), help="port of the API")
    parser.add_argument("--page-port", type=int, default=os.environ.get("PAGE_PORT", "8080"), help="port of the page")
    parser.add_argument("--engine-port", type=int, default=os.environ.get("ENGINE_PORT", "8001"), help="port of vLLM")
    parser.add_argument("--model", default=os.environ.get("MODEL"), help="folder, or one of stacks/models/")
    arguments = parser.parse_args()
    began = float(os.environ.get("BEGAN") or time.time())
    ports = {"API_PORT": arguments.port, "PAGE_PORT": arguments.page_port, "ENGINE_PORT": arguments.engine_port}
    if len(set(ports.values())) < len(ports):
        sys.exit(f"error: {', '.join(ports)} must differ, are {', '.join(map(str, ports.values()))}")
    for variable, port in ports.items():
        refuse_taken(port, f"another one: make demo {variable}=...")
    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)

    with chosen_model(arguments.model) as chosen:
        with console.status("synthesizing every environment"):
            synthesize()
        console.print(f"synthesized: {', '.join(sorted(p.name for p in STACKS.iterdir()))}")
        forecast.print_table(console)
        model = chosen()

    api = f"http://127.0.0.1:{arguments.port}"
    log = ROOT / "build" / "gateway.log"
    log.parent.mkdir(exist_ok=True)
    with (
        page_server(arguments.page_port, api, model.name, model.temperature) as page,
        gateway(arguments.port, arguments.engine_port, page, model, log) as process,
    ):
        wait_until_ready(api, process, log)
        console.print(
            f"\nready after {time.time() - began:.0f} s, set-up included: [bold]{page}[/bold]   "
            f"(API: {api}/v1, Ctrl-C stops everything)",
            soft_wrap=True,
        )
        process.wait()
        sys.exit(f"error: the gateway stopped: {last_words(log)} (the whole log is {log})")


if __name__ == "__main__":
    main()
