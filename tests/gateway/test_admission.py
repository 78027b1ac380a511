"""Bounded admission, and what Retry-After is computed from."""

import asyncio
from contextlib import ExitStack

import pytest

from runtime.admission import Admission
from runtime.errors import ApiError


def admission(timeout_seconds: float = 30) -> Admission:
    return Admission(max_in_flight=2, max_queued=3, timeout_seconds=timeout_seconds)


@pytest.mark.req("R7.1")
def test_one_more_than_all_places_is_503_with_retry_after() -> None:
    full = admission()
    with ExitStack() as places:
        for _ in range(5):
            places.enter_context(full.place())
        with pytest.raises(ApiError) as refused, full.place():
            pass
    assert refused.value.status == 503
    assert refused.value.retry_after is not None
    with full.place():
        assert full.admitted == 1


@pytest.mark.req("R7.1")
def test_expected_wait_follows_the_recent_rate_of_completion(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [0.0]
    monkeypatch.setattr("time.monotonic", lambda: clock[0])
    queue = admission()

    async def work(seconds: float) -> None:
        with queue.place() as place:
            async with place:
                clock[0] += seconds

    asyncio.run(work(4))
    with ExitStack() as places:
        assert queue.expected_wait_seconds() == 0
        for _ in range(5):
            places.enter_context(queue.place())
        # 4 ahead of the newcomer's turn, finished by 2 slots in 4 s each
        assert queue.expected_wait_seconds() == 8


@pytest.mark.req("R7.1")
def test_request_that_would_wait_past_its_deadline_is_refused_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [0.0]
    monkeypatch.setattr("time.monotonic", lambda: clock[0])
    queue = admission(timeout_seconds=10)

    async def work() -> None:
        with queue.place() as place:
            async with place:
                clock[0] += 9

    asyncio.run(work())
    with ExitStack() as places:
        for _ in range(4):
            places.enter_context(queue.place())
        # a fifth place is free, but 3 turns of 9 s each by 2 slots lie before it
        with pytest.raises(ApiError), queue.place():
            pass


def test_only_the_limit_works_and_turns_come_in_order() -> None:
    async def run() -> list[int]:
        queue, order, release = admission(), list[int](), asyncio.Event()

        async def work(number: int) -> None:
            with queue.place() as place:
                async with place:
                    order.append(number)
                    await release.wait()

        tasks = [asyncio.create_task(work(number)) for number in range(4)]
        await asyncio.sleep(0)
        assert (queue.in_flight, queue.queued) == (2, 2)
        release.set()
        await queue.wait_until_idle()
        await asyncio.gather(*tasks)
        return order

    assert asyncio.run(run()) == [0, 1, 2, 3]


def test_waiting_request_that_gives_up_frees_its_place() -> None:
    async def run() -> int:
        queue, release = admission(), asyncio.Event()

        async def work() -> None:
            with queue.place() as place:
                async with place:
                    await release.wait()

        tasks = [asyncio.create_task(work()) for _ in range(3)]
        await asyncio.sleep(0)
        tasks[2].cancel()
        await asyncio.wait([tasks[2]])
        release.set()
        await asyncio.gather(*tasks[:2])
        return queue.admitted

    assert asyncio.run(run()) == 0
