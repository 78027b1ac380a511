"""A greedy client and a modest one: turns, places and shares are counted in sequences, for each address apart."""

import asyncio
import time
from collections.abc import Generator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from statistics import quantiles
from unittest.mock import AsyncMock, Mock

import httpx
import pytest

from inference_constructs.host.engine_profiles import engine_profile
from inference_constructs.host.gateway_settings import host_gateway
from runtime.admission import Admission, Place
from runtime.app import App
from runtime.engine_client import EngineClient
from runtime.errors import ApiError
from runtime.lifecycle import Lifecycle
from runtime.metrics import REJECTIONS, REQUEST_LATENCY, Metric
from runtime.policy import refuse_by_policy, sequences_of
from runtime.publisher import Publisher
from runtime.rate_limit import client_of
from runtime.relay import CLIENT_LEFT
from runtime.settings import Settings
from runtime.validation import MAX_SEQUENCES, parse
from support.engine_fixtures import MAX_IN_FLIGHT, Gateway, wait_for
from support.models import phi_3_on

COMPLETIONS = "/v1/completions"


def admission(max_per_client: int = 0, max_queued: int = 12) -> Admission:
    return Admission(max_in_flight=8, max_queued=max_queued, timeout_seconds=30, max_per_client=max_per_client)


class Crowd:
    """Requests of several clients, in the order in which they get their turns; each works until it is told to end."""

    def __init__(self, queue: Admission) -> None:
        self.queue = queue
        self.began: list[str] = []
        self.refused: list[str] = []
        self._ends: list[asyncio.Event] = []
        self._tasks: list[asyncio.Task[None]] = []

    async def send(self, client: str, sequences: int = 1) -> asyncio.Task[None]:
        task = asyncio.create_task(self._work(client, sequences))
        self._tasks.append(task)
        await self._settle()
        return task

    async def _work(self, client: str, sequences: int) -> None:
        try:
            with self.queue.place(client) as place:
                place.widen(sequences)
                async with place:
                    self.began.append(client)
                    self._ends.append(asyncio.Event())
                    await self._ends[-1].wait()
        except ApiError:
            self.refused.append(client)

    async def end(self, number: int) -> None:
        """End the request that began as number `number`."""
        self._ends[number].set()
        await self._settle()

    async def finish(self) -> None:
        while self.queue.admitted:
            for end in self._ends:
                end.set()
            await self._settle()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _settle(self) -> None:
        for _ in range(5):
            await asyncio.sleep(0)


def test_the_next_turn_goes_to_the_client_that_works_on_the_fewest() -> None:
    async def run() -> list[str]:
        crowd = Crowd(admission())
        for _ in range(12):
            await crowd.send("greedy")
        for _ in range(3):
            await crowd.send("modest")
        for number in range(3):
            await crowd.end(number)
        began = crowd.began[8:]
        await crowd.finish()
        return began

    assert asyncio.run(run()) == ["modest"] * 3


def test_a_wide_request_that_is_refused_turns_nobody_away() -> None:
    async def run() -> list[str]:
        crowd = Crowd(admission(max_queued=8))
        for client in ["a"] * 12 + ["c"] * 3:
            await crowd.send(client)
        await crowd.send("b", 8)
        refused = list(crowd.refused)
        await crowd.finish()
        return refused

    assert asyncio.run(run()) == ["b"]


def test_two_greedy_clients_share_the_places_evenly() -> None:
    async def run() -> list[str]:
        crowd = Crowd(admission(max_queued=32))
        for client in ("a", "b"):
            for _ in range(16):
                await crowd.send(client)
        for number in range(8):
            await crowd.end(number)
        working = crowd.began[8:]
        await crowd.finish()
        return working

    # a filled all 8 places; each that it ends goes to b until both work on 4, then they take turns
    working = asyncio.run(run())
    assert (working.count("a"), working.count("b")) == (4, 4)


def test_sequences_at_work_are_never_more_than_the_engine_runs_at_once() -> None:
    async def run() -> list[int]:
        crowd, seen = Crowd(admission(max_queued=64)), list[int]()
        for number in range(12):
            await crowd.send(f"client {number % 3}", sequences=number % 8 + 1)
            seen.append(crowd.queue.in_flight)
        for number in range(12):
            await crowd.end(number)
            seen.append(crowd.queue.in_flight)
        await crowd.finish()
        assert len(crowd.began) == 12
        return seen

    assert 0 < max(asyncio.run(run())) <= 8


