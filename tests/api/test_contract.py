"""The contract as a client meets it: the synthesized edge, in a stand-in for AWS, before the real gateway and engine.

Each status is answered by whoever answers it in production: the firewall, API Gateway, or the gateway.
"""

import json
import socket
import subprocess
import sys
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import jsonschema
import openai
import pytest

from support.api_stack import synthesize_api
from support.edge import edge
from support.engine_fixtures import MODEL, ORIGIN, Gateway, counting, wait_for
from support.paths import ROOT
from support.stack_json import Json

OPENAPI: Json = json.loads((ROOT / "runtime" / "openapi.json").read_text())
KEY = "hV3kQ9tB7xJ2mN5pR8sW1yZ4cF6gL0aDe7uTiOoP"
COMPLETIONS = "/v1/completions"


@pytest.fixture(scope="module")
def stack() -> Json:
    return synthesize_api(allowed_origins=(ORIGIN,))


@pytest.fixture
def open_url(stack: Json, gateway: Gateway) -> Iterator[str]:
    """The API without keys."""
    with edge(stack, gateway.url) as url:
        yield url


@pytest.fixture
def keyed_url(stack: Json, gateway: Gateway) -> Iterator[str]:
    """The API with keys."""
    with edge(stack, gateway.url, {"require_api_key": True}, frozenset({KEY})) as url:
        yield url


