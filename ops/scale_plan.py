"""How far an environment goes: hosts, dollars and latency by load, and which limit is met when. docs/scale.md has it.

    make scale-plan ENV=prod

A day of requests goes from a 24th of the load at night to all of it at noon and back. The environment's own rules
decide about hosts, up to the most that the variable `max_instances` takes. How long an answer takes is the model of the
engine's steps.
"""

import argparse
import dataclasses
import random
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from math import ceil, cos, pi
from statistics import fmean
from typing import Any

from inference_constructs.host import (
    INITIALIZATION_MIB_PER_SECOND,
    INSTANCE_TYPES,
    Engine,
    boot_seconds,
    engine_profile,
    host_gateway,
)
from ops.cost import forecast_of
from ops.deployment.account_checks import INITIALIZATION_QUOTA_MIBPS
from ops.floods import AUTHORIZER_SECONDS
from ops.replay import SIGNALS, stack_of
from ops.shared.arguments import add_environment
from ops.shared.percentiles import percentile
from ops.simulation import (
    SAMPLED,
    Outcome,
    Request,
    ScalingRules,
    poisson_requests,
    read_rules,
    simulate,
    simulate_flow,
    usual_tokens,
)
from runtime.settings import Settings
from stacks.environments import MOST_INSTANCES, Environment

LOADS = (1, 10, 100, 1_000, 10_000)
"""Requests a minute at noon."""

FOLLOWED = 100
"""Up to this load, each request is followed; above it, a minute's are a flow, so that no load takes longer."""

DAY = 86_400
DAYS_PER_MONTH = 365 / 12

LOG_CALLS_PER_SECOND = 0.2
"""Of a host: its one log driver sends what it has every 5 s (estimate)."""


def requests_per_second(load: float, second: float) -> float:
    """Return the rate at a second of a day whose noon has this many requests a minute."""
    return load / 60 * (1 / 24 + 23 / 24 * (1 - cos(2 * pi * second / DAY)) / 2)


def requests_per_day(load: float) -> float:
    """Return the requests of that day."""
    return load * 24 * 60 * (1 / 24 + 23 / 24 / 2)


def usual_requests(engine: Engine) -> list[Request]:
    """Return a thousand requests as the bundled traces have them, none longer than the gateway allows."""
    dice, longest = random.Random(0), host_gateway(engine).max_output_tokens  # noqa: S311  no secret
    return [Request(0.0, prompt, min(answer, longest)) for prompt, answer in (usual_tokens(dice) for _ in range(1000))]


def outcome_of(load: int, engine: Engine, rules: ScalingRules) -> tuple[Outcome, int]:
    """Return what becomes of a day, and of how many requests each that is counted stands for one."""
    rate, profile = partial(requests_per_second, load), engine_profile(engine)
    longest = host_gateway(engine).max_output_tokens
    trace = (r._replace(output_tokens=min(r.output_tokens, longest)) for r in poisson_requests(rate, DAY, load / 60))
    follows = load <= FOLLOWED
    replay = partial(simulate, trace) if follows else partial(simulate_flow, rate, DAY, usual_requests(engine))
    outcome = replay(
        rules,
        profile.step_time,
        places=profile.max_num_seqs,
        boot_seconds=boot_seconds(engine),
        max_queued=Settings.max_queued,
    )
    return outcome, 1 if follows else SAMPLED


@dataclass(frozen=True, kw_only=True)
class Limit:
    """What bounds all clients together.

    Attributes:
        name: What is bounded.
        figure: The limit, in its own unit.
        per_minute: Requests a minute at which it is met.
        lifted: What lifts it.
        source: Page or file that has the figure.
    """

    name: str
    figure: str
    per_minute: float
    lifted: str
    source: str


def host_requests_per_minute(engine: Engine) -> float:
    """Return the usual requests that a host answers in a minute with all places taken."""
    profile, mix = engine_profile(engine), usual_requests(engine)
    prompt, answer = fmean(r.input_tokens for r in mix), fmean(r.output_tokens for r in mix)
    written = profile.step_time.tokens_per_second(profile.max_num_seqs, input_tokens=prompt, output_tokens=answer)
    return 60 * written / answer


