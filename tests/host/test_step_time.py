"""How long steps and prompts take: what must hold whatever the estimates are."""

import pytest

from inference_constructs.host.step_time import StepTime, step_time
from support.models import phi_3_on

T4, A10G = step_time(phi_3_on("g4dn.xlarge")), step_time(phi_3_on("g5.xlarge"))


@pytest.mark.parametrize("instance_type", ["g4dn.xlarge", "g5.xlarge"])
def test_no_step_is_shorter_than_reading_the_weights_with_all_of_the_bandwidth(instance_type: str) -> None:
    engine = phi_3_on(instance_type)
    gigabytes = engine.weight_bytes / 1e9
    step = step_time(engine).step_seconds(streams=1, tokens=0)
    assert step > gigabytes / engine.instance.gpu.bandwidth_gb_per_second


def test_no_step_is_shorter_than_computing_a_token_for_each_request() -> None:
    assert A10G.step_seconds(streams=500, tokens=0) == A10G.prompt_token_seconds * 500


def test_answers_together_are_slower_each_and_faster_in_all() -> None:
    one, twelve = (A10G.tokens_per_second(streams, input_tokens=200, output_tokens=200) for streams in (1, 12))
    assert twelve / 12 < one < twelve


def test_rate_is_that_of_steps_and_prompts_one_after_the_other() -> None:
    """Two streams of 10 tokens: 10 steps with 2 prompts of 100 tokens and half an answer each, and 2 prompts read."""
    times = StepTime(weights_seconds=0.5, token_seconds=0.001, prompt_token_seconds=0.01, attention_seconds=0)
    seconds = 10 * (0.5 + 0.001 * 2 * 105) + 2 * 1.0
    assert times.tokens_per_second(2, input_tokens=100, output_tokens=10) == pytest.approx(20 / seconds)


def test_time_of_many_steps_is_the_sum_of_each() -> None:
    one_by_one = sum(A10G.step_seconds(streams=3, tokens=500 + 3 * step) for step in range(100))
    assert A10G.seconds_of(100, streams=3, tokens=500) == pytest.approx(one_by_one, rel=0.001)


@pytest.mark.parametrize("streams", [1, 30])
def test_steps_of_a_time_are_those_that_take_it(streams: int) -> None:
    seconds = A10G.seconds_of(123.4, streams=streams, tokens=9000)
    assert A10G.steps_in(seconds, streams=streams, tokens=9000) == pytest.approx(123.4)


def test_t4_without_tensor_cores_for_attention_reads_long_prompts_far_slower() -> None:
    """Triton's kernels multiply without them below compute capability 8.0."""
    short, long = (T4.prompt_seconds(tokens) / A10G.prompt_seconds(tokens) for tokens in (100, 4000))
    assert short < 1.15
    assert long > 1.5


def test_weights_in_8_bits_are_half_but_for_embeddings() -> None:
    quantized = phi_3_on("g5.xlarge", quantization="fp8")
    assert quantized.weight_bytes / phi_3_on("g5.xlarge").weight_bytes == pytest.approx(0.526, abs=0.001)
    assert step_time(quantized).prompt_token_seconds == A10G.prompt_token_seconds


def test_gpus_of_a_host_share_the_work_and_spend_time_on_each_other() -> None:
    four = step_time(phi_3_on("g5.12xlarge"))
    times = (each.step_seconds(streams=1, tokens=1000) for each in (A10G, four))
    assert 1.5 < next(times) / next(times) < 4
    assert 1 < A10G.prompt_token_seconds / four.prompt_token_seconds < 4
