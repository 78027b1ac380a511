"""Traces, and the command that replays them."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from ops import replay
from ops.shared.paths import STACKS
from ops.simulation.synthetic_trace import SYNTHETIC, csv_text
from ops.simulation.trace import Request, read_trace, scaled
from stacks.environments import DEV
from support.stack_json import Json

AZURE = """TIMESTAMP,ContextTokens,GeneratedTokens
2023-11-16 18:17:03.9799600,374,44
2023-11-16 18:17:05.4799600,396,109
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "trace.csv"
    path.write_text(text)
    return path


@pytest.mark.parametrize("path", SYNTHETIC, ids=lambda path: path.stem)
def test_the_traces_in_the_repository_are_what_their_generator_writes(path: Path) -> None:
    assert path.read_text() == csv_text(SYNTHETIC[path]())


@pytest.mark.parametrize("text", [AZURE, AZURE.replace("600,", "600+00:00,"), "\ufeff" + AZURE])
def test_azures_traces_are_read(tmp_path: Path, text: str) -> None:
    requests = read_trace(write(tmp_path, text))
    assert [(round(r.arrival, 3), r.input_tokens, r.output_tokens) for r in requests] == [(0, 374, 44), (1.5, 396, 109)]


def test_requests_come_in_the_order_of_arrival_from_zero_on(tmp_path: Path) -> None:
    text = "output_tokens,arrival_seconds,input_tokens\n7,20,5\n8,10,6\n"
    assert read_trace(write(tmp_path, text)) == [Request(0.0, 6, 8), Request(10.0, 5, 7)]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a,b\n1,2\n", "neither the columns"),
        ("arrival_seconds,input_tokens,output_tokens\n", "no request"),
        ("arrival_seconds,input_tokens,output_tokens\n1,2,3\n1,x,3\n", "line 3"),
        ("arrival_seconds,input_tokens,output_tokens\n1,-2,3\n", "line 2"),
        ("arrival_seconds,input_tokens,output_tokens\n1,2\n", "line 2"),
        (AZURE.replace("18:17:05", "at noon:"), "line 3"),
    ],
)
def test_what_is_no_trace_is_refused_with_its_line(tmp_path: Path, text: str, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        read_trace(write(tmp_path, text))


@pytest.mark.parametrize(("factor", "count"), [(1, 1000), (3, 3000), (0.5, 500), (2.5, 2500)])
def test_a_scaled_trace_has_so_many_times_the_requests(factor: float, count: int) -> None:
    requests = [Request(float(second), 1, 1) for second in range(1000)]
    found = scaled(requests, factor)
    assert len(found) == pytest.approx(count, rel=0.1)
    assert found == sorted(found)
    assert max(request.arrival for request in found) <= 999 + 30


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "ops.replay", *arguments]
    return subprocess.run(command, cwd=STACKS.parents[1], capture_output=True, text=True)


def test_the_command_prints_every_way_and_draws_them(
    synthesized: dict[str, Json], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "stacks" / "inference-dev"
    folder.mkdir(parents=True)
    (folder / "cdk.tf.json").write_text(json.dumps(synthesized["inference-dev"]))
    monkeypatch.setattr(replay, "STACKS", tmp_path / "stacks")
    chart = tmp_path / "replay.png"
    trace = write(tmp_path, AZURE)
    monkeypatch.setattr(sys, "argv", ["replay", "dev", "--trace", str(trace), "--chart", str(chart)])
    replay.main()
    printed = capsys.readouterr().out
    assert f"{DEV.min_instances} to {DEV.max_instances} hosts {DEV.instance_type}" in printed
    assert "times of steps and prompts: estimated from data sheets" in printed
    answered = next(line for line in printed.splitlines() if "answered" in line)
    assert [cell.strip() for cell in answered.split("│")[2:-1]] == ["2"] * len(replay.WAYS)
    assert chart.stat().st_size > 1000


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["none"], "does not exist"),
        (["--trace", "nothing.csv"], "nothing.csv"),
        (["--scale", "0"], "above 0"),
        (["--interruptions-per-hour", "-1"], "below 0"),
    ],
)
def test_what_cannot_be_replayed_is_one_line(arguments: list[str], problem: str) -> None:
    done = run(*arguments)
    assert (done.returncode, len(done.stderr.splitlines())) == (1, 1)
    assert problem in done.stderr or "make synth" in done.stderr
