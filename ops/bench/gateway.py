"""What the gateway costs, side by side with nginx and LiteLLM, in front of the same stand-in engine.

The stand-in answers at once, so what is measured is the way to it and back, not the model. Everything runs on this
machine's loopback interface, one process each. Figures depend on the machine; the ratios are what to look at.
"""

import argparse
import asyncio
import contextlib
import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import timeit
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from ops.shared.percentiles import percentile

LITELLM = (
    *("litellm[proxy]==1.106.2", "httptools==0.9.0", "uvloop==0.23.0"),
    # without these it fails to import them, anew in each request
    *("opentelemetry-api==1.45.2", "opentelemetry-sdk==1.45.2", "opentelemetry-exporter-otlp==1.45.2"),
)
LITELLM_VENV = Path(".venv-litellm")

KEY = f"sk-{secrets.token_hex(16)}"
"""LiteLLM does not start without a key, which is made anew for each run; all targets get it with each request."""

ROUNDS = 10
"""Each round measures every target once, so that a slow moment of the machine hits all of them."""

WARM_UP_REQUESTS = 20
VALIDATIONS = 200
START_SECONDS = 120
PATH = "/v1/chat/completions"
BODY = json.dumps({"model": "stand-in", "messages": [{"role": "user", "content": "Hello"}], "max_tokens": 16}).encode()
ANSWER = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "created": 1,
    "model": "stand-in",
    "choices": [
        {
            "index": 0,
            "message": {"role": "assistant", "content": " world" * 16},
            "logprobs": None,
            "finish_reason": "length",
        }
    ],
    "usage": {"prompt_tokens": 1, "completion_tokens": 16, "total_tokens": 17},
}

LENGTH = {"count": 1, "max_model_len": 4096}


async def stand_in_engine(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Answer every request with the same completion, as an ASGI application on the server that vLLM uses."""
    while (await receive()).get("more_body"):
        pass
    body = json.dumps(LENGTH if scope["path"] == "/tokenize" else ANSWER).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def serve_stand_in() -> None:
    """Serve the stand-in on the port that vLLM would be given."""
    import uvicorn

    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    port: int = parser.parse_known_args()[0].port
    uvicorn.run(stand_in_engine, port=port, log_level="warning", access_log=False, timeout_keep_alive=120)


@dataclass
class Target:
    """Something that answers completions, and how long it took to."""

    name: str
    port: int
    seconds: dict[int, list[float]] = field(default_factory=dict[int, list[float]])
    rates: dict[int, list[float]] = field(default_factory=dict[int, list[float]])

    def p(self, connections: int, percent: int) -> float:
        """Return a percentile of the latency, in milliseconds."""
        return percentile(self.seconds[connections], percent) * 1000

    def rate(self, connections: int) -> float:
        """Return requests a second, the median of the rounds."""
        return median(self.rates[connections])


async def _request(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(REQUEST)
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    if not head.startswith(b"http/1.1 200"):
        raise SystemExit(f"error: a target answered {head[:80]!r}")
    length = int(head.partition(b"content-length:")[2].partition(b"\r\n")[0])
    await reader.readexactly(length)


Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


def _request_bytes() -> bytes:
    headers = {
        "Host": "localhost",
        "Content-Type": "application/json",
        "Content-Length": str(len(BODY)),
        "Authorization": f"Bearer {KEY}",
    }
    lines = [f"POST {PATH} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode() + BODY


REQUEST = _request_bytes()


async def _warm_connection(port: int) -> Connection:
    connection = await asyncio.open_connection("127.0.0.1", port)
    for _ in range(WARM_UP_REQUESTS):
        await _request(*connection)
    return connection


async def _repeat(connection: Connection, until: float, seconds: list[float]) -> None:
    reader, writer = connection
    while (began := time.perf_counter()) < until:
        await _request(reader, writer)
        seconds.append(time.perf_counter() - began)
    writer.close()


async def measure(target: Target, connections: int, duration: float) -> None:
    """Send requests over `connections` connections for `duration` seconds, on each one after the other."""
    warm = [await _warm_connection(target.port) for _ in range(connections)]
    seconds: list[float] = []
    began = time.perf_counter()
    await asyncio.gather(*(_repeat(connection, began + duration, seconds) for connection in warm))
    target.seconds.setdefault(connections, []).extend(seconds)
    target.rates.setdefault(connections, []).append(len(seconds) / (time.perf_counter() - began))


def free_port() -> int:
    """Return a TCP port that nothing listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def wait_until_ready(port: int) -> None:
    """Return once a completion is answered.

    Raises:
        SystemExit: it is not after START_SECONDS.
    """
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError, SystemExit, asyncio.IncompleteReadError):
            asyncio.run(_warm_connection(port))
            return
        time.sleep(0.2)
    raise SystemExit(f"error: nothing answers on port {port}")


