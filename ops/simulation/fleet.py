"""A simulated fleet: hosts that boot, batch requests and drain, behind a load balancer, scaled by the stack's rules."""

from collections import deque
from collections.abc import Generator, Iterable
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

import simpy

from inference_constructs.host import StepTime
from ops.simulation.rules import Autoscaler, ScalingRules, period_seconds
from ops.simulation.trace import Request

Signal = Literal["gpu", "queue"]
"""What is scaled by: the share of time in which the GPU works, or the share of places that requests take."""

ROUNDING = 1e-6
"""Tokens, or seconds, that are lost in floating point."""

QUIET_SECONDS = 60
"""How long the simulation goes on after the last deadline."""


@dataclass
class Work:
    """A request on its way through a host."""

    request: Request
    remaining: float
    tokens: float

    @property
    def arrival(self) -> float:
        """When it came, in seconds."""
        return self.request.arrival


class Period(NamedTuple):
    """The fleet at the end of one of the alarms' periods.

    Attributes:
        end: Seconds since the start.
        serving: Hosts that serve.
        wanted: Hosts that the rules want.
        metric: What the rules look at, in percent.
    """

    end: float
    serving: int
    wanted: int
    metric: float


@dataclass
class Outcome:
    """What became of all requests, and of the fleet over time.

    Attributes:
        latencies: Seconds until the last token, of the requests that were answered.
        rejected: Number of requests that found no place: 503.
        late: Number of requests that passed their deadline: 504.
        host_seconds: Seconds of all hosts together, from launch to termination.
        timeline: Each period, in order.
    """

    latencies: list[float] = field(default_factory=list[float])
    rejected: int = 0
    late: int = 0
    host_seconds: float = 0.0
    timeline: list[Period] = field(default_factory=list[Period])


class Host:
    """One GPU host: a queue, and a batch that writes a token for every request at each step."""

    def __init__(
        self,
        env: simpy.Environment,
        times: StepTime,
        *,
        places: int,
        max_queued: int,
        deadline: float,
        outcome: Outcome,
    ) -> None:
        self._env, self._times, self._places = env, times, places
        self._max_queued, self._deadline = max_queued, deadline
        self._outcome = outcome
        self._waiting: deque[Work] = deque()
        self._running: list[Work] = []
        self._news = env.event()
        self.launched = env.now
        self.serves = self.draining = False
        self._looked = env.now
        self._busy_seconds = self._taken_seconds = 0.0
        env.process(self._run())

    @property
    def outstanding(self) -> int:
        """Requests that run or wait."""
        return len(self._running) + len(self._waiting)

    def take(self, request: Request) -> bool:
        """Take a request, unless all places and the queue are full."""
        self._account()
        while self._waiting and self._is_late(self._waiting[0]):
            self._waiting.popleft()
            self._outcome.late += 1
        if self.outstanding >= self._places + self._max_queued:
            return False
        self._waiting.append(Work(request, float(request.output_tokens), float(request.input_tokens)))
        if not self._news.triggered:
            self._news.succeed()
        return True

    def measured(self, signal: Signal, seconds: float) -> float:
        """Return the average of the signal since the last call, in percent."""
        self._account()
        used = self._busy_seconds if signal == "gpu" else self._taken_seconds
        self._busy_seconds = self._taken_seconds = 0.0
        return 100 * used / seconds

    def _account(self) -> None:
        passed, self._looked = self._env.now - self._looked, self._env.now
        self._busy_seconds += passed * (self.outstanding > 0)
        self._taken_seconds += passed * self.outstanding / self._places

    def _run(self) -> Generator[simpy.Event, Any, None]:
        while True:
            yield from self._admit()
            if not self._running:
                self._news = self._env.event()
                yield self._news
                continue
            yield from self._write()

    def _admit(self) -> Generator[simpy.Event, Any, None]:
        """Read the prompts of those that wait, while there are places; the batch stands still meanwhile."""
        while self._waiting and len(self._running) < self._places:
            self._account()
            work = self._waiting.popleft()
            if self._is_late(work):
                self._outcome.late += 1
                continue
            self._running.append(work)
            yield self._env.timeout(self._times.prompt_seconds(work.request.input_tokens))

    def _write(self) -> Generator[simpy.Event, Any, None]:
        """Write tokens until an answer is complete, a deadline passes, or a request comes for a free place."""
        step = self._times.step_seconds(sum(work.tokens for work in self._running))
        began = self._env.now
        first_deadline = min(work.arrival for work in self._running) + self._deadline
        until = min(min(work.remaining for work in self._running) * step, max(0.0, first_deadline - began))
        if not self._waiting and len(self._running) < self._places:
            self._news = self._env.event()
            yield self._env.timeout(until) | self._news
        else:
            yield self._env.timeout(until)
        self._account()
        for work in self._running:
            work.remaining -= (self._env.now - began) / step
            work.tokens += (self._env.now - began) / step
        self._running = [work for work in self._running if not self._ended(work)]

    def _is_late(self, work: Work) -> bool:
        return self._env.now - work.arrival >= self._deadline - ROUNDING

    def _ended(self, work: Work) -> bool:
        if work.remaining <= ROUNDING:
            self._outcome.latencies.append(self._env.now - work.arrival)
        elif self._is_late(work):
            self._outcome.late += 1
        else:
            return False
        return True


