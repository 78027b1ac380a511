"""Tools and structured output on the real engine: whatever the model, a call fits its schema; other choices are 400."""

import json
from typing import Any

import httpx
import jsonschema
import pytest

from support.calls import error_of, events_of, post
from support.engine_fixtures import MODEL, Gateway

CHAT = "/v1/chat/completions"
CITY: dict[str, Any] = {
    "type": "object",
    "properties": {
        "place": {"$ref": "#/$defs/place"},
        "days": {"type": "integer", "minimum": 1, "maximum": 9},
        "units": {"anyOf": [{"const": "celsius"}, {"type": "null"}]},
    },
    "required": ["place", "days", "units"],
    "additionalProperties": False,
    "$defs": {"place": {"enum": ["Paris", 'a "quoted\\" {place}']}},
}
TOOLS: list[Any] = [
    {"type": "function", "function": {"name": "get-weather", "description": "The weather.", "parameters": CITY}},
    {"type": "function", "function": {"name": "now"}},
]
NAMED = {"type": "function", "function": {"name": "get-weather"}}
SCHEMA_OF = {"get-weather": CITY, "now": {"type": "object", "maxProperties": 0}}
ASKED: dict[str, Any] = {"messages": [{"role": "user", "content": "Hello"}], "max_tokens": 1_000}


def chat(client: httpx.Client, **parameters: object) -> httpx.Response:
    return post(client, {**ASKED, **parameters}, CHAT)


def calls_of(client: httpx.Client, **parameters: object) -> list[tuple[str, Any]]:
    """Return the calls of an answer, each with its arguments."""
    [choice] = chat(client, tools=TOOLS, **parameters).json()["choices"]
    assert choice["finish_reason"] == "tool_calls"
    assert choice["message"]["content"] is None
    functions = [call["function"] for call in choice["message"]["tool_calls"]]
    return [(function["name"], json.loads(function["arguments"])) for function in functions]


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("choice", [NAMED, "required"], ids=["named", "required"])
def test_a_call_that_must_be_made_fits_the_schema_of_its_tool(client: httpx.Client, choice: object, seed: int) -> None:
    calls = calls_of(client, tool_choice=choice, seed=seed, temperature=1.5)
    assert calls
    for name, arguments in calls:
        jsonschema.validate(arguments, SCHEMA_OF[name])


def test_a_named_tool_is_the_one_that_is_called(client: httpx.Client) -> None:
    assert [name for name, _ in calls_of(client, tool_choice=NAMED)] == ["get-weather"]


def test_without_parallel_calls_there_is_one(client: httpx.Client) -> None:
    assert all(
        len(calls_of(client, tool_choice="required", parallel_tool_calls=False, seed=seed)) == 1 for seed in range(3)
    )


def test_of_the_allowed_tools_one_is_called(client: httpx.Client) -> None:
    allowed = {"mode": "required", "tools": [{"type": "function", "function": {"name": "now"}}]}
    calls = calls_of(client, tool_choice={"type": "allowed_tools", "allowed_tools": allowed})
    assert {name for name, _ in calls} == {"now"}


@pytest.mark.parametrize("choice", [NAMED, "required"], ids=["named", "required"])
def test_streamed_calls_are_those_of_the_whole_answer(client: httpx.Client, choice: object) -> None:
    asked = {"tools": TOOLS, "tool_choice": choice, "seed": 1}
    whole = chat(client, **asked).json()["choices"][0]["message"]["tool_calls"]
    body = {**ASKED, **asked, "stream": True}
    with client.stream("POST", CHAT, json=body) as response:
        events = events_of(response)
    assert events[-1] == "[DONE]"
    choices = [choice for event in events[:-1] for choice in event["choices"]]
    assert choices[-1]["finish_reason"] == "tool_calls"
    deltas = [delta for choice in choices for delta in choice["delta"].get("tool_calls", [])]
    for index, call in enumerate(whole):
        of_call = [delta for delta in deltas if delta["index"] == index]
        assert [delta["id"] for delta in of_call if "id" in delta] != []
        assert of_call[0]["function"]["name"] == call["function"]["name"]
        assert "".join(delta["function"]["arguments"] for delta in of_call) == call["function"]["arguments"]
    assert max(delta["index"] for delta in deltas) == len(whole) - 1


def test_a_call_that_is_cut_off_says_so(client: httpx.Client) -> None:
    [choice] = chat(client, tools=TOOLS, tool_choice=NAMED, max_tokens=2).json()["choices"]
    assert choice["finish_reason"] == "length"


def test_an_earlier_call_is_taken_as_clients_send_it_back(client: httpx.Client) -> None:
    message = chat(client, tools=TOOLS, tool_choice=NAMED).json()["choices"][0]["message"]
    result = {"role": "tool", "tool_call_id": message["tool_calls"][0]["id"], "content": "Rain."}
    answer = chat(client, messages=[*ASKED["messages"], message, result], tools=TOOLS, tool_choice="none", max_tokens=3)
    assert answer.json()["choices"][0]["message"]["content"] == " 0 1 2"


