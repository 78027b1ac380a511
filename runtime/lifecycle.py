"""What state the host is in, and how far its boot has come."""

import math
import time
from collections.abc import Callable, Mapping
from enum import StrEnum

from runtime.errors import unavailable
from runtime.metrics import BOOT_STAGES, Stage


class Status(StrEnum):
    """What /health says. Work is taken while `ready`, and while `leaving`, until the load balancer has noticed."""

    LOADING = "loading"
    READY = "ready"
    LEAVING = "leaving"
    DRAINING = "draining"
    FAILED = "failed"


TRANSITIONS: Mapping[Status, frozenset[Status]] = {
    Status.LOADING: frozenset({Status.READY, Status.FAILED, Status.DRAINING}),
    Status.READY: frozenset({Status.LOADING, Status.LEAVING, Status.DRAINING}),
    Status.LEAVING: frozenset({Status.DRAINING}),
    Status.FAILED: frozenset({Status.DRAINING}),
    Status.DRAINING: frozenset(),
}
"""Which state may follow which. Any other change is a fault of the caller, and raises."""


class TransitionError(Exception):
    """A change of state that the table does not have."""


class Lifecycle:
    """The state, and the boot as a timeline of stages.

    Times are seconds of the monotonic clock. A restarted engine begins a timeline of its own.
    """

    def __init__(
        self,
        *,
        expected_boot_seconds: float,
        began: float,
        on_stage_end: Callable[[Stage, float], None],
        on_boot_end: Callable[[float], None],
    ) -> None:
        self.status = Status.LOADING
        self.stage = Stage.GATEWAY
        self.began = began
        self._expected_boot_seconds = expected_boot_seconds
        self._stage_began = time.monotonic()
        self._elapsed_when_ended: float | None = None
        self._on_stage_end = on_stage_end
        self._on_boot_end = on_boot_end

    @property
    def elapsed_seconds(self) -> float:
        """Time since the boot began; it stands still once the boot has succeeded or failed."""
        if self._elapsed_when_ended is not None:
            return self._elapsed_when_ended
        return time.monotonic() - self.began

    def restart(self) -> None:
        """Begin a new timeline, for a ready engine that has to start again."""
        self._become(Status.LOADING)
        self.stage = Stage.GATEWAY
        self.began = self._stage_began = time.monotonic()
        self._elapsed_when_ended = None

    def enter(self, stage: Stage) -> None:
        """Go on to a later stage; a stage that lies behind changes nothing."""
        if self.status is Status.LOADING and BOOT_STAGES.index(stage) > BOOT_STAGES.index(self.stage):
            self._end_stage()
            self.stage = stage

    def _end_stage(self) -> None:
        now = time.monotonic()
        self._on_stage_end(self.stage, now - self._stage_began)
        self._stage_began = now

    def become_ready(self) -> None:
        """The engine has answered. The next boot is expected to take as long as this one."""
        self._become(Status.READY)
        self._end_stage()
        self._elapsed_when_ended = self._expected_boot_seconds = time.monotonic() - self.began
        self._on_boot_end(self._elapsed_when_ended)

    @property
    def leaving(self) -> bool:
        """Whether it takes work until the load balancer has noticed that it goes."""
        return self.status is Status.LEAVING

    @property
    def draining(self) -> bool:
        """Whether it was told to stop."""
        return self.status is Status.DRAINING

    @property
    def ready_seconds(self) -> float:
        """For how long it has been ready; 0 where it is not."""
        return time.monotonic() - self._stage_began if self.status is Status.READY else 0.0

    def miss_deadline(self) -> None:
        """Give up a boot that took too long."""
        self.fail()
        self._on_boot_end(self.elapsed_seconds)

    def fail(self) -> None:
        """Give up: this host has to be replaced."""
        self._become(Status.FAILED)
        self._elapsed_when_ended = self.elapsed_seconds

    def leave(self) -> None:
        """Still take work, but tell the load balancer to send no more."""
        self._become(Status.LEAVING)

    def drain(self) -> None:
        """Take no new work from now on."""
        self._become(Status.DRAINING)

    def _become(self, status: Status) -> None:
        if status not in TRANSITIONS[self.status]:
            raise TransitionError(f"{self.status} is not followed by {status}")
        self.status = status

    def require_ready(self) -> None:
        """Let new work in only when the state is `ready` or `leaving`.

        Raises:
            ApiError: 503, with the time after which to try again.
        """
        match self.status:
            case Status.LOADING:
                remaining = self._expected_boot_seconds - self.elapsed_seconds
                raise unavailable("The model is loading.", math.ceil(max(remaining, 5)))
            case Status.DRAINING:
                raise unavailable("This host is shutting down; others take its work.", 1)
            case Status.FAILED:
                raise unavailable("The model did not start; this host is being replaced.", 60)
            case Status.READY | Status.LEAVING:
                pass