def test_one_client_alone_leaves_places_for_others() -> None:
    async def run() -> tuple[int, list[str]]:
        crowd = Crowd(admission(max_per_client=5))
        for _ in range(10):
            await crowd.send("greedy")
        alone = crowd.queue.in_flight
        await crowd.send("modest")
        began = list(crowd.began)
        await crowd.finish()
        return alone, began

    assert asyncio.run(run()) == (5, ["greedy"] * 5 + ["modest"])


def test_wide_request_whose_turn_it_is_is_not_overtaken() -> None:
    async def run() -> list[str]:
        crowd = Crowd(admission(max_queued=32))
        await crowd.send("a", sequences=6)
        await crowd.send("wide", sequences=8)
        await crowd.send("b")
        before = list(crowd.began)
        await crowd.end(0)
        after = list(crowd.began)
        await crowd.finish()
        assert before == ["a"]
        return after

    assert asyncio.run(run()) == ["a", "wide"]


@pytest.mark.req("R7.1")
def test_queue_full_of_one_client_gives_its_latest_place_to_another() -> None:
    async def run() -> Crowd:
        crowd = Crowd(admission())
        for _ in range(20):
            await crowd.send("greedy")
        assert crowd.refused == []
        await crowd.send("modest")
        await crowd.end(0)
        began = list(crowd.began)
        await crowd.finish()
        assert began[8:] == ["modest"]
        assert crowd.queue.admitted == 0
        return crowd

    assert asyncio.run(run()).refused == ["greedy"]


@pytest.mark.req("R4.2")
def test_request_that_loses_its_place_while_it_waits_is_a_rejection() -> None:
    async def run() -> Mapping[Metric, float]:
        queue = admission(max_queued=1)
        lifecycle = Lifecycle(expected_boot_seconds=1, began=0, on_stage_end=Mock(), on_boot_end=Mock())
        lifecycle.become_ready()
        publisher = Mock(spec=Publisher)
        app = App(Settings(), lifecycle, queue, Mock(spec=EngineClient), publisher)
        body = b'{"prompt": "Hello"}'
        scope = {
            "method": "POST",
            "path": COMPLETIONS,
            "headers": [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))],
            "client": ("192.0.2.1", 1),
            "state": {CLIENT_LEFT: asyncio.get_running_loop().create_future()},
        }
        receive = AsyncMock(return_value={"type": "http.request", "body": body, "more_body": False})
        with queue.place(client_of("192.0.2.1")) as working:
            working.widen(8)
            async with working:
                waiting = asyncio.create_task(app(scope, receive, AsyncMock()))
                while queue.queued == 0 and not waiting.done():
                    await asyncio.sleep(0)
                with queue.place(client_of("198.51.100.1")):
                    await waiting
        return publisher.publish.call_args.args[0]

    values = asyncio.run(run())
    assert (values[REJECTIONS], REQUEST_LATENCY in values) == (1, False)


@pytest.mark.req("R7.1")
def test_who_holds_most_is_refused_where_all_places_are_taken() -> None:
    async def run() -> list[str]:
        crowd = Crowd(admission())
        for client in ("a", "b"):
            for _ in range(10):
                await crowd.send(client)
        await crowd.send("a")
        refused = list(crowd.refused)
        await crowd.finish()
        return refused

    assert asyncio.run(run()) == ["a"]


