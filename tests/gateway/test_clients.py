"""Real clients, unchanged, through the edge with keys, on the real engine: what each of them reports (`clients/`)."""

import json
import os
import subprocess
import sys
from typing import Any

import jsonschema
import pytest

from support.api_stack import synthesize_api
from support.edge import edge
from support.engine_fixtures import MODEL, Gateway
from support.paths import ROOT
from support.stack_json import Json

KEY = "hV3kQ9tB7xJ2mN5pR8sW1yZ4cF6gL0aDe7uTiOoP"
CLIENTS = {
    "openai_python.py": sys.executable,
    "openai_javascript.mjs": "node",
    "langchain_client.py": sys.executable,
    "litellm_client.py": sys.executable,
}
WEATHER = {
    "type": "object",
    "properties": {"city": {"enum": ["Paris", "Rome"]}, "degrees": {"enum": [20, 21, None]}},
    "required": ["city", "degrees"],
    "additionalProperties": False,
}
COUNT = " 0 1 2 3"


@pytest.fixture(scope="module")
def stack() -> Json:
    return synthesize_api()


@pytest.fixture(scope="module")
def reports() -> dict[str, Any]:
    """What the clients reported; each runs once."""
    return {}


@pytest.fixture(params=CLIENTS)
def report(stack: Json, gateway: Gateway, reports: dict[str, Any], request: pytest.FixtureRequest) -> dict[str, Any]:
    name: str = request.param
    if name not in reports:
        # LiteLLM would fetch its list of prices
        environ = {**os.environ, "LITELLM_LOCAL_MODEL_COST_MAP": "True", "NO_PROXY": "127.0.0.1"}
        with edge(stack, gateway.url, {"require_api_key": True}, frozenset({KEY})) as url:
            command = [CLIENTS[name], str(ROOT / "tests/gateway/clients" / name), url, KEY, MODEL]
            done = subprocess.run(command, capture_output=True, text=True, env=environ, timeout=180)
        assert done.returncode == 0, done.stderr
        reports[name] = json.loads(done.stdout.splitlines()[-1])
    return reports[name]


@pytest.mark.req("R5.1", "R5.5")
def test_client_chats(report: dict[str, Any]) -> None:
    assert report["chat"] == COUNT


@pytest.mark.req("R5.1")
def test_client_streams(report: dict[str, Any]) -> None:
    assert report["stream"] == COUNT


def test_client_gets_what_fits_its_schema(report: dict[str, Any]) -> None:
    jsonschema.validate(report["structured"], WEATHER)


def test_client_gets_a_tool_call(report: dict[str, Any]) -> None:
    assert report["call"]["name"] == "get_weather"
    jsonschema.validate(report["call"]["arguments"], WEATHER)


def test_client_gets_a_streamed_tool_call(report: dict[str, Any]) -> None:
    jsonschema.validate(report["streamed_call"], WEATHER)


def test_client_ends_its_tool_loop_with_an_answer(report: dict[str, Any]) -> None:
    assert report["final"] == COUNT