class Fleet:
    """The Auto Scaling group and the load balancer before it."""

    def __init__(
        self,
        env: simpy.Environment,
        rules: ScalingRules,
        times: StepTime,
        *,
        places: int,
        signal: Signal,
        boot_seconds: float,
        max_queued: int,
    ) -> None:
        self._env, self._rules, self._times, self._places = env, rules, times, places
        self._signal: Signal = signal
        self._boot_seconds, self._max_queued = boot_seconds + rules.health_check_seconds, max_queued
        self._autoscaler = Autoscaler(rules)
        self.outcome = Outcome()
        self._hosts: list[Host] = []
        for _ in range(rules.minimum):
            self._launch().serves = True
            self._hosts[-1].launched = -float(rules.warmup_seconds)
        env.process(self._watch())

    @property
    def _active(self) -> list[Host]:
        return [host for host in self._hosts if not host.draining]

    def _launch(self) -> Host:
        host = Host(
            self._env,
            self._times,
            places=self._places,
            max_queued=self._max_queued,
            deadline=self._rules.request_timeout_seconds,
            outcome=self.outcome,
        )
        self._hosts.append(host)
        return host

    def _boot(self, host: Host) -> Generator[simpy.Event, Any, None]:
        yield self._env.timeout(self._boot_seconds)
        host.serves = True

    def _drain(self, host: Host) -> Generator[simpy.Event, Any, None]:
        host.draining = True
        yield self._env.timeout(self._rules.request_timeout_seconds)
        self._hosts.remove(host)
        self.outcome.host_seconds += self._env.now - max(0.0, host.launched)

    def take(self, request: Request) -> None:
        """Hand a request to the host with the fewest outstanding ones, as the load balancer does."""
        serving = [host for host in self._active if host.serves]
        if not serving or not min(serving, key=lambda host: host.outstanding).take(request):
            self.outcome.rejected += 1

    def _watch(self) -> Generator[simpy.Event, Any, None]:
        period = period_seconds(self._rules.rules)
        while True:
            yield self._env.timeout(period)
            active = self._active
            # every host's agent reports, also while it boots, and the alarm sees the average
            value = sum(host.measured(self._signal, period) for host in active) / len(active)
            settled = sum(self._env.now - host.launched >= self._rules.warmup_seconds for host in active)
            wanted = self._autoscaler.desired(value, settled=settled, warming=len(active) - settled)
            serving = sum(host.serves for host in active)
            self.outcome.timeline.append(Period(self._env.now, serving, wanted, value))
            self._change(wanted - len(active))

    def _change(self, difference: int) -> None:
        for _ in range(difference):
            self._env.process(self._boot(self._launch()))
        for host in self._active[: max(0, -difference)]:
            self._env.process(self._drain(host))

    def close(self) -> None:
        """Count the hosts that still run."""
        for host in self._hosts:
            self.outcome.host_seconds += self._env.now - max(0.0, host.launched)


def simulate(
    requests: Iterable[Request],
    rules: ScalingRules,
    times: StepTime,
    *,
    places: int,
    signal: Signal,
    boot_seconds: float,
    max_queued: int,
) -> Outcome:
    """Return what a fleet makes of a trace.

    Args:
        requests: The trace, in the order of arrival.
        rules: The scaling rules.
        times: How long steps and prompts take.
        places: Requests that run at once on a host.
        signal: What the rules look at; the thresholds are the same percentages for both.
        boot_seconds: From a host's launch until the model is ready.
        max_queued: Requests that wait on a host before others are rejected.
    """
    env = simpy.Environment()
    fleet = Fleet(env, rules, times, places=places, signal=signal, boot_seconds=boot_seconds, max_queued=max_queued)

    def arrivals() -> Generator[simpy.Event, Any, None]:
        for request in requests:
            yield env.timeout(max(0.0, request.arrival - env.now))
            fleet.take(request)
        yield env.timeout(rules.request_timeout_seconds + QUIET_SECONDS)

    env.run(until=env.process(arrivals()))
    fleet.close()
    return fleet.outcome