@pytest.mark.req("R7.1")
def test_a_modest_clients_expected_wait_does_not_count_a_greedy_ones_queue(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [0.0]
    monkeypatch.setattr("time.monotonic", lambda: clock[0])
    queue = admission()

    async def run() -> tuple[float, float]:
        with queue.place() as place:
            async with place:
                clock[0] += 8
        crowd = Crowd(queue)
        for _ in range(16):
            await crowd.send("greedy")
        waits = queue.expected_wait_seconds("greedy"), queue.expected_wait_seconds("modest")
        await crowd.finish()
        return waits

    # 8 places finish one sequence a second: 9 turns for the greedy one, the very next for the other
    assert asyncio.run(run()) == (9, 1)


def test_place_that_is_given_up_while_it_waits_leaves_nothing_behind() -> None:
    async def run() -> tuple[int, int]:
        crowd = Crowd(admission())
        await crowd.send("a", sequences=8)
        waiting = await crowd.send("b", sequences=8)
        await crowd.send("c")
        waiting.cancel()
        await crowd.end(0)
        assert crowd.began == ["a", "c"]
        await crowd.finish()
        return crowd.queue.admitted, crowd.queue.in_flight

    assert asyncio.run(run()) == (0, 0)


def test_more_sequences_than_a_host_runs_for_one_client_are_400() -> None:
    with ExitStack() as places:
        place: Place = places.enter_context(admission(max_per_client=5).place("a"))
        with pytest.raises(ApiError) as refused:
            place.widen(6)
    assert refused.value.status == 400


@pytest.mark.req("R7.3")
@pytest.mark.parametrize(
    ("body", "sequences"),
    [(b'{"prompt": "a"}', 1), (b'{"prompt": ["a", "b"], "n": 3}', 6), (b'{"prompt": "a", "n": 8}', 8)],
)
def test_a_request_is_as_many_sequences_as_n_times_its_prompts(body: bytes, sequences: int) -> None:
    assert sequences_of(parse(COMPLETIONS, body, max_output_tokens=8)) == sequences


@pytest.mark.req("R7.3")
@pytest.mark.parametrize(
    ("body", "param"),
    [(b'{"prompt": ["a", "b", "c"], "n": 3}', "n"), (b'{"prompt": "a", "ignore_eos": true}', "ignore_eos")],
)
def test_what_multiplies_the_engines_work_is_400(body: bytes, param: str) -> None:
    with pytest.raises(ApiError) as refused:
        refuse_by_policy(parse(COMPLETIONS, body, max_output_tokens=8), Settings())
    assert (refused.value.status, refused.value.param) == (400, param)


@pytest.mark.req("R7.3")
@pytest.mark.parametrize("logprobs", [0, 20])
def test_logprobs_of_the_prompt_are_400(logprobs: int) -> None:
    body = f'{{"prompt": "a", "echo": true, "logprobs": {logprobs}}}'.encode()
    with pytest.raises(ApiError) as refused:
        refuse_by_policy(parse(COMPLETIONS, body, max_output_tokens=8), Settings())
    error = refused.value
    assert (error.status, error.param, error.message) == (400, "logprobs", "echo with logprobs is not supported.")


@pytest.mark.req("R7.3")
@pytest.mark.parametrize("body", [b'{"prompt": "a", "echo": true}', b'{"prompt": "a", "logprobs": 20}'])
def test_echo_and_logprobs_by_themselves_are_allowed(body: bytes) -> None:
    refuse_by_policy(parse(COMPLETIONS, body, max_output_tokens=8), Settings())


@pytest.mark.parametrize("instance_type", ["g4dn.xlarge", "g5.xlarge"])
def test_host_lets_as_many_sequences_work_as_its_engine_runs_and_one_client_half(instance_type: str) -> None:
    settings, profile = host_gateway(phi_3_on(instance_type)), engine_profile(phi_3_on(instance_type))
    assert f"--max-num-seqs {settings.max_in_flight}" in profile.engine_args
    assert settings.max_in_flight_per_client == max(MAX_SEQUENCES, settings.max_in_flight // 2)
    assert settings.max_in_flight_per_client < settings.max_in_flight


GREEDY, MODEST = "127.0.0.2", "127.0.0.3"
WIDE = {"prompt": "Hello", "n": 8, "max_tokens": 400}


@contextmanager
def client_at(gateway: Gateway, address: str) -> Generator[httpx.Client]:
    """A client whose requests come from another address of the loopback network."""
    transport = httpx.HTTPTransport(local_address=address, limits=httpx.Limits(max_connections=64))
    with httpx.Client(base_url=gateway.url, transport=transport, timeout=60) as client:
        yield client


@pytest.mark.req("R7.1")
def test_modest_client_is_answered_while_a_greedy_one_fills_the_host(gateway: Gateway) -> None:
    seconds: list[float] = []
    with ExitStack() as stack:
        greedy, modest = (stack.enter_context(client_at(gateway, address)) for address in (GREEDY, MODEST))
        pool = stack.enter_context(ThreadPoolExecutor(12))
        wide = [pool.submit(greedy.post, COMPLETIONS, json=WIDE) for _ in range(24)]
        wait_for(lambda: gateway.engine_metric("vllm:num_requests_running") >= 16, "the greedy client at work")
        statuses: list[int] = []
        for _ in range(20):
            began = time.monotonic()
            statuses.append(modest.post(COMPLETIONS, json={"prompt": "a", "max_tokens": 1}).status_code)
            seconds.append(time.monotonic() - began)
        done = [request.result().status_code for request in wide]
    print(f"p99 of the modest client: {quantiles(seconds, n=100, method='inclusive')[98]:.3f} s")
    assert statuses == [200] * 20
    assert set(done) <= {200, 503, 504}
    assert max(document.get("InFlight", 0) for document in gateway.documents()) <= MAX_IN_FLIGHT
