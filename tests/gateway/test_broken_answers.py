"""Answers of the engine that break off or are none: the client is told, and never takes one for whole."""

from collections.abc import Iterator
from typing import Any

import httpx
import msgspec
import pytest

from ops.soak.engine import Fault, Script
from support.calls import events_of, post
from support.engine_fixtures import Gateway, scripted_gateway

BREAKS_OFF = (Fault.RESET, Fault.HALF)


@pytest.fixture(scope="module")
def scripted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    with scripted_gateway(tmp_path_factory.mktemp("gateway")) as gateway:
        yield gateway


@pytest.fixture
def client(scripted: Gateway) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=scripted.url, timeout=60) as client:
        yield client


def asked(fault: Fault, **parameters: Any) -> dict[str, Any]:
    script = Script(id="a", tokens=10, gap_seconds=0.02, fault=fault)
    return {"prompt": msgspec.json.encode(script).decode(), "model": "stand-in", **parameters}


@pytest.mark.req("R7.1")
@pytest.mark.parametrize("fault", [*BREAKS_OFF, Fault.GARBAGE, Fault.ERROR])
def test_answer_that_breaks_off_or_is_none_is_503(client: httpx.Client, fault: Fault) -> None:
    response = post(client, asked(fault))
    assert response.status_code == 503
    assert int(response.headers["retry-after"]) >= 1


@pytest.mark.req("R7.1")
@pytest.mark.parametrize("fault", BREAKS_OFF)
def test_stream_that_breaks_off_ends_with_an_error(client: httpx.Client, fault: Fault) -> None:
    *chunks, last = events_of(post(client, asked(fault, stream=True)))
    assert last["error"]["code"] == 503
    # a reset takes along what its reader has not got yet
    assert [chunk["choices"][0]["text"] for chunk in chunks] == [f" a-{number}" for number in range(len(chunks))]


def test_stream_that_comes_to_its_end_has_no_error(client: httpx.Client) -> None:
    assert events_of(post(client, asked(Fault.NONE, stream=True)))[-1] == "[DONE]"
