"""Whatever a client sends, the answer is no server error: bodies of every kind, and the published document itself."""

# schemathesis has no types for these
# pyright: reportUnknownVariableType=false, reportUnknownMemberType=false, reportUntypedFunctionDecorator=false

import json
import re
from pathlib import Path
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from support.engine_fixtures import Gateway
from support.paths import ROOT

COMPLETION: dict[str, Any] = {"prompt": "Hello", "max_tokens": 1}
CHAT: dict[str, Any] = {"messages": [{"role": "user", "content": "Hello"}], "max_tokens": 1}
SLOW_IS_FINE = [HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large]
SLOW_AND_ONE_GATEWAY = [*SLOW_IS_FINE, HealthCheck.function_scoped_fixture]
PATHS = {"/v1/completions": COMPLETION, "/v1/chat/completions": CHAT}
PARAMETERS = [
    *("model", "prompt", "messages", "max_tokens", "temperature", "top_p", "top_k", "min_p", "n", "stop", "seed"),
    *("presence_penalty", "frequency_penalty", "repetition_penalty", "ignore_eos", "stream", "stream_options"),
    *("echo", "logprobs", "top_logprobs", "user", "tools", "response_format", "prompt_embeds", "logit_bias"),
    *("tool_choice", "parallel_tool_calls", "metadata", "store", "service_tier", "reasoning_effort", "prediction"),
]

scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from([0, -1, 2, 2**31, 2**63, 2**64, 10**30])
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20)
)
anything = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)


def costs_little(change: dict[str, Any]) -> bool:
    """A long answer is no malformed body, and would only cost time."""
    wanted = change.get("max_tokens", 1)
    return wanted is not None and not (isinstance(wanted, int) and 2 < wanted <= 30_000)


changes = st.dictionaries(st.sampled_from(PARAMETERS), anything, max_size=4).filter(costs_little)


@st.composite
def malformed(draw: st.DrawFn) -> tuple[str, bytes]:
    """A path, and a body that is changed, cut, or no JSON at all."""
    path = draw(st.sampled_from(list(PATHS)))
    body = json.dumps({**PATHS[path], **draw(changes)}).encode()
    match draw(st.integers(0, 9)):
        case 0:
            body = draw(st.binary(max_size=200))
        case 1:
            body = body[: draw(st.integers(0, len(body)))]
        case 2:
            at = draw(st.integers(0, len(body)))
            body = body[:at] + draw(st.binary(min_size=1, max_size=4)) + body[at:]
        case 3:
            body = json.dumps(draw(anything)).encode()
        case _:
            pass
    return path, body


@pytest.mark.req("R7.3")
def test_no_body_gives_a_server_error(client: httpx.Client) -> None:
    seen: set[int] = set()

    @settings(
        max_examples=500,
        derandomize=True,
        deadline=None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=SLOW_IS_FINE,
    )
    @given(malformed())
    def check(request: tuple[str, bytes]) -> None:
        path, body = request
        response = client.post(path, content=body, headers={"content-type": "application/json"})
        seen.add(response.status_code)
        assert response.status_code < 500
        if response.status_code >= 400:
            assert set(response.json()["error"]) == {"message", "type", "param", "code"}
            assert "Traceback" not in response.text

    check()
    assert {200, 400} <= seen


KEYWORDS = [
    *(
        "type",
        "enum",
        "const",
        "minimum",
        "exclusiveMaximum",
        "minItems",
        "maxItems",
        "minLength",
        "maxLength",
        "format",
    ),
    *("pattern", "required", "$ref", "properties", "$defs", "items", "prefixItems", "additionalProperties", "anyOf"),
    *("oneOf", "allOf", "not", "uniqueItems", "title"),
]
values = anything | st.sampled_from(
    [
        *("object", "string", "integer", "array", ["string", "null"], "date-time", "uri", "uri-reference"),
        *(
            "#",
            "#/$defs/a",
            "#/properties/a",
            "#/anyOf/0",
            "(a|b)*a{1,9999}",
            ["a"],
            ["a", "b"],
            [1, None],
            5,
            50,
            False,
        ),
    ]
)
schemas: st.SearchStrategy[Any] = st.recursive(
    st.dictionaries(st.sampled_from(KEYWORDS), values, max_size=4),
    lambda inner: st.fixed_dictionaries(
        {},
        optional={
            "type": st.sampled_from(["object", "array", "string"]),
            "properties": st.dictionaries(st.sampled_from(["a", "b", '"', "é/~", ""]), inner, max_size=3),
            "required": st.lists(st.sampled_from(["a", "b", "c"]), max_size=2),
            "$defs": st.dictionaries(st.sampled_from(["a", "b"]), inner, max_size=2),
            "$ref": st.sampled_from(["#", "#/$defs/a", "#/$defs/b", "#/properties/a", "#/items"]),
            "items": inner,
            "anyOf": st.lists(inner, max_size=3),
            "additionalProperties": st.booleans() | inner,
        },
    ),
    max_leaves=6,
)