def limits(environment: Environment, stack: Mapping[str, Any]) -> list[Limit]:
    """Return the limits of an environment and of an account with AWS's defaults, in the order in which they are met."""
    aws, guide = "https://docs.aws.amazon.com", "latest/developerguide"
    host = host_requests_per_minute(environment.engine)
    settings = stack["resource"]["aws_api_gateway_method_settings"].values()
    (route,) = (s["settings"] for s in settings if s["method_path"] == "~1v1~1chat~1completions/POST")
    throttle, most = route["throttling_rate_limit"], stack["variable"]["max_instances"]["default"]
    checks = stack["variable"]["authorizer_concurrency"]["default"]
    starting = INITIALIZATION_QUOTA_MIBPS // INITIALIZATION_MIB_PER_SECOND
    found = [
        Limit(
            name="vCPUs of G instances",
            figure="0 in a new account",
            per_minute=0,
            lifted="[ask for it](deploy.md#1-ask-for-quotas), for twice the hosts",
            source=f"{aws}/ec2/latest/instancetypes/ec2-instance-quotas.html",
        ),
        Limit(
            name="`max_instances`",
            figure=f"{most} hosts, all places taken",
            per_minute=most * host,
            lifted=f"the variable, up to {MOST_INSTANCES}",
            source="../stacks/environments.py",
        ),
        Limit(
            name="throttle of a route",
            figure=f"{throttle} a second",
            per_minute=throttle * 60,
            lifted="`INFERENCE_THROTTLE`, and a new synthesis",
            source="../constructs/inference_constructs/api/throttles.py",
        ),
        Limit(
            name="EBS initialization",
            figure=f"{INITIALIZATION_QUOTA_MIBPS:,} MiB/s: {starting} hosts start at once",
            per_minute=starting * host,
            lifted="a request to AWS; others start later until then",
            source=f"{aws}/ebs/latest/userguide/initalize-volume.html#consistent-rate-quota",
        ),
        Limit(
            name="bound of `max_instances`",
            figure=f"{MOST_INSTANCES} hosts",
            per_minute=MOST_INSTANCES * host,
            lifted="`MOST_INSTANCES`; first read on below",
            source="../stacks/environments.py",
        ),
        Limit(
            name="targets of a load balancer",
            figure="1,000, of which a rollout takes half",
            per_minute=500 * host,
            lifted="a request to AWS",
            source=f"{aws}/elasticloadbalancing/latest/application/load-balancer-limits.html",
        ),
        Limit(
            name="API Gateway, all APIs of a region",
            figure="10,000 a second; 2,500 in newer regions",
            per_minute=10_000 * 60,
            lifted="a request to AWS",
            source=f"{aws}/apigateway/{guide}/limits.html",
        ),
        Limit(
            name="WAF, a web ACL",
            figure="100,000 a second",
            per_minute=100_000 * 60,
            lifted="a request to AWS",
            source=f"{aws}/waf/{guide}/limits.html",
        ),
        Limit(
            name="CloudWatch Logs, `PutLogEvents`",
            figure="5,000 a second",
            per_minute=5_000 / LOG_CALLS_PER_SECOND * host,
            lifted="a request to AWS",
            source=f"{aws}/general/latest/gr/cwl_region.html",
        ),
        Limit(
            name="CloudWatch, `PutMetricData`",
            figure="500 a second, one a minute from each host",
            per_minute=500 * 60 * host,
            lifted="a request to AWS",
            source=f"{aws}/AmazonCloudWatch/latest/monitoring/cloudwatch_limits.html",
        ),
    ]
    if checks > 0:
        found.append(
            Limit(
                name="`authorizer_concurrency`",
                figure=f"{checks} key checks at once, of {1000 * AUTHORIZER_SECONDS:.0f} ms (estimate)",
                per_minute=checks / AUTHORIZER_SECONDS * 60,
                lifted="the variable",
                source="../stacks/environments.py",
            )
        )
    return sorted(found, key=lambda limit: limit.per_minute)


def load_table(environment: Environment, stack: Mapping[str, Any]) -> Iterator[str]:
    """Yield what each load takes, scaled either way."""
    yield "| a minute | scaled by | hosts, mean (most) | vCPUs | dollars a month | p50, p99 | turned away |"
    yield "|---|---|---|---|---|---|---|"
    engine, rules = environment.engine, dataclasses.replace(read_rules(stack), maximum=MOST_INSTANCES)
    mix = usual_requests(engine)
    usual = {
        "input_tokens_per_request": fmean(r.input_tokens for r in mix),
        "output_tokens_per_request": fmean(r.output_tokens for r in mix),
    }
    for load in LOADS:
        for signal, name in SIGNALS.items():
            outcome, sampled = outcome_of(load, engine, rules.scaled_on(signal))
            hosts = outcome.host_seconds / outcome.timeline[-1].end
            most = max(period.serving for period in outcome.timeline)
            month = {"min_instances": hosts, "requests_per_month": requests_per_day(load) * DAYS_PER_MONTH}
            dollars = sum(forecast_of(stack, usual | month).at_minimum.values())
            p50, p99 = (percentile(outcome.latencies, percent) for percent in (50, 99))
            away = sampled * (outcome.rejected + outcome.late + outcome.lost) / requests_per_day(load)
            vcpus = 2 * most * INSTANCE_TYPES[engine.instance_type].vcpus
            yield (
                f"| {load:,} | {name} | {hosts:.1f} ({most}) | {vcpus} | {dollars:,.0f} | {p50:.1f} s, {p99:.1f} s "
                f"| {away:.1%} |"
            )


def first_limits_table(found: Iterable[Limit], stack: Mapping[str, Any]) -> Iterator[str]:
    """Yield how many clients each load must come from, and the limits that it meets."""
    address = stack["variable"]["rate_limit_per_minute"]["default"]
    (plan,) = stack["resource"]["aws_api_gateway_usage_plan"].values()
    daily, rate = plan["quota_settings"]["limit"], plan["throttle_settings"]["rate_limit"]
    yield "| a minute | addresses, at least | API keys, at least | limits that are met, in this order |"
    yield "|---|---|---|---|"
    for load in LOADS:
        keys = max(requests_per_day(load) / daily, load / (60 * rate))
        met = ", ".join(limit.name for limit in found if limit.per_minute < load)
        yield f"| {load:,} | {ceil(load / address)} | {ceil(keys)} | {met} |"


def limits_table(found: Iterable[Limit]) -> Iterator[str]:
    """Yield the limits, with their sources."""
    yield "| limit | figure | met at, a minute | what lifts it |"
    yield "|---|---|---|---|"
    for limit in found:
        yield (
            f"| {limit.name} | [{limit.figure}]({limit.source}) | {float(f'{limit.per_minute:.2g}'):,.0f} "
            f"| {limit.lifted} |"
        )


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(prog="make scale-plan", description=__doc__)
    add_environment(parser)
    environment: Environment = parser.parse_args().environment
    stack = stack_of(environment.name)
    found = limits(environment, stack)
    print(f"{environment.name}, {environment.instance_type}: {engine_profile(environment.engine).step_time.source}")
    for table in (load_table(environment, stack), first_limits_table(found, stack), limits_table(found)):
        print()
        for line in table:
            print(line, flush=True)


if __name__ == "__main__":
    main()
