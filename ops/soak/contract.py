"""What the gateway may answer: each request's end against openapi.json and docs/gateway.md."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import inf
from typing import Any

from ops.soak.engine import Script
from runtime.app import OPENAPI

PROTOCOL_STATUSES = frozenset({400, 404, 405, 408, 413, 431})
"""Of any request that is no proper one (docs/gateway.md, Errors); the API's description has those of proper ones."""

STREAM_ERRORS = frozenset({503, 504})
"""Codes of the error that may end a stream which has begun."""


@dataclass
class Answer:
    """What came of an answer until it ended.

    Attributes:
        status: HTTP status; 0 where there came none.
        headers: By name in small letters.
        body: What came of the body, without the framing of chunks.
        complete: Whether its end came, as HTTP tells it.
        asked: Loop time at which the request was written; infinity where it found no connection.
    """

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict[str, str])
    body: bytearray = field(default_factory=bytearray)
    complete: bool = False
    asked: float = inf


@dataclass(frozen=True, kw_only=True)
class Expectation:
    """What may become of one request.

    Attributes:
        statuses: What its answer may have.
        script: What the engine answers to it, where it gets that far.
        chat: Whether it is a chat.
        may_be_cut: Whether an answer may end without its end, because the client does not read it in time.
    """

    statuses: frozenset[int]
    script: Script | None = None
    chat: bool = False
    may_be_cut: bool = False


def documented_statuses(method: str, path: str) -> frozenset[int]:
    """Return the statuses that the API's description has for an operation, less the edge's own 401."""
    operation = _paths().get(path, {}).get(method.lower(), {"responses": {}})
    return frozenset(int(status) for status in operation["responses"]) - {401}


def _paths() -> Mapping[str, Mapping[str, Any]]:
    return json.loads(OPENAPI)["paths"]


class BrokenContractError(Exception):
    """An answer that the gateway must not give; the text says why."""


def ending_of(answer: Answer, expected: Expectation) -> str:
    """Return how a request ended, in a few words, such as `200` or `stream, error 503`.

    Raises:
        BrokenContractError: it must not end so.
    """
    if answer.status == 0:
        raise BrokenContractError("no answer")
    if answer.status not in expected.statuses:
        raise BrokenContractError(f"status {answer.status}: {bytes(answer.body[:200])!r}")
    if not answer.complete:
        if expected.may_be_cut:
            return "stream, cut"
        raise BrokenContractError(f"status {answer.status}, and the answer breaks off")
    try:
        return _ending_of_complete(answer, expected)
    except (ValueError, KeyError, TypeError, AttributeError):
        raise BrokenContractError(f"status {answer.status} with {bytes(answer.body[:200])!r}") from None


def _ending_of_complete(answer: Answer, expected: Expectation) -> str:
    if answer.status != 200:
        _check_error(answer, json.loads(answer.body))
        return str(answer.status)
    if expected.script is None:
        return "200"
    if answer.headers.get("content-type", "").startswith("text/event-stream"):
        return _check_stream(bytes(answer.body), expected)
    choice = json.loads(answer.body)["choices"][0]
    _check_text(choice["message"]["content"] if expected.chat else choice["text"], expected.script)
    return "200"


def _check_error(answer: Answer, body: Any) -> None:
    if "status" in body and answer.status == 503:  # /health while not ready
        return
    error = body.get("error", {})
    if set(error) != {"message", "type", "param", "code"}:
        raise BrokenContractError(f"status {answer.status} with {body}")
    if error["code"] not in (answer.status, "model_not_found"):
        raise BrokenContractError(f"status {answer.status} with code {error['code']}")
    if answer.status in (429, 503) and int(answer.headers.get("retry-after", "0")) < 1:
        raise BrokenContractError(f"status {answer.status} without Retry-After")


def _check_stream(body: bytes, expected: Expectation) -> str:
    events = [event.removeprefix(b"data: ") for event in body.split(b"\n\n") if event]
    done = events[-1:] == [b"[DONE]"]
    chunks = [json.loads(event) for event in (events[:-1] if done else events)]
    if errors := [chunk["error"] for chunk in chunks if "error" in chunk]:
        if done or "error" not in chunks[-1] or len(errors) > 1 or errors[0]["code"] not in STREAM_ERRORS:
            raise BrokenContractError(f"a stream's error is not its end, or none of {set(STREAM_ERRORS)}: {errors}")
        return f"stream, error {errors[0]['code']}"
    if not done:
        raise BrokenContractError("a stream ends with neither [DONE] nor an error")
    choices = [choice for chunk in chunks for choice in chunk["choices"]]
    text = "".join(choice["delta"].get("content", "") if expected.chat else choice["text"] for choice in choices)
    _check_text(text, expected.script)
    return "stream, complete"


def _check_text(text: str, script: Script | None) -> None:
    if script is not None and text != script.text():
        raise BrokenContractError(f"the answer to {script} is {text[:200]!r}")