def function(parameters: object) -> dict[str, Any]:
    return {"type": "function", "function": {"name": "f", "parameters": parameters}}


@st.composite
def with_tools_or_schema(draw: st.DrawFn) -> dict[str, Any]:
    """A chat with a schema, with tools, or with a tool's messages, each of which may be malformed."""
    schema = draw(schemas)
    named = {"type": "function", "function": {"name": "f"}}
    match draw(st.integers(0, 4)):
        case 0 | 1:
            json_schema = {"name": "a", "schema": schema}
            change: dict[str, Any] = {"response_format": {"type": "json_schema", "json_schema": json_schema}}
        case 2:
            change = {"tools": [function(schema)], "tool_choice": draw(st.sampled_from([named, "required"]))}
        case 3:
            change = {"tools": draw(st.lists(anything, max_size=2)), "tool_choice": draw(anything)}
        case _:
            call = {"id": draw(st.text(max_size=4)), **function(schema)["function"], "arguments": draw(anything)}
            assistant = {"role": "assistant", "content": draw(anything), "tool_calls": [call]}
            tool = {"role": "tool", "content": draw(anything), "tool_call_id": draw(anything)}
            change = {"messages": [*CHAT["messages"], *draw(st.permutations([assistant, tool]))]}
    return {**CHAT, **change}


def resident_kilobytes(gateway: Gateway) -> int:
    """Return the memory of the gateway and its engine (proc(5))."""
    statuses = [Path(f"/proc/{pid}/status").read_text() for pid in (gateway.process.pid, *gateway.engine_processes())]
    return sum(int(re.findall(r"VmRSS:\s+(\d+)", status)[0]) for status in statuses)


@pytest.mark.req("R7.3")
def test_no_tool_and_no_schema_gives_a_server_error_or_fills_the_memory(client: httpx.Client, gateway: Gateway) -> None:
    seen: list[int] = []
    memory: list[int] = []

    @settings(
        max_examples=500,
        derandomize=True,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=SLOW_IS_FINE,
    )
    @given(with_tools_or_schema())
    def check(body: dict[str, Any]) -> None:
        response = client.post("/v1/chat/completions", json=body)
        seen.append(response.status_code)
        assert response.status_code in (200, 400), body
        if len(seen) in (150, 500):
            memory.append(resident_kilobytes(gateway))

    check()
    assert {200, 400} <= set(seen)
    assert memory[-1] - memory[0] < 100_000
    assert gateway.health()["status"] == "ready"


@pytest.mark.req("R7.3")
@pytest.mark.parametrize("depth", [100, 10_000])
@pytest.mark.parametrize("opening", [b"[", b'{"prompt":', b'{"messages":[{"role":"user","content":['])
def test_deep_nesting_is_400(client: httpx.Client, opening: bytes, depth: int) -> None:
    body = (opening * depth)[:60_000]
    for path in PATHS:
        response = client.post(path, content=body, headers={"content-type": "application/json"})
        assert response.status_code == 400


schema = schemathesis.openapi.from_path(ROOT / "runtime/openapi.json")
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]


@pytest.mark.req("R7.3", "R5.1", "R5.2")
@schema.parametrize()
@settings(max_examples=40, derandomize=True, deadline=None, suppress_health_check=SLOW_AND_ONE_GATEWAY)
def test_every_operation_behaves_as_its_document_says(case: schemathesis.Case[Any], gateway: Gateway) -> None:
    body: Any = case.body
    if isinstance(body, dict):
        # an answer of any length is valid, and would only cost time
        for name in ("max_tokens", "max_completion_tokens"):
            if isinstance(body.get(name, 2), int | None):
                body[name] = 1
    response = case.call(base_url=gateway.url)
    case.validate_response(response, checks=CHECKS)
