"""The API's Lambda authorizer, run in this process on events as API Gateway sends them."""

import json
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from inference_constructs.api.authorizer.authorizer import handler
from inference_constructs.api.key_authorizer import SOURCE, authorizer_package

KEY = "hV3kQ9tB7xJ2mN5pR8sW1yZ4cF6gL0aDe7uTiOoP"
METHOD_ARN = "arn:aws:execute-api:us-east-1:123456789012:abcdef1234/live/POST/v1/chat/completions"


def event(headers: dict[str, str] | None) -> dict[str, Any]:
    """An event of type REQUEST, with the members that API Gateway documents."""
    return {
        "type": "REQUEST",
        "methodArn": METHOD_ARN,
        "resource": "/v1/chat/completions",
        "path": "/v1/chat/completions",
        "httpMethod": "POST",
        "headers": headers,
        "multiValueHeaders": {name: [value] for name, value in headers.items()} if headers else None,
        "queryStringParameters": None,
        "pathParameters": None,
        "stageVariables": None,
        "requestContext": {
            "accountId": "123456789012",
            "apiId": "abcdef1234",
            "httpMethod": "POST",
            "identity": {"sourceIp": "203.0.113.7", "userAgent": "OpenAI/Python 3.54.0"},
            "path": "/live/v1/chat/completions",
            "requestId": "c6af9ac6-7b61-11e6-9a41-93e8deadbeef",
            "resourcePath": "/v1/chat/completions",
            "stage": "live",
        },
    }


def effect(answer: dict[str, Any]) -> str:
    (statement,) = answer["policyDocument"]["Statement"]
    assert (statement["Action"], statement["Resource"]) == ("execute-api:Invoke", METHOD_ARN)
    return statement["Effect"]


@pytest.mark.req("R5.5")
@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": f"Bearer {KEY}"},
        {"authorization": f"bearer  {KEY} "},
        {"x-api-key": KEY},
        {"X-Api-Key": f" {KEY}"},
        {"Authorization": "Basic dXNlcjpwYXNz", "x-api-key": KEY},
        {"Authorization": f"Bearer {KEY}", "x-api-key": "another-key-that-is-long-enough"},
    ],
)
def test_key_is_handed_to_api_gateway(headers: dict[str, str]) -> None:
    answer = handler(event(headers), None)
    assert effect(answer) == "Allow"
    assert answer["usageIdentifierKey"] == KEY


@pytest.mark.req("R5.6")
@pytest.mark.parametrize(
    "headers",
    [
        None,
        {},
        {"Authorization": ""},
        {"Authorization": "Bearer"},
        {"Authorization": "Bearer "},
        {"Authorization": KEY},
        {"Authorization": f"Bearer {KEY} {KEY}"},
        {"Authorization": f"Bearer {KEY[:19]}"},
        {"Authorization": f"Bearer {KEY * 4}"},
        {"x-api-key": "schlüssel-mit-umlaut-und-länge"},
        {"x-api-key": f"{KEY}\n"},
        {"x-api-key": f"{KEY}\u2028"},
    ],
)
def test_request_without_a_possible_key_is_denied(headers: dict[str, str] | None) -> None:
    answer = handler(event(headers), None)
    assert effect(answer) == "Deny"
    assert "usageIdentifierKey" not in answer


@pytest.mark.req("R5.5")
def test_key_is_neither_printed_nor_part_of_what_api_gateway_logs(capfd: pytest.CaptureFixture[str]) -> None:
    answer = handler(event({"Authorization": f"Bearer {KEY}"}), None)
    written = capfd.readouterr()
    assert written.out + written.err == ""
    # principalId and context end up in access logs; usageIdentifierKey is the only place for the key
    assert [name for name, value in answer.items() if KEY in json.dumps(value)] == ["usageIdentifierKey"]


@pytest.mark.req("R5.5")
def test_package_runs_on_python_alone() -> None:
    program = (
        f"import sys, json; sys.path.insert(0, {str(authorizer_package(SOURCE))!r}); import authorizer;"
        "print(json.dumps(authorizer.handler(json.load(sys.stdin), None)))"
    )
    request = json.dumps(event({"x-api-key": KEY}))
    result = subprocess.run(
        [sys.executable, "-I", "-S", "-c", program], input=request, capture_output=True, text=True, check=True
    )
    assert json.loads(result.stdout)["usageIdentifierKey"] == KEY


@pytest.mark.req("R2.3")
def test_package_has_the_same_bytes_on_every_machine() -> None:
    with zipfile.ZipFile(authorizer_package(SOURCE)) as archive:
        (member,) = archive.infolist()
        assert archive.read(member) == Path(SOURCE).read_bytes()
    assert member.compress_type == zipfile.ZIP_STORED
    assert member.date_time == (1980, 1, 1, 0, 0, 0)
    assert (member.create_system, member.external_attr >> 16) == (3, 0o100644)
