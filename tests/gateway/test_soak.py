"""Half a minute of what `make soak` does for 15: every kind of client, while engine and gateway fail and restart.

The engine is a stand-in (ops/soak/engine.py); its speed and its failures are what is tested against.
"""

import subprocess

import pytest

from ops.soak.clients import KINDS
from ops.soak.contract import Answer, BrokenContractError, Expectation, ending_of
from ops.soak.engine import Script
from support.engine_fixtures import engine_python
from support.paths import ROOT

SCRIPT = Script(id="a", tokens=2)
GOOD = Expectation(statuses=frozenset({200, 503, 504}), script=SCRIPT)
WHOLE = b'{"choices": [{"text": " a-0 a-1"}]}'
EVENTS = b'data: {"choices": [{"text": " a-0"}]}\n\ndata: {"choices": [{"text": " a-1"}]}\n\n'
RETRY = {"retry-after": "1"}
DONE = b"data: [DONE]\n\n"
ERROR = b'{"error": {"message": "m", "type": "t", "param": null, "code": 503}}'


@pytest.mark.req("R7.1", "R7.2", "R7.3")
def test_every_request_ends_as_the_contract_says_and_nothing_is_left_over() -> None:
    clients = sum(KINDS.values())
    command = [engine_python(), "-m", "ops.soak", "--seconds", "30", "--rate", str(clients / 30)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def whole(body: bytes, status: int = 200, headers: dict[str, str] | None = None) -> Answer:
    return Answer(status=status, headers=headers or {}, body=bytearray(body), complete=True)


def stream(body: bytes) -> Answer:
    return whole(body, headers={"content-type": "text/event-stream; charset=utf-8"})


@pytest.mark.parametrize(
    ("answer", "ending"),
    [
        (whole(WHOLE), "200"),
        (whole(ERROR, 503, RETRY), "503"),
        (stream(EVENTS + DONE), "stream, complete"),
        (stream(EVENTS + b"data: " + ERROR + b"\n\n"), "stream, error 503"),
    ],
    ids=["whole", "error", "stream", "stream with an error"],
)
def test_ending_that_the_contract_has_is_named(answer: Answer, ending: str) -> None:
    assert ending_of(answer, GOOD) == ending


@pytest.mark.parametrize(
    "answer",
    [
        Answer(),
        whole(ERROR.replace(b"503", b"500"), 500),
        whole(ERROR, 503),
        whole(ERROR.replace(b"503", b"504"), 503, RETRY),
        whole(b'{"error": "m"}', 503, RETRY),
        whole(WHOLE.replace(b"a-1", b"b-1")),
        Answer(status=200, body=bytearray(WHOLE)),
        stream(EVENTS),
        stream(EVENTS[len(EVENTS) // 2 :] + DONE),
        stream(EVENTS + b"data: " + ERROR + b"\n\n" + DONE),
    ],
    ids=[
        *("none", "status", "no Retry-After", "another code", "another shape", "another's answer", "broken off"),
        *("stream without end", "stream with a gap", "stream with an error and an end"),
    ],
)
def test_ending_that_the_contract_has_not_is_found(answer: Answer) -> None:
    with pytest.raises(BrokenContractError):
        ending_of(answer, GOOD)
