"""Replay a trace of requests against the scaling rules of an environment, in simulation, without AWS.

The rules are read from the synthesized stack: thresholds, periods, steps, warm-up and limits. Each way of scaling
(`scale_on`) is replayed, with all hosts on demand and with spot hosts above the minimum, which EC2 takes back now and
then. Service times are a model (host/step_time.py), estimated or fitted to what was measured: read the figures as a
comparison, not as a promise.
"""

# pyright: reportUnknownMemberType=false
import argparse
import dataclasses
import json
import sys
import time
from collections.abc import Callable, Mapping
from math import log, nan
from pathlib import Path
from typing import Any, NamedTuple

from rich.console import Console
from rich.table import Table

from inference_constructs.cost import HOURS_PER_MONTH, SPOT_DISCOUNT, prices_of
from inference_constructs.fleet import ScaleOn
from inference_constructs.host import Engine, boot_seconds, engine_profile, host_gateway
from ops.shared.charts import chart
from ops.shared.paths import STACKS
from ops.shared.percentiles import percentile
from ops.simulation import (
    TRACE,
    Outcome,
    Request,
    ScalingRules,
    read_rules,
    read_trace,
    scaled,
    simulate,
)
from runtime.settings import Settings
from stacks.environments import ENVIRONMENTS

SIGNALS: dict[ScaleOn, str] = {"gpu": "GPU utilisation", "demand": "demand"}

INTERRUPTED_IN_A_MONTH = 0.2
"""Part of spot hosts that EC2 takes back in a month: AWS's Spot Instance Advisor had 15 to 20 % for g5.2xlarge in
us-east-1 on 2026-09-20. https://aws.amazon.com/ec2/spot/instance-advisor/"""

INTERRUPTIONS_PER_HOUR = -log(1 - INTERRUPTED_IN_A_MONTH) / HOURS_PER_MONTH
"""Of one host, at a constant rate."""


class Way(NamedTuple):
    """What is replayed: what the number of hosts follows, and whether those above the minimum are spot hosts."""

    scale_on: ScaleOn
    spot: bool

    @property
    def name(self) -> str:
        """In words."""
        return f"{SIGNALS[self.scale_on]}, {'spot above' if self.spot else 'on demand'}"


WAYS = tuple(Way(signal, spot) for signal in SIGNALS for spot in (False, True))


def stack_of(environment: str) -> Mapping[str, Any]:
    """Return the synthesized stack of an environment.

    Raises:
        SystemExit: it was not synthesized.
    """
    path = STACKS / f"inference-{environment}" / "cdk.tf.json"
    if not path.exists():
        known = ", ".join(sorted(p.name.removeprefix("inference-") for p in STACKS.glob("inference-*")))
        sys.exit(f"error: {path} does not exist: run make synth" + (f"; there are {known}" if known else ""))
    return json.loads(path.read_text())


def replay(
    requests: list[Request], rules: ScalingRules, engine: Engine, interruptions_per_hour: float, console: Console
) -> dict[Way, Outcome]:
    """Return what becomes of the trace each way; answers are as long as the gateway allows.

    Args:
        requests: The trace.
        rules: The environment's rules.
        engine: What its hosts run.
        interruptions_per_hour: How often EC2 takes a spot host back.
        console: Where it is told how far it is.
    """
    longest, profile = host_gateway(engine).max_output_tokens, engine_profile(engine)
    requests = [request._replace(output_tokens=min(request.output_tokens, longest)) for request in requests]
    outcomes: dict[Way, Outcome] = {}
    for way in WAYS:
        with console.status(f"replaying {len(requests)} requests: {way.name}"):
            outcomes[way] = simulate(
                requests,
                rules.scaled_on(way.scale_on),
                profile.step_time,
                places=profile.max_num_seqs,
                boot_seconds=boot_seconds(engine),
                max_queued=Settings.max_queued,
                interruptions_per_hour=interruptions_per_hour if way.spot else None,
            )
    return outcomes


def latency(outcome: Outcome, percent: int) -> str:
    """Return a percentile of the latency as text."""
    return f"{percentile(outcome.latencies, percent):.1f} s" if outcome.latencies else "-"


def dollars(outcome: Outcome, hour: float) -> float:
    """Return what the hosts cost, at this price of an hour on demand."""
    return (outcome.host_seconds - SPOT_DISCOUNT * outcome.spot_seconds) / 3600 * hour


