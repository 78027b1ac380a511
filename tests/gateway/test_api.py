"""The API's contract, on the real engine: answers, streams, errors, and what stands around them."""

import json
import socket
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPResponse

import httpx
import pytest
from httpx_sse import EventSource

from support.calls import COMPLETIONS, error_of, events_of, post
from support.engine_fixtures import (
    MAX_BODY_BYTES,
    MAX_HEADER_BYTES,
    MODEL,
    ORIGIN,
    REQUEST_TIMEOUT_SECONDS,
    Gateway,
    counting,
    wait_for,
)
from support.paths import ROOT

LONG = {"prompt": "Hello", "max_tokens": 30_000}
"""Takes the engine far longer than the deadline."""


@pytest.mark.req("R5.1")
@pytest.mark.parametrize("prefix", ["", "/live"])
def test_completion_with_and_without_the_stage_prefix(client: httpx.Client, prefix: str) -> None:
    response = post(client, {"model": MODEL, "prompt": " 7", "max_tokens": 3}, prefix + COMPLETIONS)
    assert response.status_code == 200
    assert response.json()["choices"][0]["text"] == " 8 9 10"
    assert response.json()["usage"]["completion_tokens"] == 3


@pytest.mark.req("R5.1")
def test_answers_of_several_prompts_come_apart(client: httpx.Client) -> None:
    response = post(client, {"prompt": [" 7", " 998", "Hello"], "n": 2, "max_tokens": 3, "temperature": 2})
    choices = sorted(response.json()["choices"], key=lambda choice: choice["index"])
    assert [choice["text"] for choice in choices] == [
        text for text in (counting(8, 3), counting(999, 3), counting(0, 3)) for _ in range(2)
    ]


def test_stop_ends_an_answer(client: httpx.Client) -> None:
    [choice] = post(client, {"prompt": " 7", "max_tokens": 9, "stop": " 11"}).json()["choices"]
    assert (choice["text"], choice["finish_reason"]) == (" 8 9 10", "stop")


@pytest.mark.req("R1.4", "R5.2")
def test_health_of_a_ready_host(client: httpx.Client) -> None:
    response = client.get("/health")
    assert response.status_code == 200
    assert response.json()["status"] == "ready"
    assert response.json()["model"] == MODEL


@pytest.mark.req("R1.2", "R1.4")
def test_boot_went_through_its_stages_in_order(gateway: Gateway) -> None:
    stages = [document["stage"] for document in gateway.documents() if "stage" in document]
    assert stages[:5] == ["gateway", "imports", "weights", "compile", "first_token"]
    assert sum("BootSeconds" in document for document in gateway.documents()) >= 1


@pytest.mark.req("R5.1")
def test_stream_delivers_tokens_while_the_engine_still_works(client: httpx.Client, gateway: Gateway) -> None:
    with client.stream("POST", COMPLETIONS, json={**LONG, "stream": True}) as response:
        assert response.headers["content-type"].startswith("text/event-stream")
        events = EventSource(response).iter_sse()
        assert "choices" in next(events).json()
        wait_for(lambda: gateway.engine_metric("vllm:num_requests_running") == 1, "the engine still at work")


@pytest.mark.parametrize("asked", [True, False])
def test_stream_reports_usage_only_when_asked(client: httpx.Client, asked: bool) -> None:
    body = {"prompt": "Hello", "max_tokens": 3, "stream": True, "stream_options": {"include_usage": asked}}
    with client.stream("POST", COMPLETIONS, json=body) as response:
        events = events_of(response)
    assert events[-1] == "[DONE]"
    assert "".join(choice["text"] for event in events[:-1] for choice in event["choices"]) == " 0 1 2"
    assert [bool(event.get("usage")) for event in events[:-1]].count(True) == asked


@pytest.mark.req("R4.1", "R4.2")
def test_a_stream_adds_one_document_with_latency_first_token_and_tokens(client: httpx.Client, gateway: Gateway) -> None:
    body = {"prompt": "Hello", "max_tokens": 5, "stream": True}
    post(client, body, **{"x-request-id": "measured"})
    wait_for(lambda: "measured" in gateway.log, "a document of the request")
    [document] = [d for d in gateway.documents() if d.get("request_id") == "measured"]
    assert document["OutputTokens"] == 5
    assert 0 < document["TimeToFirstToken"] < document["RequestLatency"]


@pytest.mark.req("R7.3")
@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"prompt": "a", "max_tokens": "5"}, "max_tokens"),
        ({"prompt": "a", "max_tokens": -1}, "max_tokens"),
        ({"prompt": "a", "max_tokens": 30_001}, "max_tokens"),
        ({"prompt": ["a", 1]}, "prompt[1]"),
        ({"prompt": ""}, "prompt"),
        ({"max_tokens": 1}, "prompt"),
        ({"prompt": "a" * 40_000, "max_tokens": 1}, "prompt"),
        ({"prompt": "a", "temperature": -1}, "temperature"),
        ({"prompt": "a", "n": 9}, "n"),
        ({"prompt": "a", "kv_transfer_params": {}}, "kv_transfer_params"),
    ],
)
def test_invalid_parameter_is_400_and_named(client: httpx.Client, body: dict[str, object], param: str) -> None:
    response = post(client, body)
    assert response.status_code == 400
    assert error_of(response)["param"] == param
    assert error_of(response)["message"]


