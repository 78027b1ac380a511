"""What was measured on a host takes the place of the estimates, and nothing else does."""

from dataclasses import replace
from pathlib import Path

import cdktf
import pytest

from inference_constructs.cost import CostForecast
from inference_constructs.host import (
    Engine,
    Measured,
    MeasuredPrompt,
    MeasuredStep,
    boot_seconds,
    engine_profile,
    host_gateway,
    write_measured,
)
from runtime.settings import Settings
from stacks import measurements
from stacks.environments import STAGING, Environment
from stacks.image_version import built_version
from support.models import phi_3_on
from support.stack_json import parse

ESTIMATED = phi_3_on("g5.xlarge")
MEASURED = Measured(
    date="2026-11-25T12:00:00+00:00",
    instance_type="g5.xlarge",
    model="phi-3-mini-4k-instruct",
    steps=[MeasuredStep(places=1, tokens=200, seconds=0.1), MeasuredStep(places=8, tokens=5000, seconds=0.1)],
    prompts=[MeasuredPrompt(tokens=100, seconds=0.1), MeasuredPrompt(tokens=1000, seconds=1)],
    weights_seconds=0.1,
    token_seconds=0,
    prompt_token_seconds=1e-3,
    attention_seconds=0,
    first_token_seconds=0,
    boot={"imports": 30.0, "weights": 61.0},
)


@pytest.fixture(autouse=True)
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setattr(measurements, "FOLDER", tmp_path)
    return tmp_path


def found(measured: Measured = MEASURED) -> Engine:
    """The engine of an environment whose hosts were measured."""
    write_measured(measured, measurements.measured_path(ESTIMATED))
    return STAGING.engine


def test_without_a_file_everything_is_estimated() -> None:
    assert STAGING.engine.measured is None
    assert engine_profile(STAGING.engine).step_time.source == "estimated from data sheets"


def test_the_longest_answer_is_what_a_measured_step_leaves_time_for() -> None:
    # 30 s, of which 3 quarters are for writing, at 10 tokens a second
    assert host_gateway(found()).max_output_tokens == 225
    assert Settings.request_timeout_seconds == 30


def test_the_forecast_counts_on_a_measured_step_and_says_so() -> None:
    stack = cdktf.TerraformStack(cdktf.Testing.app(), "stack")
    CostForecast(stack, "Forecast", region="us-east-1", engine=found())
    outputs = parse(cdktf.Testing.synth(stack))["output"]
    assert outputs["speed"]["value"] == "measured on 2026-11-25"


def test_a_boot_takes_as_long_as_its_measured_stages() -> None:
    assert boot_seconds(found()) == 91


def test_a_boot_that_was_not_measured_is_estimated() -> None:
    assert boot_seconds(found(replace(MEASURED, boot={}))) == boot_seconds(ESTIMATED)


def test_an_image_stays_the_same_when_its_host_was_measured() -> None:
    assert built_version(found()) == built_version(ESTIMATED)


def test_the_figures_of_fp8_are_not_those_of_16_bits() -> None:
    found()
    assert replace(STAGING, quantization="fp8").engine.measured is None


def test_a_file_under_another_engine_s_name_is_refused() -> None:
    write_measured(replace(MEASURED, instance_type="g4dn.xlarge"), measurements.measured_path(ESTIMATED))
    with pytest.raises(ValueError, match=r"environment 'lab': .* was measured of g4dn.xlarge phi-3-mini"):
        Environment(name="lab", vpc_cidr="10.40.0.0/20", max_instances=1)


def test_a_file_that_cannot_be_read_is_refused_in_one_line() -> None:
    measurements.measured_path(ESTIMATED).write_text("{}")
    with pytest.raises(ValueError, match=r"^environment 'lab': [^\n]*measure anew$"):
        Environment(name="lab", vpc_cidr="10.40.0.0/20", max_instances=1)
