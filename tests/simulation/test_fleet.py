"""The simulated fleet: against what can be computed by hand, and what must hold for every trace."""

import dataclasses
import random
from statistics import mean

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inference_constructs.fleet.thresholds import ScaleOn
from inference_constructs.host.engine import Engine
from inference_constructs.host.engine_profiles import PLANNED_SEQUENCE_TOKENS, EngineProfile, engine_profile
from inference_constructs.host.gateway_settings import host_gateway
from inference_constructs.host.step_time import StepTime
from ops.simulation.fleet import NOTICE_SECONDS, Outcome, simulate
from ops.simulation.rules import ScalingRules
from ops.simulation.trace import Request
from support.models import phi_3_on
from support.scaling import RULES

T4 = engine_profile(phi_3_on("g4dn.xlarge"))
TIMES = T4.step_time
BOOT_SECONDS = 200


def run(
    requests: list[Request],
    signal: ScaleOn = "gpu",
    profile: EngineProfile = T4,
    max_queued: int = 32,
    interruptions_per_hour: float | None = None,
    rules: ScalingRules = RULES,
    seed: int = 0,
) -> Outcome:
    return simulate(
        requests,
        rules.scaled_on(signal),
        profile.step_time,
        places=profile.max_num_seqs,
        boot_seconds=BOOT_SECONDS,
        max_queued=max_queued,
        interruptions_per_hour=interruptions_per_hour,
        seed=seed,
    )


def steady(rate: float, seconds: float, tokens: int) -> list[Request]:
    """Evenly spaced requests."""
    return [Request(number / rate, 100, tokens) for number in range(int(rate * seconds))]


def test_one_request_alone_takes_its_prompt_and_one_step_a_token() -> None:
    (latency,) = run([Request(0.0, 1000, 10)]).latencies
    steps = 10 * (TIMES.weights_seconds + 1000 * TIMES.token_seconds)
    # the keys of the answer itself add a little to each step
    assert steps < latency - TIMES.prompt_seconds(1000) < steps * 1.01


@pytest.mark.parametrize("instance_type", ["g4dn.xlarge", "g5.xlarge"])
def test_a_stream_is_no_faster_than_the_memory_allows(instance_type: str) -> None:
    engine = phi_3_on(instance_type)
    (latency,) = run([Request(0.0, 1, 100)], profile=engine_profile(engine)).latencies
    assert 100 / latency < engine.instance.gpu.bandwidth_gb_per_second * 1e9 / engine.weight_bytes


def test_one_place_queues_as_theory_says() -> None:
    """Pollaczek-Khinchine for M/D/1: the mean wait is rho * service / (2 * (1 - rho))."""
    one_place = StepTime(weights_seconds=1.0, token_seconds=0, prompt_token_seconds=0, attention_seconds=0)
    rules = dataclasses.replace(RULES, maximum=1, request_timeout_seconds=10_000)
    dice, second, requests = random.Random(1), 0.0, list[Request]()
    for _ in range(20_000):
        second += dice.expovariate(0.6)
        requests.append(Request(second, 0, 1))
    outcome = simulate(requests, rules, one_place, places=1, boot_seconds=1, max_queued=10**6)
    assert mean(outcome.latencies) - 1 == pytest.approx(0.6 / (2 * 0.4), rel=0.05)


def test_a_batch_is_faster_than_one_after_the_other() -> None:
    together = run([Request(0.0, 100, 100) for _ in range(10)])
    alone = run([Request(0.0, 100, 100)])
    assert alone.latencies[0] < max(together.latencies) < 2 * alone.latencies[0]


def test_a_deadline_ends_a_request_that_is_too_long() -> None:
    outcome = run([Request(0.0, 100, 100_000), Request(0.0, 100, 10)])
    assert (outcome.late, len(outcome.latencies)) == (1, 1)