@pytest.mark.req("R7.3")
@pytest.mark.parametrize(
    ("parameters", "param", "words"),
    [
        ({"tools": TOOLS}, "tool_choice", "required"),
        ({"tools": TOOLS, "tool_choice": "auto"}, "tool_choice", "required"),
        ({"tools": TOOLS, "tool_choice": {"type": "function", "function": {"name": "x"}}}, "tool_choice", "none of"),
        ({"tool_choice": "required"}, "tool_choice", "tools"),
        ({"tools": []}, "tools", "length"),
        ({"tools": [TOOLS[0]] * 2, "tool_choice": "none"}, "tools", "same name"),
        (
            {"tools": TOOLS, "tool_choice": "required", "response_format": {"type": "json_object"}},
            "response_format",
            "",
        ),
        ({"functions": []}, "functions", "tools"),
        ({"store": True}, "store", "stored"),
        ({"service_tier": "flex"}, "service_tier", "flex"),
        ({"web_search_options": {}}, "web_search_options", "internet"),
        ({"nonsense": 1}, "nonsense", "unknown"),
    ],
)
def test_what_cannot_be_done_is_400_with_the_reason(
    client: httpx.Client, parameters: dict[str, object], param: str, words: str
) -> None:
    response = chat(client, **parameters)
    assert response.status_code == 400
    assert error_of(response)["param"] == param
    assert words in error_of(response)["message"]


def test_what_changes_nothing_is_accepted(client: httpx.Client) -> None:
    harmless = {
        "user": "a",
        "metadata": {"a": "b"},
        "store": False,
        "service_tier": "auto",
        "modalities": ["text"],
        "reasoning_effort": "low",
        "verbosity": "low",
        "prediction": {"type": "content", "content": "a"},
        "safety_identifier": "a",
        "prompt_cache_key": "a",
        "prompt_cache_options": {},
        "prompt_cache_retention": "24h",
        "parallel_tool_calls": True,
        "response_format": {"type": "text"},
        "tool_choice": "none",
    }
    answer = chat(client, **harmless, max_tokens=3).json()
    assert answer["choices"][0]["message"]["content"] == " 0 1 2"


def test_developer_and_system_are_one_role(client: httpx.Client) -> None:
    prompts = [
        chat(client, messages=[{"role": role, "content": "Be brief."}, *ASKED["messages"]], max_tokens=1).json()
        for role in ("developer", "system")
    ]
    assert prompts[0]["usage"] == prompts[1]["usage"]


def test_logit_bias_reaches_the_model(client: httpx.Client, gateway: Gateway) -> None:
    def token(text: str) -> str:
        found = httpx.post(f"{gateway.engine_url}/tokenize", json={"model": MODEL, "prompt": text})
        return str(found.json()["tokens"][-1])

    bias = {token(" 0"): -100, token(" 5"): 100}
    answer = chat(client, logit_bias=bias, max_tokens=2, temperature=0).json()
    assert answer["choices"][0]["message"]["content"].startswith(" 5")


def formatted(client: httpx.Client, schema: object, **parameters: object) -> httpx.Response:
    json_schema = {"name": "answer", "schema": schema, "strict": True}
    return chat(client, response_format={"type": "json_schema", "json_schema": json_schema}, **parameters)


@pytest.mark.parametrize(
    "schema",
    [
        CITY,
        {"type": "array", "items": {"$ref": "#/$defs/place"}, "minItems": 2, "maxItems": 2, "$defs": CITY["$defs"]},
        {"type": "object", "properties": {"on": {"type": "string", "format": "date"}}, "required": ["on"]},
        {
            "type": "object",
            "properties": {"next": {"anyOf": [{"$ref": "#"}, {"type": "null"}]}, "n": {"enum": [1, 2]}},
            "required": ["n", "next"],
            "additionalProperties": False,
        },
        {"oneOf": [{"const": True}, {"type": "null"}]},
    ],
    ids=["references", "list", "date", "recursive", "oneOf"],
)
def test_an_answer_fits_the_schema_that_was_sent(client: httpx.Client, schema: dict[str, Any]) -> None:
    [choice] = formatted(client, schema).json()["choices"]
    assert choice["finish_reason"] == "stop"
    jsonschema.validate(json.loads(choice["message"]["content"]), schema)


def test_a_json_object_is_one(client: httpx.Client) -> None:
    text = chat(client, response_format={"type": "json_object"}, max_tokens=5).json()["choices"][0]["message"][
        "content"
    ]
    assert text.startswith("{")


@pytest.mark.req("R7.3")
def test_a_schema_that_the_engine_cannot_compile_is_400_with_its_reason(client: httpx.Client) -> None:
    response = formatted(client, {"type": "integer", "minimum": 5, "maximum": 2})
    assert response.status_code == 400
    assert "minimum" in error_of(response)["message"]