@contextlib.contextmanager
def running(command: list[str], log: Path, environ: dict[str, str] | None = None) -> Generator[None]:
    """Run a command in the background, which writes to `log`, and stop it afterwards."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, env={**os.environ, **(environ or {})}, stdout=output, stderr=subprocess.STDOUT
        )
        try:
            yield
        finally:
            process.terminate()
            process.wait()


def gateway(port: int, engine_port: int, folder: Path) -> contextlib.AbstractContextManager[None]:
    """Run the gateway; it starts the stand-in engine as its own child."""
    settings = {
        "GATEWAY_PORT": port,
        "GATEWAY_ENGINE_PORT": engine_port,
        "GATEWAY_ENGINE_COMMAND": "python -m ops.bench.gateway stand-in",
        "GATEWAY_SERVED_MODEL_NAME": "stand-in",
    }
    environ = {key: str(value) for key, value in settings.items()}
    return running([sys.executable, "-m", "runtime"], folder / "gateway.log", environ)


def nginx(port: int, engine_port: int, folder: Path) -> contextlib.AbstractContextManager[None]:
    """Run nginx with one worker, and kept-alive connections to the engine."""
    (folder / "nginx.conf").write_text(
        f"""
        daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log stderr crit;
        events {{ worker_connections 256; }}
        http {{
            access_log off; keepalive_requests 1000000;
            upstream engine {{ server 127.0.0.1:{engine_port}; keepalive 16; keepalive_requests 1000000; }}
            server {{
                listen 127.0.0.1:{port};
                location / {{ proxy_pass http://engine; proxy_http_version 1.1; proxy_set_header Connection ""; }}
            }}
        }}"""
    )
    return running(["nginx", "-p", str(folder), "-c", str(folder / "nginx.conf")], folder / "nginx.log")


def litellm(port: int, engine_port: int, folder: Path) -> contextlib.AbstractContextManager[None]:
    """Run LiteLLM's proxy from an environment of its own, which is made where it is missing.

    As its makers advise for production, as far as one process goes: no database, no debug log, no callbacks, and the
    provider for vLLM, whose connections are kept alive; with bytecode, httptools and uvloop, as the gateway has.
    https://docs.litellm.ai/docs/proxy/prod
    """
    stamp = LITELLM_VENV / ".complete"
    if not stamp.exists():
        print(f"installing {LITELLM[0]} into {LITELLM_VENV}", file=sys.stderr)
        subprocess.run([".tools/bin/uv", "venv", "--quiet", "--clear", LITELLM_VENV], check=True)
        install = [".tools/bin/uv", "pip", "install", "--compile-bytecode", "--python", LITELLM_VENV, *LITELLM]
        subprocess.run(install, check=True)
        stamp.touch()
    parameters = {
        "model": "hosted_vllm/stand-in",
        "api_base": f"http://127.0.0.1:{engine_port}/v1",
        "api_key": "none",
    }
    config = {"model_list": [{"model_name": "stand-in", "litellm_params": parameters}]}
    # JSON is YAML too
    (folder / "litellm.yaml").write_text(json.dumps(config))
    command = [str(LITELLM_VENV / "bin/litellm"), "--config", str(folder / "litellm.yaml")]
    return running(
        [*command, "--host", "127.0.0.1", "--port", str(port), "--num_workers", "1"],
        folder / "litellm.log",
        {
            "LITELLM_MODE": "PRODUCTION",
            "LITELLM_MASTER_KEY": KEY,
            "LITELLM_LOCAL_MODEL_COST_MAP": "True",
            "LITELLM_LOG": "ERROR",
            "NO_PROXY": "127.0.0.1",
        },
    )


def report(targets: list[Target]) -> Iterator[str]:
    """Yield the lines of a Markdown table, then what the ratios are."""
    yield "| | p50, 1 conn. | p99, 1 conn. | p50, 8 conn. | p99, 8 conn. | requests/s, 1 | requests/s, 8 |"
    yield "|---|---|---|---|---|---|---|"
    for target in targets:
        times = " | ".join(f"{target.p(connections, percent):.2f} ms" for connections in (1, 8) for percent in (50, 99))
        yield f"| {target.name} | {times} | {target.rate(1):.0f} | {target.rate(8):.0f} |"
    named = {target.name: target for target in targets}
    ours = named["gateway"]
    yield f"\nadded p50 over direct, 1 connection: {ours.p(1, 50) - named['direct'].p(1, 50):.2f} ms"
    for name in (target.name for target in targets[2:]):
        ratios = [a / b for a, b in zip(ours.rates[8], named[name].rates[8], strict=True)]
        yield (
            f"throughput over {name}'s, 8 connections: {median(ratios):.2f} "
            f"({min(ratios):.2f} to {max(ratios):.2f} in {ROUNDS} rounds)"
        )


def chat_with_tools() -> bytes:
    """Return the body of a chat of some 4 KB that must call one of 10 tools."""
    parameters = {
        "type": "object",
        "properties": {
            "city": {"type": "string", "description": "Name of the city, in English"},
            "days": {"type": "integer", "minimum": 1, "maximum": 10},
            "unit": {"type": "string", "enum": ["celsius", "fahrenheit"]},
            "language": {"anyOf": [{"type": "string"}, {"type": "null"}]},
        },
        "required": ["city", "days"],
        "additionalProperties": False,
    }
    functions = [
        {"name": f"get_weather_{number}", "description": "Get the weather.", "parameters": parameters}
        for number in range(10)
    ]
    tools = [{"type": "function", "function": function} for function in functions]
    messages = [{"role": "user", "content": "Hello"}]
    return json.dumps({"messages": messages, "tools": tools, "tool_choice": "required"}).encode()


def report_validation() -> str:
    """Return how long the gateway checks such a chat and writes it anew for the engine, without what else runs.

    https://docs.python.org/3/library/timeit.html#timeit.Timer.repeat says why that is the fastest of the rounds.
    """
    from runtime.tools import for_engine
    from runtime.validation import encode_for_engine, parse

    def check() -> None:
        encode_for_engine(
            for_engine(parse("/v1/chat/completions", body, max_output_tokens=1), "")[0], max_output_tokens=1
        )

    body = chat_with_tools()
    milliseconds = [seconds / VALIDATIONS * 1000 for seconds in timeit.repeat(check, number=VALIDATIONS, repeat=ROUNDS)]
    return f"validation of a chat with 10 tools, {len(body)} bytes: {min(milliseconds):.2f} ms"


def main() -> None:
    """Run the benchmark and print its table."""
    parser = argparse.ArgumentParser(description="Compare the gateway with nginx and LiteLLM.")
    parser.add_argument("--seconds", type=float, default=1.0, help="duration of one measurement")
    parser.add_argument("--no-litellm", action="store_true", help="leave LiteLLM out; installing it takes minutes")
    arguments = parser.parse_args()
    engine_port, gateway_port, nginx_port, litellm_port = (free_port() for _ in range(4))
    targets = [Target("direct", engine_port), Target("gateway", gateway_port)]
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        stack.enter_context(gateway(gateway_port, engine_port, folder))
        if shutil.which("nginx"):
            stack.enter_context(nginx(nginx_port, engine_port, folder))
            targets.append(Target("nginx", nginx_port))
        else:
            print("nginx is not installed: left out", file=sys.stderr)
        if not arguments.no_litellm:
            stack.enter_context(litellm(litellm_port, engine_port, folder))
            targets.append(Target("LiteLLM", litellm_port))
        for target in targets:
            wait_until_ready(target.port)
        for number in range(1, ROUNDS + 1):
            print(f"round {number} of {ROUNDS}", file=sys.stderr)
            for target in targets:
                for connections in (1, 8):
                    asyncio.run(measure(target, connections, arguments.seconds))
    print("\n".join([*report(targets), report_validation()]))


if __name__ == "__main__":
    if sys.argv[1:2] == ["stand-in"]:
        serve_stand_in()
    else:
        main()