@pytest.fixture
def dead_url(stack: Json) -> Iterator[str]:
    """The API while nothing stands behind it."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        with edge(stack, f"http://127.0.0.1:{port}") as url:
            yield url


@pytest.fixture
def silent_url(stack: Json) -> Iterator[str]:
    """The API before a host that takes requests and says nothing."""
    # API Gateway waits 5 s longer than the deadline: this leaves a tenth of a second
    variables = {"request_timeout_seconds": -4.9}
    with (
        socket.create_server(("127.0.0.1", 0)) as host,
        edge(stack, f"http://127.0.0.1:{host.getsockname()[1]}", variables) as url,
    ):
        yield url


@pytest.fixture
def limited_url(stack: Json) -> Iterator[str]:
    """The API for an address that has used up its requests of this minute."""
    with edge(stack, "http://127.0.0.1:9", {"rate_limit_per_minute": 0}) as url:
        yield url


@dataclass(frozen=True)
class Row:
    """A request and what the contract says about its answer."""

    status: int
    api: str
    method: str
    path: str
    body: object = None
    headers: dict[str, str] = field(default_factory=dict[str, str])
    answered: tuple[str, ...] = ()
    req: tuple[str, ...] = ()
    code: str | None = None

    def __str__(self) -> str:
        return f"{self.status} {self.api} {self.method} {self.path}"


PROMPT = {"model": MODEL, "prompt": "Hello", "max_tokens": 1}
LONG = {**PROMPT, "max_tokens": 30_000}
OVER_CONTEXT = "context_length_exceeded"
JSON = {"Content-Type": "application/json"}
WRONG = {"Authorization": f"Bearer {KEY[::-1]}"}
AGAIN = ("Retry-After",)

CONTRACT = [
    Row(400, "open_url", "POST", COMPLETIONS, b"{", JSON, req=("R7.3",)),
    Row(400, "open_url", "POST", COMPLETIONS, {**PROMPT, "prompt": ""}, req=("R7.3",)),
    Row(400, "open_url", "POST", COMPLETIONS, {**PROMPT, "max_tokens": "many"}, req=("R7.3",)),
    Row(400, "open_url", "POST", COMPLETIONS, {**PROMPT, "max_tokens": 30_001}, req=("R7.3",)),
    Row(400, "open_url", "POST", COMPLETIONS, {**LONG, "prompt": "a " * 20_000}, code=OVER_CONTEXT, req=("R7.3",)),
    Row(401, "keyed_url", "POST", COMPLETIONS, PROMPT, answered=("WWW-Authenticate",), req=("R5.6",)),
    Row(401, "keyed_url", "POST", "/v1/chat/completions", {}, WRONG, ("WWW-Authenticate",), ("R5.6",)),
    Row(401, "keyed_url", "GET", "/v1/models", None, {"x-api-key": "short"}, ("WWW-Authenticate",), ("R5.6",)),
    Row(404, "open_url", "GET", "/v1/nothing"),
    Row(404, "open_url", "GET", "/v1", None, WRONG),
    Row(404, "open_url", "POST", COMPLETIONS, {**PROMPT, "model": "gpt-9"}, code="model_not_found"),
    Row(405, "open_url", "GET", COMPLETIONS, answered=("Allow",)),
    Row(405, "keyed_url", "DELETE", "/health", answered=("Allow",)),
    Row(413, "open_url", "POST", COMPLETIONS, {**PROMPT, "prompt": "a" * 66_000}),
    Row(415, "open_url", "PUT", COMPLETIONS, b"Hello", {"Content-Type": "text/plain"}),
    Row(429, "limited_url", "POST", COMPLETIONS, PROMPT, {}, AGAIN, ("R5.3", "R5.4")),
    Row(429, "limited_url", "GET", "/health", None, {}, AGAIN, ("R5.3", "R5.4")),
    Row(503, "dead_url", "POST", COMPLETIONS, PROMPT, {}, AGAIN, ("R7.1",)),
    Row(504, "open_url", "POST", COMPLETIONS, LONG, req=("R7.2",)),
    Row(504, "silent_url", "POST", COMPLETIONS, PROMPT, req=("R7.2",)),
]


def send(url: str, row: Row) -> httpx.Response:
    content = row.body if isinstance(row.body, bytes) else json.dumps(row.body).encode() if row.body else None
    kind = {} if content is None else JSON
    with httpx.Client(timeout=60) as client:
        headers = {**kind, **row.headers, "Origin": ORIGIN}
        return client.request(row.method, url + row.path, content=content, headers=headers)


@pytest.mark.parametrize("row", [pytest.param(row, id=str(row), marks=pytest.mark.req(*row.req)) for row in CONTRACT])
def test_error_is_what_the_contract_says_and_a_page_can_read_it(row: Row, request: pytest.FixtureRequest) -> None:
    response = send(request.getfixturevalue(row.api), row)
    document = response.json()
    schema: Any = jsonschema.Draft202012Validator({"$ref": "#/components/schemas/Error", **OPENAPI})
    schema.validate(document)
    assert (response.status_code, document["error"]["code"]) == (row.status, row.code or row.status)
    assert response.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert all(response.headers[name] for name in row.answered)


@pytest.mark.req("R9.5")
@pytest.mark.parametrize("path", ["/v1/completions", "/v1/chat/completions", "/v1/models", "/health"])
def test_preflight_passes_although_it_carries_no_key(keyed_url: str, path: str) -> None:
    response = send(keyed_url, Row(204, "keyed_url", "OPTIONS", path))
    assert (response.status_code, response.content) == (204, b"")
    assert response.headers["Access-Control-Allow-Origin"] == ORIGIN


@pytest.mark.req("R5.5", "R5.2")
def test_health_needs_no_key(keyed_url: str) -> None:
    assert httpx.get(f"{keyed_url}/health").json()["status"] == "ready"


@pytest.mark.req("R5.5")
@pytest.mark.parametrize("headers", [{"x-api-key": KEY}, {"Authorization": f"Bearer {KEY}"}])
def test_key_is_taken_in_either_header_and_stops_at_the_edge(
    keyed_url: str, gateway: Gateway, headers: dict[str, str]
) -> None:
    assert httpx.post(keyed_url + COMPLETIONS, json=PROMPT, headers=headers, timeout=60).status_code == 200
    assert KEY not in gateway.log


@pytest.mark.req("R5.1", "R5.5")
def test_openai_sdk_streams_with_its_key(keyed_url: str) -> None:
    with openai.OpenAI(base_url=f"{keyed_url}/v1", api_key=KEY, max_retries=0) as client:
        messages: Any = [{"role": "user", "content": "Hello"}]
        stream = client.chat.completions.create(model=MODEL, messages=messages, max_tokens=8, stream=True)
        assert "".join(chunk.choices[0].delta.content or "" for chunk in stream if chunk.choices) == counting(0, 8)


@pytest.mark.req("R5.5")
def test_key_of_the_openai_sdk_is_harmless_where_none_is_needed(open_url: str) -> None:
    with openai.OpenAI(base_url=f"{open_url}/v1", api_key="unused", max_retries=0) as client:
        assert client.completions.create(model=MODEL, prompt="Hello", max_tokens=1).choices


@pytest.mark.req("R5.3", "R5.6", "R7.1")
@pytest.mark.parametrize(
    ("api", "expected"),
    [
        ("keyed_url", openai.AuthenticationError),
        ("limited_url", openai.RateLimitError),
        ("dead_url", openai.InternalServerError),
    ],
)
def test_openai_sdk_raises_the_exception_that_its_users_expect(
    request: pytest.FixtureRequest, api: str, expected: type[openai.APIStatusError]
) -> None:
    url = request.getfixturevalue(api)
    with openai.OpenAI(base_url=f"{url}/v1", api_key=KEY[::-1], max_retries=0) as client, pytest.raises(expected):
        client.completions.create(model=MODEL, prompt="Hello", max_tokens=1)


def test_an_answer_has_api_gateways_request_id_whatever_the_client_sent(open_url: str, gateway: Gateway) -> None:
    answer = httpx.post(open_url + COMPLETIONS, json=PROMPT, headers={"x-request-id": "mine"}, timeout=60)
    wait_for(lambda: answer.headers["x-request-id"] in gateway.log, "its document")
    assert uuid.UUID(answer.headers["x-request-id"])


@pytest.mark.req("R2.3")
def test_smoke_test_of_a_deployed_api_passes(keyed_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INFERENCE_API_KEY", KEY)
    command = [sys.executable, "-m", "ops.smoke", keyed_url, "--origin", ORIGIN, "--rate-limit"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
