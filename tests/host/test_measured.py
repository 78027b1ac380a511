"""A file of measured figures is read back as it was written, or refused in one line."""

import json
from pathlib import Path
from typing import Any

import pytest

from inference_constructs.host import Measured, MeasuredPrompt, MeasuredStep, read_measured, write_measured

MEASURED = Measured(
    date="2026-11-25T12:00:00+00:00",
    instance_type="g5.xlarge",
    model="phi-3-mini-4k-instruct",
    steps=[MeasuredStep(places=1, tokens=200, seconds=0.02), MeasuredStep(places=8, tokens=5000, seconds=0.03)],
    prompts=[MeasuredPrompt(tokens=100, seconds=0.1), MeasuredPrompt(tokens=1000, seconds=0.4)],
    weights_seconds=0.0196,
    token_seconds=2e-6,
    prompt_token_seconds=3e-4,
    attention_seconds=1e-8,
    first_token_seconds=0.06,
    boot={"weights": 20.0},
)


def test_what_was_measured_is_read_back(tmp_path: Path) -> None:
    write_measured(MEASURED, tmp_path / "measured.json")
    read = read_measured(tmp_path / "measured.json")
    assert (read.steps[1].seconds, read.weights_seconds, read.boot) == (0.03, 0.0196, {"weights": 20.0})


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"weights_seconds": -1}, "weights_seconds"),
        ({"steps": []}, "steps"),
        ({"steps": [{"places": 0, "tokens": 1, "seconds": 1}] * 2}, "places"),
        ({"prompts": [{"tokens": 1, "seconds": 0}] * 2}, "seconds"),
        ({"date": None}, "date"),
    ],
)
def test_a_figure_that_cannot_be_is_refused_by_name(changes: dict[str, Any], problem: str, tmp_path: Path) -> None:
    path = tmp_path / "measured.json"
    write_measured(MEASURED, path)
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))
    with pytest.raises(ValueError, match=rf"measured.json .*{problem}"):
        read_measured(path)


@pytest.mark.parametrize("text", [None, "", "[]", '{"date": "2026"}'])
def test_a_file_that_is_something_else_is_refused_in_one_line(text: str | None, tmp_path: Path) -> None:
    path = tmp_path / "measured.json"
    if text is not None:
        path.write_text(text)
    with pytest.raises(ValueError, match=r"^[^\n]*measured\.json[^\n]*$"):
        read_measured(path)