def print_table(outcomes: dict[Way, Outcome], rules: ScalingRules, console: Console) -> None:
    """Print the outcomes side by side."""
    hour = prices_of(rules.region).instance_hour(rules.instance_type)
    table = Table("scaled by", *(way.name for way in outcomes))
    rows: dict[str, Callable[[Outcome], str]] = {
        "answered": lambda o: f"{len(o.latencies):,}",
        "latency p50": lambda o: latency(o, 50),
        "latency p99": lambda o: latency(o, 99),
        "rejected (503)": lambda o: f"{o.rejected:,}",
        "late (504)": lambda o: f"{o.late:,}",
        "lost": lambda o: f"{o.lost:,}",
        "interruptions": lambda o: f"{o.interruptions:,}",
        "most hosts": lambda o: f"{max((period.serving for period in o.timeline), default=rules.minimum)}",
        "GPU hours": lambda o: f"{o.host_seconds / 3600:.2f}",
        "GPU dollars": lambda o: f"{dollars(o, hour):.2f}",
    }
    for name, figure in rows.items():
        table.add_row(name, *(figure(outcome) for outcome in outcomes.values()))
    console.print(table)


def draw(requests: list[Request], outcomes: dict[Way, Outcome], target: Path) -> None:
    """Write the trace, and the metrics and hosts of either signal over time, all on demand, as a PNG file."""
    minutes = int(requests[-1].arrival // 60) + 1
    with chart(target, 9, 7) as figure:
        load, metric, hosts = figure.subplots(3, 1, sharex=True)
        load.hist([request.arrival / 60 for request in requests], bins=minutes, range=(0, minutes), color="grey")
        load.set(ylabel="requests a minute")
        for way in (way for way in outcomes if not way.spot):
            timeline, label = outcomes[way].timeline, SIGNALS[way.scale_on]
            times = [period.end / 60 for period in timeline]
            metric.plot(times, [nan if period.metric is None else period.metric for period in timeline], label=label)
            hosts.step(times, [period.serving for period in timeline], where="post", label=label)
        metric.set(ylabel="metric, %", ylim=(0, None))
        hosts.set(ylabel="hosts that serve", xlabel="minutes", ylim=(0, None))
        hosts.legend(title="scaled by")


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="python -m ops.replay", description=__doc__)
    parser.add_argument(
        "environment", nargs="?", default="dev", help="whose scaling rules apply (default: %(default)s)"
    )
    parser.add_argument("--trace", type=Path, default=TRACE, help="CSV file, or one of Azure's LLM inference traces")
    parser.add_argument(
        "--scale", type=float, default=1.0, help="factor on the number of requests (default: %(default)s)"
    )
    parser.add_argument("--max-instances", type=int, help="maximum of hosts, instead of the environment's")
    parser.add_argument(
        "--interruptions-per-hour",
        type=float,
        default=INTERRUPTIONS_PER_HOUR,
        help="how often EC2 takes a spot host back (default: %(default).5f, a fifth of them in a month)",
    )
    parser.add_argument("--chart", type=Path, default=Path("build/replay.png"), help="PNG to write (%(default)s)")
    arguments = parser.parse_args()
    console, rules = Console(), read_rules(stack_of(arguments.environment))
    if arguments.max_instances is not None:
        rules = dataclasses.replace(rules, maximum=arguments.max_instances)
    if arguments.scale <= 0 or rules.maximum < rules.minimum:
        sys.exit("error: --scale must be above 0, and --max-instances at least the minimum of hosts")
    if arguments.interruptions_per_hour < 0:
        sys.exit("error: --interruptions-per-hour must not be below 0")
    try:
        requests = scaled(read_trace(arguments.trace), arguments.scale)
    except (OSError, ValueError) as error:
        sys.exit(f"error: {error}")
    if not requests:
        sys.exit("error: at this --scale no request is left")
    began = time.perf_counter()
    (engine,) = (each.engine for each in ENVIRONMENTS if each.name == arguments.environment)
    outcomes = replay(requests, rules, engine, arguments.interruptions_per_hour, console)
    console.print(
        f"{len(requests):,} requests in {requests[-1].arrival / 3600:.1f} h, {rules.minimum} to {rules.maximum} hosts "
        f"{rules.instance_type}; replayed in {time.perf_counter() - began:.1f} s"
    )
    console.print(f"times of steps and prompts: {engine_profile(engine).step_time.source}", style="dim")
    print_table(outcomes, rules, console)
    draw(requests, outcomes, arguments.chart)
    console.print(f"chart: {arguments.chart}")


if __name__ == "__main__":
    main()
