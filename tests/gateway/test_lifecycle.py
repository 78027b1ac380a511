"""The states of a host, on a clock that the test turns."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from typing import Any, cast

import pytest

from runtime.engine import run_once
from runtime.engine_client import EngineClient
from runtime.errors import ApiError
from runtime.lifecycle import TRANSITIONS, Lifecycle, Status, TransitionError
from runtime.metrics import BOOT_STAGES, Stage
from runtime.output import Output
from runtime.readiness import watch
from runtime.settings import Settings


class Boot:
    """A lifecycle, its clock, and the stages that it reported."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 0.0
        monkeypatch.setattr("time.monotonic", lambda: self.now)
        self.ended: list[tuple[str, float]] = []
        self.boots: list[float] = []
        self.lifecycle = Lifecycle(
            expected_boot_seconds=100,
            began=0,
            on_stage_end=lambda stage, seconds: self.ended.append((stage, seconds)),
            on_boot_end=self.boots.append,
        )

    def retry_after(self) -> int | None:
        with pytest.raises(ApiError) as refused:
            self.lifecycle.require_ready()
        assert refused.value.status == 503
        return refused.value.retry_after


@pytest.fixture
def boot(monkeypatch: pytest.MonkeyPatch) -> Boot:
    return Boot(monkeypatch)


@pytest.mark.req("R1.2")
def test_stages_add_up_to_the_time_until_ready(boot: Boot) -> None:
    for boot.now, stage in zip((1, 31, 61, 71), BOOT_STAGES[2:], strict=True):
        boot.lifecycle.enter(stage)
    boot.now = 75
    boot.lifecycle.become_ready()
    assert boot.ended == [("gateway", 1), ("imports", 30), ("weights", 30), ("compile", 10), ("first_token", 4)]
    assert boot.boots == [75]
    boot.now = 1000
    assert boot.lifecycle.elapsed_seconds == 75


@pytest.mark.req("R7.1")
def test_while_loading_retry_after_is_what_is_left_of_the_expected_boot(boot: Boot) -> None:
    boot.now = 30
    assert boot.retry_after() == 70
    boot.now = 200
    assert boot.retry_after() == 5


@pytest.mark.req("R7.1")
def test_restart_expects_what_the_last_boot_took(boot: Boot) -> None:
    boot.now = 40
    boot.lifecycle.become_ready()
    boot.now = 500
    boot.lifecycle.restart()
    boot.now = 510
    assert boot.lifecycle.status is Status.LOADING
    assert boot.lifecycle.elapsed_seconds == 10
    assert boot.retry_after() == 30


@pytest.mark.req("R1.2")
def test_engine_that_fails_while_loading_does_not_turn_back_the_deadlines_clock(boot: Boot) -> None:
    settings = Settings(engine_command='python -c "raise SystemExit(1)"')

    async def run() -> None:
        client = EngineClient(settings.engine_port)
        await run_once(settings, client, boot.lifecycle, Output())
        await client.close()

    boot.now = 50
    asyncio.run(run())
    assert boot.lifecycle.elapsed_seconds == 50


class BusyEngine:
    """Stands for an engine that has no place for a check, and writes for a client soon after it is asked for one."""

    def __init__(self) -> None:
        self.last_life = 0.0
        self.checks = 0

    @asynccontextmanager
    async def request(self, *_: object, **__: object) -> AsyncGenerator[None]:
        self.checks += 1
        self.last_life = asyncio.get_running_loop().time()
        await asyncio.Event().wait()
        yield


def watch_for_a_second(engine: BusyEngine, **settings: Any) -> None:
    """Watch an engine that last wrote 0.4 s from the start."""

    async def run() -> None:
        engine.last_life = asyncio.get_running_loop().time() + 0.4
        with suppress(TimeoutError):
            async with asyncio.timeout(1):
                await watch(cast("EngineClient", engine), Settings(**settings))

    asyncio.run(run())


def test_engine_that_writes_for_clients_is_not_checked() -> None:
    engine = BusyEngine()
    watch_for_a_second(engine, check_interval_seconds=0.8)
    assert engine.checks == 0


def test_engine_that_wrote_for_a_client_while_it_was_checked_does_not_count_as_hung() -> None:
    engine = BusyEngine()
    watch_for_a_second(engine, check_interval_seconds=0.05, check_timeout_seconds=0.05)
    assert engine.checks > 1


def test_stage_that_lies_behind_changes_nothing(boot: Boot) -> None:
    boot.lifecycle.enter(Stage.COMPILE)
    boot.lifecycle.enter(Stage.WEIGHTS)
    assert boot.lifecycle.stage == "compile"


def change_to(boot: Boot, status: Status) -> None:
    """Ask for a state in the way that the supervisor does."""
    lifecycle = boot.lifecycle
    changes = {
        Status.LOADING: lifecycle.restart,
        Status.READY: lifecycle.become_ready,
        Status.FAILED: lifecycle.fail,
        Status.LEAVING: lifecycle.leave,
        Status.DRAINING: lifecycle.drain,
    }
    changes[status]()


@pytest.mark.req("R1.4")
@pytest.mark.parametrize("before", Status)
@pytest.mark.parametrize("after", Status)
def test_a_state_is_followed_only_by_what_the_table_allows(boot: Boot, before: Status, after: Status) -> None:
    if before is Status.LEAVING:
        change_to(boot, Status.READY)
    if before is not Status.LOADING:
        change_to(boot, before)
    if after in TRANSITIONS[before]:
        change_to(boot, after)
    else:
        with pytest.raises(TransitionError, match=f"{before} is not followed by {after}"):
            change_to(boot, after)
    assert boot.lifecycle.status is (after if after in TRANSITIONS[before] else before)


def test_a_failed_host_is_never_ready_again() -> None:
    assert TRANSITIONS[Status.FAILED] == {Status.DRAINING}


def test_draining_is_never_left(boot: Boot) -> None:
    assert not TRANSITIONS[Status.DRAINING]
    boot.lifecycle.drain()
    assert boot.retry_after() == 1


@pytest.mark.req("R1.2")
def test_missed_deadline_counts_as_a_boot_so_that_its_alarm_sees_it(boot: Boot) -> None:
    boot.now = 301
    boot.lifecycle.miss_deadline()
    assert (boot.lifecycle.status, boot.boots) == (Status.FAILED, [301])


def test_time_of_being_ready_does_not_include_the_boot(boot: Boot) -> None:
    boot.now = 200
    assert boot.lifecycle.ready_seconds == 0
    boot.lifecycle.become_ready()
    boot.now = 210
    assert boot.lifecycle.ready_seconds == 10
