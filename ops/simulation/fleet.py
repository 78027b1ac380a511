"""A simulated fleet: hosts that boot, batch requests and leave, behind a load balancer, scaled by the stack's rules."""

from collections import deque
from collections.abc import Generator, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from random import Random
from typing import Any, NamedTuple

import simpy

from inference_constructs.host import StepTime
from ops.simulation.rules import Autoscaler, ScalingRules, period_seconds
from ops.simulation.trace import Request

NOTICE_SECONDS = 120
"""Between the notice of an interruption and the end of a spot host.

https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/spot-instance-termination-notices.html
"""

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
        metric: What the rules look at, in percent; None where nobody reported.
    """

    end: float
    serving: int
    wanted: int
    metric: float | None


@dataclass
class Outcome:
    """What became of all requests, and of the fleet over time.

    Attributes:
        latencies: Seconds until the last token, of the requests that were answered.
        rejected: Number of requests that found no place: 503.
        late: Number of requests that passed their deadline: 504.
        lost: Number of requests that were cut, because their host was gone before they ended.
        interruptions: Number of spot hosts that EC2 took back.
        host_seconds: Seconds of all hosts together, from launch to termination.
        spot_seconds: Those of spot hosts.
        timeline: Each period, in order.
    """

    latencies: list[float] = field(default_factory=list[float])
    rejected: int = 0
    late: int = 0
    lost: int = 0
    interruptions: int = 0
    host_seconds: float = 0.0
    spot_seconds: float = 0.0
    timeline: list[Period] = field(default_factory=list[Period])


class Used(NamedTuple):
    """What was used of hosts in some time, in seconds.

    Attributes:
        busy: In which the GPU worked.
        taken: Of each sequence that worked or waited.
        places: Of each place of a host that was ready.
    """

    busy: float
    taken: float
    places: float


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
        spot: bool,
        outcome: Outcome,
    ) -> None:
        self._env, self._times, self._places = env, times, places
        self._max_queued, self._deadline = max_queued, deadline
        self._outcome = outcome
        self._waiting: deque[Work] = deque()
        self._running: list[Work] = []
        self._news = env.event()
        self.launched, self.spot = env.now, spot
        self.ready = self.serves = self.leaving = False
        self._looked = env.now
        self._busy = self._taken = self._offered = 0.0
        self._running_process = env.process(self._run())

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

    def get_ready(self) -> None:
        """Take requests from now on, once the load balancer sends any."""
        self._account()
        self.ready = True

    def leave(self) -> None:
        """Count as no capacity any more."""
        self._account()
        self.leaving = True

    def end(self) -> None:
        """Be gone, with all that is not answered."""
        self._running_process.interrupt()
        self._outcome.lost += self.outstanding

    def used(self) -> Used:
        """Return what was used since the last call."""
        self._account()
        used = Used(self._busy, self._taken, self._offered)
        self._busy = self._taken = self._offered = 0.0
        return used

    def _account(self) -> None:
        passed, self._looked = self._env.now - self._looked, self._env.now
        self._busy += passed * (self.outstanding > 0)
        self._taken += passed * self.outstanding
        self._offered += passed * self._places * (self.ready and not self.leaving)

    def _run(self) -> Generator[simpy.Event, Any, None]:
        with suppress(simpy.Interrupt):
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
        streams, tokens = len(self._running), sum(work.tokens for work in self._running)
        began = self._env.now
        first_deadline = min(work.arrival for work in self._running) + self._deadline
        shortest = self._times.seconds_of(min(work.remaining for work in self._running), streams=streams, tokens=tokens)
        until = min(shortest, max(0.0, first_deadline - began))
        if not self._waiting and len(self._running) < self._places:
            self._news = self._env.event()
            yield self._env.timeout(until) | self._news
        else:
            yield self._env.timeout(until)
        self._account()
        steps = self._times.steps_in(self._env.now - began, streams=streams, tokens=tokens)
        for work in self._running:
            work.remaining -= steps
            work.tokens += steps
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
        boot_seconds: float,
        max_queued: int,
        interruptions_per_hour: float | None,
        seed: int,
    ) -> None:
        self._env, self._rules, self._times, self._places = env, rules, times, places
        self._boot_seconds, self._max_queued = boot_seconds, max_queued
        self._interruptions_per_hour, self._dice = interruptions_per_hour, Random(seed)  # noqa: S311  no secret
        self._autoscaler = Autoscaler(rules)
        self.outcome = Outcome()
        self._hosts: list[Host] = []
        for _ in range(rules.minimum):
            host = self._launch()
            host.ready = host.serves = True
            host.launched = -float(rules.warmup_seconds)
        env.process(self._watch())

    @property
    def _active(self) -> list[Host]:
        """The hosts that count as capacity, or will."""
        return [host for host in self._hosts if not host.leaving]

    def _launch(self) -> Host:
        """Launch a host: one on demand until there are as many as the minimum, then a spot host where those are wanted.

        https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-mixed-instances-groups.html
        """
        on_demand = sum(not host.spot for host in self._active)
        host = Host(
            self._env,
            self._times,
            places=self._places,
            max_queued=self._max_queued,
            deadline=self._rules.request_timeout_seconds,
            spot=self._interruptions_per_hour is not None and on_demand >= self._rules.minimum,
            outcome=self.outcome,
        )
        self._hosts.append(host)
        if host.spot and self._interruptions_per_hour:
            self._env.process(self._interrupt(host, self._dice.expovariate(self._interruptions_per_hour / 3600)))
        return host

    def _boot(self, host: Host) -> Generator[simpy.Event, Any, None]:
        yield self._env.timeout(self._boot_seconds)
        host.get_ready()
        yield self._env.timeout(self._rules.health_check_seconds)
        host.serves = not host.leaving

    def _drain(self, host: Host) -> Generator[simpy.Event, Any, None]:
        """Take a host out of the load balancer at once, as Auto Scaling does; it ends when its answers have."""
        host.leave()
        host.serves = False
        yield self._env.timeout(self._rules.request_timeout_seconds)
        self._remove(host)

    def _interrupt(self, host: Host, seconds: float) -> Generator[simpy.Event, Any, None]:
        """Take a spot host back: it serves until the load balancer has noticed, drains, and is ended in any case.

        The group launches another one at the notice at the latest (capacity rebalancing); EC2 is taken to have one.
        """
        yield self._env.timeout(seconds)
        if host.leaving:
            return
        self.outcome.interruptions += 1
        host.leave()
        self._env.process(self._boot(self._launch()))
        yield self._env.timeout(self._rules.unhealthy_seconds)
        host.serves = False
        yield self._env.timeout(NOTICE_SECONDS - self._rules.unhealthy_seconds)
        host.end()
        self._remove(host)

    def _remove(self, host: Host) -> None:
        self._hosts.remove(host)
        self._bill(host)

    def _bill(self, host: Host) -> None:
        seconds = self._env.now - max(0.0, host.launched)
        self.outcome.host_seconds += seconds
        self.outcome.spot_seconds += seconds * host.spot

    def take(self, request: Request) -> None:
        """Hand a request to the host with the fewest outstanding ones, as the load balancer does."""
        serving = [host for host in self._hosts if host.serves]
        if not serving or not min(serving, key=lambda host: host.outstanding).take(request):
            self.outcome.rejected += 1

    def _watch(self) -> Generator[simpy.Event, Any, None]:
        period = period_seconds(self._rules.rules)
        while True:
            yield self._env.timeout(period)
            active = self._active
            value = self._metric(period)
            settled = sum(self._env.now - host.launched >= self._rules.warmup_seconds for host in active)
            wanted = self._autoscaler.desired(value, settled=settled, warming=len(active) - settled)
            serving = sum(host.serves for host in active)
            self.outcome.timeline.append(Period(self._env.now, serving, wanted, value))
            self._change(wanted - len(active))

    def _metric(self, period: float) -> float | None:
        """What the alarms see.

        Of GPUs it is the average of all agents, which report while a host boots, too; of demand the quotient of the
        gateways' gauges, which has no value while no host is ready.
        """
        used = {host: host.used() for host in self._hosts}
        if self._rules.scale_on == "gpu":
            return 100 * sum(used[host].busy for host in self._active) / (len(self._active) * period)
        places = sum(each.places for each in used.values())
        return 100 * sum(each.taken for each in used.values()) / places if places else None

    def _change(self, difference: int) -> None:
        for _ in range(difference):
            self._env.process(self._boot(self._launch()))
        # spot hosts go first, since the minimum is on demand; the oldest of them
        for host in sorted(self._active, key=lambda host: not host.spot)[: max(0, -difference)]:
            self._env.process(self._drain(host))

    def close(self) -> None:
        """Count the hosts that still run."""
        for host in self._hosts:
            self._bill(host)


def simulate(
    requests: Iterable[Request],
    rules: ScalingRules,
    times: StepTime,
    *,
    places: int,
    boot_seconds: float,
    max_queued: int,
    interruptions_per_hour: float | None = None,
    seed: int = 0,
) -> Outcome:
    """Return what a fleet makes of a trace.

    Args:
        requests: The trace, in the order of arrival.
        rules: The scaling rules.
        times: How long steps and prompts take.
        places: Requests that run at once on a host.
        boot_seconds: From a host's launch until the model is ready.
        max_queued: Requests that wait on a host before others are rejected.
        interruptions_per_hour: How often EC2 takes a spot host back; all hosts are on demand unless given, with it
            those above the minimum are spot hosts.
        seed: Of the interruptions: the same one, the same times.
    """
    env = simpy.Environment()
    fleet = Fleet(
        env,
        rules,
        times,
        places=places,
        boot_seconds=boot_seconds,
        max_queued=max_queued,
        interruptions_per_hour=interruptions_per_hour,
        seed=seed,
    )

    def arrivals() -> Generator[simpy.Event, Any, None]:
        for request in requests:
            yield env.timeout(max(0.0, request.arrival - env.now))
            fleet.take(request)
        yield env.timeout(rules.request_timeout_seconds + QUIET_SECONDS)

    env.run(until=env.process(arrivals()))
    fleet.close()
    return fleet.outcome
