"""The smoke test passes against the real gateway, and sees each way in which an API can break the contract."""

import json
import subprocess
import sys
from collections.abc import Callable

import httpx
import pytest
from rich.console import Console

from ops import smoke
from support.engine_fixtures import ORIGIN, Gateway
from support.paths import ROOT

KEY = "key-0123456789-0123456789"
QUIET = Console(quiet=True)

Answer = Callable[[httpx.Request], httpx.Response]


def error(status: int, **headers: str) -> httpx.Response:
    body = {
        "error": {"message": "not from this address", "type": "invalid_request_error", "param": None, "code": status}
    }
    return httpx.Response(status, json=body, headers=headers)


def stream(*data: str) -> httpx.Response:
    text = "".join(f"data: {item}\n\n" for item in data)
    return httpx.Response(200, text=text, headers={"Content-Type": "text/event-stream"})


def contract(request: httpx.Request) -> httpx.Response:
    """A stand-in for an API with keys on, on AWS, that does all that it should."""
    path = request.url.path
    if path == "/health":
        return httpx.Response(200, json={"status": "ready", "model": "phi-3"})
    if path == "/v1/nothing":
        return error(404)
    if request.method == "OPTIONS":
        return httpx.Response(204, headers={"Access-Control-Allow-Origin": ORIGIN})
    if request.headers.get("authorization") != f"Bearer {KEY}":
        return error(401)
    if path == "/v1/models":
        return httpx.Response(200, json={"data": [{"id": "phi-3"}]})
    return answer(request)


def answer(request: httpx.Request) -> httpx.Response:
    try:
        body = json.loads(request.content)
    except ValueError:
        return error(400)
    if body.get("prompt") == "":
        return error(400, **{"Access-Control-Allow-Origin": ORIGIN})
    if body.get("stream"):
        return stream('{"choices": [{"text": "a"}]}', '{"choices": [{"text": "b"}]}', "[DONE]")
    choice = {"text": "Paris", "message": {"content": "Paris"}}
    return httpx.Response(200, json={"choices": [choice], "usage": {"completion_tokens": 1}})


def failed(answer: Answer, key: str | None = KEY) -> set[str]:
    """Names of the checks that fail against an API."""
    api = smoke.Api("https://api.example", key, httpx.MockTransport(answer))
    checks = dict(smoke.CHECKS)
    checks["CORS"] = lambda api: smoke.check_cors(api, ORIGIN)
    return {result.name for result in smoke.smoke(api, checks, QUIET) if result.passed is False}


def test_an_api_that_keeps_the_contract_passes() -> None:
    assert failed(contract) == set()


def broken(when: Callable[[httpx.Request], bool], instead: httpx.Response) -> Answer:
    def answer(request: httpx.Request) -> httpx.Response:
        return instead if when(request) else contract(request)

    return answer


def to(path: str) -> Callable[[httpx.Request], bool]:
    return lambda request: request.url.path == path


def holding(text: bytes) -> Callable[[httpx.Request], bool]:
    return lambda request: text in request.content


def asks_for_cors(request: httpx.Request) -> bool:
    return request.method == "OPTIONS"


STREAM, MALFORMED = holding(b'"stream"'), holding(b"{")


@pytest.mark.parametrize(
    ("when", "instead", "check"),
    [
        (to("/health"), httpx.Response(200, json={"status": "loading"}), "health"),
        (to("/v1/models"), httpx.Response(200, json={"data": []}), "models"),
        (to("/v1/nothing"), httpx.Response(403, json={"message": "no"}), "404 unknown path"),
        (MALFORMED, httpx.Response(400, json={"detail": "no"}), "400 malformed JSON"),
        (holding(b'"prompt":""'), httpx.Response(200, json={}), "400 empty prompt"),
        (holding(b'"max_tokens":8'), httpx.Response(200, json={"choices": []}), "completion"),
        (holding(b'"messages"'), error(503), "chat completion"),
        (STREAM, stream('{"choices": []}', '{"choices": []}', '{"choices": []}'), "stream"),
        (STREAM, stream("{}", '{"error": {"message": "deadline"}}', "[DONE]"), "stream"),
        (STREAM, httpx.Response(200, json={}), "stream"),
        (asks_for_cors, httpx.Response(403), "CORS"),
    ],
)
def test_what_breaks_the_contract_is_named(when: Callable[[httpx.Request], bool], instead: httpx.Response, check: str):
    assert check in failed(broken(when, instead))


@pytest.mark.req("R5.6")
def test_an_api_that_takes_any_key_fails() -> None:
    assert "401 without a valid key" in failed(
        lambda request: answer(request) if request.content else contract(request)
    )


@pytest.mark.req("R5.3")
def test_the_rate_limit_is_seen_when_it_comes() -> None:
    count = 0

    def limited(request: httpx.Request) -> httpx.Response:
        nonlocal count
        count += 1
        return error(429, **{"Retry-After": "60"}) if count > 3 else contract(request)

    api = smoke.Api("https://api.example", None, httpx.MockTransport(limited))
    assert smoke.run_check("429", smoke.check_rate_limit, api).detail.startswith("3 of 150 requests got through")


@pytest.mark.parametrize("url", ["ftp://api.example", "api.example", "http://api.example/live"])
def test_a_url_that_is_none_or_unencrypted_is_refused(url: str) -> None:
    done = subprocess.run([sys.executable, "-m", "ops.smoke", url], cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, "Traceback" in done.stderr) == (2, False)
    assert url in done.stderr


def test_an_api_that_is_not_there_is_one_line_and_exit_code_1() -> None:
    command = [sys.executable, "-m", "ops.smoke", "http://127.0.0.1:9"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.req("R5.1", "R5.2", "R7.3", "R9.5")
def test_the_real_gateway_passes(gateway: Gateway) -> None:
    command = [sys.executable, "-m", "ops.smoke", gateway.url, "--origin", ORIGIN]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
