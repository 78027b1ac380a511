"""The exact limit of requests a minute: on a clock that the test turns, and in a gateway with a stand-in engine."""

import tracemalloc
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from runtime import rate_limit
from runtime.errors import ApiError
from runtime.rate_limit import RateLimit, client_of
from support.engine_fixtures import Gateway, stand_in_gateway, wait_for

LIMIT = 100


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [1000.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    return now


def passes(limit: RateLimit, client: str) -> bool:
    try:
        limit.count(client)
    except ApiError:
        return False
    return True


@pytest.mark.req("R5.3")
def test_no_window_of_a_minute_has_more_than_the_limit(clock: list[float]) -> None:
    limit, passed = RateLimit(5), list[float]()
    for _ in range(400):
        clock[0] += 3.7
        for _ in range(3):
            if passes(limit, "a"):
                passed.append(clock[0])
    assert all(later - earlier >= 60 for earlier, later in zip(passed, passed[5:], strict=False))


@pytest.mark.req("R5.3")
def test_retry_after_is_when_the_window_has_room(clock: list[float]) -> None:
    limit = RateLimit(2)
    for _ in range(2):
        clock[0] += 10
        limit.count("a")
    with pytest.raises(ApiError) as refused:
        limit.count("a")
    assert refused.value.retry_after == 50
    clock[0] += 50
    assert [passes(limit, "a"), passes(limit, "a")] == [True, False]


@pytest.mark.req("R5.3")
def test_refused_requests_do_not_count(clock: list[float]) -> None:
    limit = RateLimit(1)
    limit.count("a")
    for _ in range(59):
        clock[0] += 1
        assert not passes(limit, "a")
    clock[0] += 1
    assert passes(limit, "a")


@pytest.mark.req("R5.4")
@pytest.mark.parametrize(
    ("address", "client"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::9", "2001:db8:1:2::/64"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("no address", "no address"),
    ],
)
def test_a_subscriber_is_an_ipv4_address_or_an_ipv6_64(address: str, client: str) -> None:
    assert client_of(address) == client


def test_least_recently_seen_client_is_forgotten_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rate_limit, "MAX_CLIENTS", 2)
    limit = RateLimit(1)
    assert passes(limit, "a")
    assert passes(limit, "b")
    assert not passes(limit, "a")
    assert passes(limit, "c")
    assert passes(limit, "b")
    assert not passes(limit, "c")


def test_memory_is_bounded_whoever_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rate_limit, "MAX_CLIENTS", 100)
    monkeypatch.setattr(rate_limit, "MAX_TIMES", 1_000)
    limit = RateLimit(100)
    tracemalloc.start()
    for number in range(20_000):
        limit.count(f"client {number // 50}")
    size, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert size < 200_000


@pytest.fixture
def limited(tmp_path: Path) -> Iterator[Gateway]:
    """A gateway with a limit for each address."""
    settings = {"client_address_header": "x-client-address", "rate_limit_per_minute": LIMIT}
    with stand_in_gateway(tmp_path, **settings) as gateway:
        yield gateway


def burst(gateway: Gateway, address: str, requests: int) -> list[httpx.Response]:
    with httpx.Client(base_url=gateway.url, headers={"x-client-address": address}, timeout=60) as client:
        return [client.post("/v1/completions", json={"prompt": "a"}) for _ in range(requests)]


@pytest.mark.req("R5.3", "R5.4")
def test_a_burst_of_150_gets_exactly_100_answers_and_disturbs_no_other_address(limited: Gateway) -> None:
    greedy = burst(limited, "203.0.113.7", 150)
    assert [response.status_code for response in greedy] == [200] * LIMIT + [429] * 50
    assert all(1 <= int(response.headers["retry-after"]) <= 60 for response in greedy[LIMIT:])
    assert greedy[-1].json()["error"]["code"] == 429
    assert Counter(response.status_code for response in burst(limited, "203.0.113.8", LIMIT)) == {200: LIMIT}
    assert [r.status_code for a in (1, 2) for r in burst(limited, f"2001:db8::{a}", 75)] == [200] * 100 + [429] * 50


def test_gateways_own_share_of_a_request_is_less_than_its_latency(limited: Gateway) -> None:
    [answer] = burst(limited, "203.0.113.7", 1)
    wait_for(lambda: answer.headers["x-request-id"] in limited.log, "its document")
    [document] = [d for d in limited.documents() if d.get("request_id") == answer.headers["x-request-id"]]
    assert 0 < document["GatewayTime"] < document["RequestLatency"]


@pytest.mark.req("R5.2", "R5.3")
def test_health_and_preflights_are_never_limited(limited: Gateway) -> None:
    with httpx.Client(base_url=limited.url, headers={"x-client-address": "203.0.113.7"}) as client:
        assert {client.get("/health").status_code for _ in range(150)} == {200}
        assert {client.options("/v1/completions").status_code for _ in range(150)} == {204}
        assert client.get("/v1/models").status_code == 200