@pytest.mark.req("R7.2")
@pytest.mark.parametrize(
    "engine",
    [
        phi_3_on("g4dn.xlarge"),
        phi_3_on("g4dn.xlarge", quantization="fp8"),
        phi_3_on("g4dn.xlarge", max_num_seqs=8),
        phi_3_on("g4dn.xlarge", max_num_seqs=32),
        phi_3_on("g5.xlarge"),
        phi_3_on("g5.xlarge", quantization="fp8"),
        phi_3_on("g5.xlarge", max_num_seqs=8),
        phi_3_on("g5.xlarge", max_num_seqs=78),
    ],
    ids=str,
)
def test_longest_answers_end_before_the_deadline_while_all_places_are_taken(engine: Engine) -> None:
    profile, longest = engine_profile(engine), host_gateway(engine).max_output_tokens
    room = min(PLANNED_SEQUENCE_TOKENS, profile.kv_cache_tokens // profile.max_num_seqs)
    outcome = run([Request(0.0, room - longest, longest) for _ in range(profile.max_num_seqs)], profile=profile)
    assert (outcome.late, outcome.rejected, len(outcome.latencies)) == (0, 0, profile.max_num_seqs)


def test_beyond_places_and_queue_requests_are_rejected() -> None:
    outcome = run([Request(0.0, 100, 10) for _ in range(100)], max_queued=5)
    assert outcome.rejected == 100 - T4.max_num_seqs - 5


@pytest.mark.req("R3.1")
def test_under_load_a_host_is_wanted_after_three_full_minutes_and_serves_after_its_boot() -> None:
    timeline = run(steady(2, 900, 200)).timeline
    assert [period.wanted for period in timeline[:3]] == [1, 1, 3]
    first = next(period.end for period in timeline if period.serving > 1)
    assert first == 180 + 60 * -(-(BOOT_SECONDS + RULES.health_check_seconds) // 60)


@pytest.mark.req("R3.2", "R3.3")
def test_without_load_hosts_go_one_by_one_after_ten_full_minutes() -> None:
    load = steady(2, 600, 200)
    outcome = run([*load, Request(3000.0, 1, 1)])
    values = [(period.metric, period.wanted) for period in outcome.timeline if period.end > 600]
    idle = next(
        index
        for index in range(len(values))
        if all(value is not None and value < 30 for value, _ in values[index : index + 10])
    )
    before = values[idle][1]
    assert [wanted for _, wanted in values[idle : idle + 11]] == [before] * 9 + [before - 1, before - 2]
    assert values[-1][1] == RULES.minimum


def test_the_gpu_is_busy_with_one_stream_while_most_places_are_free() -> None:
    """Why GPU utilisation says little about how much more a host could take."""
    requests = [Request(6.0 * number, 100, 130) for number in range(30)]
    gpu, demand = run(requests, "gpu").timeline[0].metric, run(requests, "demand").timeline[0].metric
    assert gpu is not None
    assert demand is not None
    assert gpu > 70
    assert demand < 15


def test_demand_above_the_threshold_for_one_minute_adds_hosts() -> None:
    requests = [Request(0.0, 100, 400) for _ in range(T4.max_num_seqs + 8)]
    first = run(steady(2, 300, 200), "demand").timeline[0]
    assert (first.wanted, first.serving) == (3, 1)
    assert run(requests, "gpu").timeline[0].wanted == 1


def test_demand_counts_what_waits_above_the_places() -> None:
    waiting = [Request(0.0, 100, 400) for _ in range(3 * T4.max_num_seqs)]
    deadline = dataclasses.replace(RULES, request_timeout_seconds=600)
    metric = run(waiting, "demand", rules=deadline).timeline[0].metric
    assert metric is not None
    assert metric > 100


def test_demand_counts_no_places_of_hosts_that_boot() -> None:
    """Hosts are launched in the first minute; until they are ready, the share is what the one host says."""
    constant = [Request(float(second), 100, 250) for second in range(600)]
    one, *rest = [period.metric for period in run(constant, "demand").timeline]
    assert one is not None
    assert one > 70
    # launched at 60 s, ready at 260 s
    assert all(metric is not None and metric > 70 for metric in rest[:3])
    assert all(metric is not None and metric < 50 for metric in rest[3:8])


BUSY = steady(2, 3600, 150)


def test_hosts_up_to_the_minimum_are_never_interrupted() -> None:
    rules = dataclasses.replace(RULES, minimum=3, maximum=3)
    outcome = run(BUSY, rules=rules, interruptions_per_hour=100)
    assert (outcome.interruptions, outcome.spot_seconds) == (0, 0)


def test_without_spot_hosts_nothing_is_interrupted() -> None:
    assert run(BUSY).spot_seconds == 0
    assert run(BUSY, interruptions_per_hour=0).spot_seconds > 0


@pytest.mark.req("R3.5")
@pytest.mark.parametrize("seed", range(5))
def test_an_interruption_loses_no_request(seed: int) -> None:
    outcome = run(BUSY, interruptions_per_hour=3, seed=seed)
    assert outcome.interruptions > 0
    assert outcome.lost == 0
    assert len(outcome.latencies) + outcome.rejected + outcome.late == len(BUSY)


def test_what_does_not_end_within_the_notice_is_lost() -> None:
    """The load balancer needs 65 of the 120 seconds: a request that takes longer than the other 55 may be cut."""
    slow = dataclasses.replace(RULES, minimum=1, maximum=2, request_timeout_seconds=240)
    long = StepTime(weights_seconds=1.0, token_seconds=0, prompt_token_seconds=0, attention_seconds=0)
    requests = [Request(float(second), 0, NOTICE_SECONDS) for second in range(0, 7200, 10)]
    outcome = simulate(
        requests, slow, long, places=20, boot_seconds=BOOT_SECONDS, max_queued=32, interruptions_per_hour=4
    )
    assert outcome.lost > 0
    assert len(outcome.latencies) + outcome.rejected + outcome.late + outcome.lost <= len(requests)


def test_a_host_that_is_taken_back_is_replaced_and_the_rules_want_as_many() -> None:
    outcome = run(BUSY, interruptions_per_hour=3)
    wanted = [period.wanted for period in outcome.timeline if 1200 < period.end < 3600]
    assert min(wanted) == max(wanted) == RULES.maximum


REQUESTS = st.lists(
    st.builds(Request, st.floats(0, 2000), st.integers(0, 3000), st.integers(1, 2000)), min_size=1, max_size=60
).map(sorted)


@pytest.mark.req("R3.3", "R3.4")
@settings(max_examples=50, deadline=None)
@given(REQUESTS, st.sampled_from(["gpu", "demand"]), st.integers(0, 3), st.sampled_from([None, 60.0]))
def test_every_request_has_one_end_and_the_limits_hold(
    requests: list[Request], signal: ScaleOn, max_queued: int, interruptions_per_hour: float | None
) -> None:
    outcome = run(requests, signal, max_queued=max_queued, interruptions_per_hour=interruptions_per_hour)
    assert len(outcome.latencies) + outcome.rejected + outcome.late + outcome.lost == len(requests)
    assert all(0 < latency <= RULES.request_timeout_seconds + 1e-5 for latency in outcome.latencies)
    assert all(RULES.minimum <= period.wanted <= RULES.maximum for period in outcome.timeline)
    assert all(1 <= period.serving <= RULES.maximum for period in outcome.timeline)
