"""A calibration measures what a host does: the real engine's structure, and the figures of made-up streams."""

# boto3 ships no types
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import httpx
import pytest
from moto import mock_aws

from inference_constructs.host import read_measured
from ops.calibration import CalibrationError, boot_stages, calibrate
from ops.calibration.fit import non_negative_fit
from ops.calibration.measure import OUTPUT_TOKENS, Stream, prompt_of, step_of
from runtime.metrics import BOOT_STAGE_SECONDS, DIMENSION, NAMESPACE, Stage
from support.engine_fixtures import MODEL, Gateway
from support.paths import ROOT


def load(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "ops.load", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env=os.environ | {"COLUMNS": "120"})


def stream(*, first: float, gap: float, tokens: int = 51, pieces: int = 51) -> Stream:
    """A stream of a prompt of 100 tokens, whose pieces come at even times."""
    return Stream(sent=0, arrivals=[first + gap * piece for piece in range(pieces)], prompt_tokens=100, tokens=tokens)


# the figures


def test_a_step_is_timed_while_all_streams_run() -> None:
    # the first writes 20 tokens alone, faster
    early = Stream(
        sent=0,
        arrivals=[0.01 * piece for piece in range(20)] + [1 + 0.04 * piece for piece in range(31)],
        prompt_tokens=100,
        tokens=51,
    )
    step = step_of([early, stream(first=1, gap=0.04)])
    assert step is not None
    assert step.seconds == pytest.approx(0.04)
    # the first holds its prompt, and 20 to 50 tokens; the other 0 to 30
    assert (step.places, step.tokens) == (2, pytest.approx(100 + 35 + 100 + 15))


def test_pieces_of_several_tokens_are_several_steps() -> None:
    step = step_of([stream(first=0, gap=0.1, tokens=100, pieces=50)])
    assert step is not None
    assert step.seconds == pytest.approx(0.05)


def test_streams_that_take_turns_are_not_together() -> None:
    assert step_of([stream(first=0, gap=0.01), stream(first=2, gap=0.01)]) is None


def test_the_fit_of_exact_figures_is_exact() -> None:
    tokens = [100, 800, 1600, 12_000]
    found = non_negative_fit([(1, count) for count in tokens], [0.02 + 1e-6 * count for count in tokens])
    assert found == pytest.approx([0.02, 1e-6])


def test_a_time_is_never_fitted_as_negative() -> None:
    assert non_negative_fit([(1, 100), (1, 200), (1, 300)], [0.03, 0.02, 0.01])[1] == 0


def test_no_prompt_begins_like_another() -> None:
    assert len({prompt_of(5).split()[0] for _ in range(100)}) == 100


# the stages of a boot, from a stand-in for CloudWatch


@pytest.fixture
def cloudwatch(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    with mock_aws():
        yield boto3.client("cloudwatch", region_name="us-east-1")


def boot(cloudwatch: Any, environment: str, seconds: float) -> None:
    cloudwatch.put_metric_data(
        Namespace=NAMESPACE,
        MetricData=[
            {
                "MetricName": BOOT_STAGE_SECONDS[Stage.WEIGHTS].name,
                "Dimensions": [{"Name": DIMENSION, "Value": environment}],
                "Timestamp": datetime.now(UTC) - timedelta(hours=1),
                "Value": seconds,
            }
        ],
    )


def test_a_stage_takes_the_mean_of_its_environment_s_boots(cloudwatch: Any) -> None:
    for environment, seconds in (("dev", 20), ("dev", 30), ("prod", 99)):
        boot(cloudwatch, environment, seconds)
    assert boot_stages(cloudwatch, "dev") == {"weights": 25}


def test_without_a_boot_there_are_no_stages(cloudwatch: Any) -> None:
    assert boot_stages(cloudwatch, "dev") == {}


# an API


def calibrated(answer: httpx.Response) -> None:
    """Calibrate on an API that always answers so."""

    async def run() -> None:
        transport = httpx.MockTransport(lambda _: answer)
        async with httpx.AsyncClient(base_url="https://api.example", transport=transport) as http:
            await calibrate(
                http,
                "phi-3",
                per_minute=10_000,
                streams=2,
                instance_type="local",
                quantization="",
                boot={},
                done=lambda _: None,
            )

    asyncio.run(run())


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (httpx.Response(401, text="no key"), "401"),
        (httpx.Response(503, text="loading"), "503"),
        (httpx.Response(200, text='data: {"error": {"message": "deadline"}}\n\n'), "deadline"),
        (httpx.Response(200, text="data: [DONE]\n\n"), "without an answer"),
    ],
)
def test_an_api_that_answers_otherwise_cannot_be_measured(answer: httpx.Response, problem: str) -> None:
    answer.headers["content-type"] = "text/event-stream"
    with pytest.raises(CalibrationError, match=problem):
        calibrated(answer)


def test_an_api_that_is_not_there_is_one_line_and_no_file(tmp_path: Path) -> None:
    target = tmp_path / "measured.json"
    done = load("http://127.0.0.1:9", "--calibrate", str(target))
    assert (done.returncode, len(done.stderr.splitlines()), target.exists()) == (1, 1, False)


def test_the_real_engine_is_measured(gateway: Gateway, tmp_path: Path) -> None:
    target = tmp_path / "measured.json"
    done = load(gateway.url, "--calibrate", str(target), "--per-minute", "100000", "--streams", "4")
    assert done.returncode == 0, done.stdout + done.stderr
    # which checks that every figure is positive
    measured = read_measured(target)
    assert (measured.model, measured.instance_type, measured.boot) == (MODEL, "local", {})
    assert [step.places for step in measured.steps] == [1, 1, 2, 2, 4, 4]
    short, long = measured.steps[:2]
    assert OUTPUT_TOKENS < short.tokens < long.tokens
    lengths = [prompt.tokens for prompt in measured.prompts]
    assert lengths == sorted(set(lengths))
    assert measured.weights_seconds + measured.token_seconds > 0
    assert measured.prompt_token_seconds + measured.attention_seconds > 0