@pytest.mark.req("R7.3")
@pytest.mark.parametrize("prompt", ["a" * 20_000, ["short", "a" * 20_000]])
def test_prompt_and_answer_over_the_context_are_400(client: httpx.Client, prompt: object) -> None:
    response = post(client, {"prompt": prompt, "max_tokens": 29_000})
    assert response.status_code == 400
    assert error_of(response)["param"] == "max_tokens"
    assert "context of 32768" in error_of(response)["message"]
    assert error_of(response)["code"] == "context_length_exceeded"


@pytest.mark.req("R7.3")
@pytest.mark.parametrize(
    ("path", "body"),
    [
        (COMPLETIONS, {"prompt": "a" * 40_000}),
        ("/v1/chat/completions", {"messages": [{"role": "user", "content": "a" * 40_000}]}),
    ],
)
def test_prompt_that_leaves_no_room_for_an_answer_is_400(
    client: httpx.Client, path: str, body: dict[str, object]
) -> None:
    error = error_of(post(client, body, path))
    assert (error["param"], error["code"]) == (next(iter(body)), "context_length_exceeded")


@pytest.mark.req("R7.3")
def test_refusal_says_what_the_parameter_takes(client: httpx.Client) -> None:
    picture = {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}
    response = post(client, {"messages": [{"role": "user", "content": [picture]}]}, "/v1/chat/completions")
    assert error_of(response)["message"].startswith("Invalid value 'image_url'. messages: Text only.")


@pytest.mark.req("R7.3")
def test_chat_and_answer_over_the_context_are_400(client: httpx.Client) -> None:
    body = {"messages": [{"role": "user", "content": "a" * 20_000}], "max_completion_tokens": 29_000}
    assert post(client, body, "/v1/chat/completions").status_code == 400


@pytest.mark.req("R7.3")
@pytest.mark.parametrize("role", ["robot", None, 1])
def test_unknown_role_is_400(client: httpx.Client, role: object) -> None:
    response = post(client, {"messages": [{"role": role, "content": "a"}]}, "/v1/chat/completions")
    assert response.status_code == 400
    assert error_of(response)["param"] == "messages[0].role"


@pytest.mark.req("R7.3")
@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", ""])
def test_other_content_type_is_400(client: httpx.Client, content_type: str) -> None:
    response = client.post(COMPLETIONS, content=b'{"prompt": "a"}', headers={"content-type": content_type})
    assert response.status_code == 400
    assert "application/json" in error_of(response)["message"]


@pytest.mark.req("R7.3")
def test_body_over_the_limit_is_413_declared_or_not(client: httpx.Client) -> None:
    large = b'{"prompt": "' + b"a" * MAX_BODY_BYTES + b'"}'
    headers = {"content-type": "application/json"}
    assert client.post(COMPLETIONS, content=large, headers=headers).status_code == 413
    assert client.post(COMPLETIONS, content=iter([large]), headers=headers).status_code == 413


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/v1/nothing", 404), ("GET", COMPLETIONS, 405)])
def test_unknown_route_and_wrong_method(client: httpx.Client, method: str, path: str, status: int) -> None:
    response = client.request(method, path)
    assert response.status_code == status
    assert error_of(response)["code"] == status


@pytest.mark.req("R5.1")
def test_its_document_is_published(client: httpx.Client) -> None:
    assert client.get("/openapi.json").json() == json.loads((ROOT / "runtime/openapi.json").read_text())


@pytest.mark.parametrize(
    ("path", "schema"), [(COMPLETIONS, "CompletionRequest"), ("/v1/chat/completions", "ChatCompletionRequest")]
)
def test_every_parameter_of_the_document_is_known(client: httpx.Client, path: str, schema: str) -> None:
    document = json.loads((ROOT / "runtime/openapi.json").read_text())
    for name in document["components"]["schemas"][schema]["properties"]:
        response = post(client, {name: {"": 1}}, path)
        assert response.status_code == 400
        assert f"unknown field `{name}`" not in error_of(response)["message"]


def test_unknown_model_is_404(client: httpx.Client) -> None:
    response = post(client, {"model": "gpt-9", "prompt": "a"})
    assert response.status_code == 404
    assert error_of(response)["param"] == "model"
    assert f"this service has `{MODEL}`" in error_of(response)["message"]


def answer_to(gateway: Gateway, octets: bytes) -> bytes:
    """Send octets that no HTTP client would, and return all that comes back."""
    with socket.create_connection(("127.0.0.1", gateway.port), timeout=30) as connection:
        connection.sendall(octets)
        return b"".join(iter(lambda: connection.recv(65_536), b""))


def test_what_is_no_http_is_400_in_the_usual_shape(gateway: Gateway) -> None:
    head, _, body = answer_to(gateway, b"\x16\x03\x01 hello\r\n\r\n").partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400")
    assert json.loads(body)["error"]["code"] == 400


