"""The states of a host, on a clock that the test turns."""

import pytest

from runtime.errors import ApiError
from runtime.lifecycle import Lifecycle, Status


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
    for boot.now, stage in ((1, "imports"), (31, "weights"), (61, "compile"), (71, "first_token")):
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


def test_failure_while_loading_does_not_turn_back_the_deadlines_clock(boot: Boot) -> None:
    boot.now = 50
    boot.lifecycle.restart()
    assert boot.lifecycle.elapsed_seconds == 50


def test_stage_that_lies_behind_changes_nothing(boot: Boot) -> None:
    boot.lifecycle.enter("compile")
    boot.lifecycle.enter("weights")
    assert boot.lifecycle.stage == "compile"


def test_draining_is_never_left(boot: Boot) -> None:
    boot.lifecycle.drain()
    boot.lifecycle.become_ready()
    boot.lifecycle.fail()
    assert boot.lifecycle.status is Status.DRAINING
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
