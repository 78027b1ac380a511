"""The load generator's figures, measured against the real gateway and computed from made-up results."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from ops.load import Load, percentiles, prompts, report_of
from support.engine_fixtures import Gateway
from support.paths import ROOT

LOAD = Load(rate=2, seconds=2, prompt_words=5, output_tokens=4, ignore_eos=True)


def load(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "ops.load", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env=os.environ | {"COLUMNS": "120"})


def result() -> dict[str, Any]:
    """What `vllm bench serve` writes for one good answer, one cut short and one refused."""
    return {
        "errors": ["", "", "Too Many Requests"],
        "output_lens": [4, 1, 0],
        "latencies": [2.0, 1.0, 0.0],
        "ttfts": [0.5, 0.5, 0.0],
        "itls": [[0.5, 0.5, 0.5], [], []],
        "start_times": [100.0, 101.0, 0.0],
        "duration": 4.0,
    }


def test_only_complete_answers_count() -> None:
    report = report_of(result(), LOAD)
    assert (report.latencies, report.first_tokens, report.tokens_per_second) == ([2.0], [0.5], 1.0)
    assert report.failures == {"Too Many Requests": 1, "answer cut short": 1}


def test_no_prompt_begins_like_another() -> None:
    beginnings = [prompt.split()[0] for prompt in prompts(LOAD)]
    assert len(set(beginnings)) == LOAD.requests == 4


def test_percentiles_are_of_the_values_in_milliseconds() -> None:
    assert percentiles([second / 100 for second in range(101)]) == ["500", "900", "950", "990"]


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [(["--rate", "0"], "above 0"), (["--rate", "100", "--seconds", "3600"], "more than 5000")],
)
def test_a_load_without_bounds_is_refused(arguments: list[str], problem: str) -> None:
    done = load("http://127.0.0.1:9", *arguments)
    assert done.returncode == 1
    assert problem in done.stderr


def test_an_api_that_is_not_there_is_one_line() -> None:
    done = load("http://127.0.0.1:9")
    assert (done.returncode, len(done.stderr.splitlines())) == (1, 1)


@pytest.mark.req("R4.1", "R4.2")
def test_a_load_on_the_real_gateway_is_measured(gateway: Gateway, tmp_path: Path) -> None:
    chart = tmp_path / "load.png"
    done = load(
        *(gateway.url, "--rate", "4", "--seconds", "2", "--prompt-words", "5", "--output-tokens", "6"),
        *("--chart", str(chart)),
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "8 of 8 answers complete" in done.stdout
    latency, first_token = (
        [int(figure.replace(",", "")) for figure in re.findall(r"[\d,]+", line.split(name)[1])]
        for name in ("latency", "time to first token")
        for line in done.stdout.splitlines()
        if name in line
    )
    assert all(0 < first <= whole for first, whole in zip(first_token, latency, strict=True))
    assert chart.stat().st_size > 1000