def next_status(connection: socket.socket) -> int:
    """Read one whole answer, and return its status."""
    response = HTTPResponse(connection)
    response.begin()
    response.read()
    return response.status


def test_answer_before_the_body_leaves_the_connection_in_order(gateway: Gateway) -> None:
    body = b"a" * (2 * MAX_HEADER_BYTES)
    refused = b"POST /v1/completions HTTP/1.1\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n" % len(body)
    with socket.create_connection(("127.0.0.1", gateway.port), timeout=30) as connection:
        connection.sendall(refused)
        assert next_status(connection) == 400
        connection.sendall(body + b"GET /health HTTP/1.1\r\n\r\n")
        assert next_status(connection) == 200
        connection.sendall(b"GET /health HTTP/1.1\r\n")
        assert next_status(connection) == 408


def test_head_over_the_limit_is_431(gateway: Gateway) -> None:
    endless = b"GET /health HTTP/1.1\r\nX-Endless: " + b"a" * (2 * MAX_HEADER_BYTES)
    assert answer_to(gateway, endless).startswith(b"HTTP/1.1 431")


@pytest.mark.parametrize(
    "unfinished",
    [
        b"POST /v1/comp",
        b"POST /v1/completions HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{",
    ],
)
def test_client_that_stops_sending_is_cut_off(gateway: Gateway, unfinished: bytes) -> None:
    assert answer_to(gateway, unfinished).startswith(b"HTTP/1.1 408")


@pytest.mark.req("R9.5")
def test_cors_preflight_of_an_allowed_origin(client: httpx.Client) -> None:
    response = client.options(COMPLETIONS, headers={"origin": ORIGIN, "access-control-request-method": "POST"})
    assert response.status_code == 204
    assert response.headers["access-control-allow-origin"] == ORIGIN
    assert "content-type" in response.headers["access-control-allow-headers"]


@pytest.mark.req("R9.5")
def test_cors_of_another_origin_and_of_errors(client: httpx.Client) -> None:
    other = client.get("/health", headers={"origin": "https://evil.example"})
    assert "access-control-allow-origin" not in other.headers
    failed = post(client, {}, origin=ORIGIN)
    assert failed.status_code == 400
    assert failed.headers["access-control-allow-origin"] == ORIGIN
    assert "Retry-After" in failed.headers["access-control-expose-headers"]


def test_request_id_is_passed_through_unless_it_is_unsafe(client: httpx.Client) -> None:
    assert client.get("/health", headers={"x-request-id": "abc-1"}).headers["x-request-id"] == "abc-1"
    assert client.get("/health", headers={"x-request-id": 'a"b'}).headers["x-request-id"] != 'a"b'
    answer = post(client, {"prompt": "a", "max_tokens": 1}, **{"x-request-id": "abc-2"})
    assert answer.json()["id"] == "cmpl-abc-2"


def test_no_prompt_or_key_is_logged(client: httpx.Client, gateway: Gateway) -> None:
    secret = "Rumpelstilzchen"
    headers = {"authorization": f"Bearer {secret}", "x-api-key": secret}
    for body in ({"prompt": secret, "max_tokens": 1}, {"prompt": secret, secret: 1}, {"prompt": [secret, 1]}):
        post(client, body, **headers)
    post(client, {"messages": [{"role": "user", "content": secret}], "max_tokens": 0}, "/v1/chat/completions")
    client.post(COMPLETIONS, content=secret.encode(), headers={"content-type": "application/json"})
    post(client, {"prompt": "a", "max_tokens": 1}, **{"x-request-id": "after-the-secrets"})
    wait_for(lambda: "after-the-secrets" in gateway.log, "the last document")
    assert secret not in gateway.log


@pytest.mark.req("R7.2")
def test_past_the_deadline_504_or_an_error_event_and_the_work_is_cancelled(
    client: httpx.Client, gateway: Gateway
) -> None:
    with ThreadPoolExecutor() as threads:
        plain = threads.submit(post, client, LONG)
        with client.stream("POST", COMPLETIONS, json={**LONG, "stream": True}) as response:
            event = events_of(response)[-1]
    assert plain.result().status_code == 504
    for error in (error_of(plain.result()), event["error"]):
        assert error["code"] == 504
        assert f"{REQUEST_TIMEOUT_SECONDS} seconds" in error["message"]
    wait_for(lambda: gateway.engine_metric("vllm:num_requests_running") == 0, "the engine's work cancelled")


@pytest.mark.parametrize("stream", [False, True])
def test_client_that_leaves_cancels_its_work(client: httpx.Client, gateway: Gateway, stream: bool) -> None:
    body = json.dumps({**LONG, "stream": stream}).encode()
    head = f"POST {COMPLETIONS} HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    with socket.create_connection(("127.0.0.1", gateway.port)) as connection:
        connection.sendall(head.encode() + body)
        wait_for(lambda: gateway.engine_metric("vllm:num_requests_running") == 1, "the engine at work")
    seconds = REQUEST_TIMEOUT_SECONDS / 2
    wait_for(lambda: gateway.engine_metric("vllm:num_requests_running") == 0, "the work cancelled", seconds)
