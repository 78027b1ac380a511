"""A large fleet, minute by minute: requests as a flow that hosts share evenly, at the same cost for any load.

The load balancer hands each request to the host with the fewest, so the streams of a large fleet are spread evenly, and
how many hosts there are decides what a minute does to metric and latency. What chance does to a few hosts is not seen:
`simulate` follows each request.
"""

from collections.abc import Callable, Sequence
from itertools import cycle, islice
from statistics import fmean

from inference_constructs.host import StepTime
from ops.simulation.fleet import Outcome, Period
from ops.simulation.rules import Autoscaler, ScalingRules, period_seconds
from ops.simulation.trace import Request

SAMPLED = 100
"""Of so many requests, one is in the outcome."""


def streams_at(rate: float, times: StepTime, mix: Sequence[Request], places: int) -> tuple[float, float]:
    """Return how many requests a host works on at once, and the seconds that each token takes, at a rate of requests.

    By Little's law: those that are there are those that come while one is there. All places are taken where the rate is
    more than the host can do.
    """
    prompt, answer = fmean(r.input_tokens for r in mix), fmean(r.output_tokens for r in mix)

    def token_seconds(streams: float) -> float:
        running = max(1.0, streams)
        return running / times.tokens_per_second(running, input_tokens=prompt, output_tokens=answer)

    low, high = 0.0, float(places)
    while high - low > 1e-3:
        streams = (low + high) / 2
        low, high = (streams, high) if streams < rate * answer * token_seconds(streams) else (low, streams)
    return high, token_seconds(high)


def simulate_flow(
    rate: Callable[[float], float],
    seconds: float,
    mix: Sequence[Request],
    rules: ScalingRules,
    times: StepTime,
    *,
    places: int,
    boot_seconds: float,
    max_queued: int,
) -> Outcome:
    """Return what a fleet makes of a flow of requests, with one of SAMPLED requests in `latencies` and `rejected`.

    Args:
        rate: Requests a second at a second.
        seconds: How long they come.
        mix: Usual requests, each as usual as the others.
        rules: The scaling rules.
        times: How long steps and prompts take.
        places: Requests that run at once on a host.
        boot_seconds: From a host's launch until the model is ready.
        max_queued: Requests that wait on a host before others are rejected.
    """
    outcome, autoscaler, period = Outcome(), Autoscaler(rules), period_seconds(rules.rules)
    most = places / streams_at(places, times, mix, places)[1] / fmean(r.output_tokens for r in mix)
    launched, requests = [-float(rules.warmup_seconds)] * rules.minimum, cycle(mix)
    for now in range(0, int(seconds), period):
        ready = sum(now - each >= boot_seconds for each in launched)
        serving = sum(now - each >= boot_seconds + rules.health_check_seconds for each in launched)
        came = rate(now + period / 2)
        each_host = came / serving
        answered = min(each_host, most)
        streams, token_seconds = streams_at(answered, times, mix, places)
        full = each_host > most
        waiting = max_queued if full else 0
        outcome.rejected += round((each_host - answered) * serving * period / SAMPLED)
        outcome.latencies += [
            waiting / most + times.prompt_seconds(r.input_tokens) + r.output_tokens * token_seconds
            for r in islice(requests, round(answered * serving * period / SAMPLED))
        ]
        metric = 100 * (
            serving * min(1.0, streams) / len(launched)
            if rules.scale_on == "gpu"
            else serving * (streams + waiting) / (ready * places)
        )
        outcome.host_seconds += period * len(launched)
        end = now + period
        settled = sum(end - each >= rules.warmup_seconds for each in launched)
        wanted = autoscaler.desired(metric, settled=settled, warming=len(launched) - settled)
        outcome.timeline.append(Period(end, serving, wanted, metric))
        launched = launched[max(0, len(launched) - wanted) :] + [float(end)] * (wanted - len(launched))
    return outcome
