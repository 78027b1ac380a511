"""The dashboard's picture: drawn from the same data as the dashboard itself."""

from pathlib import Path

import numpy as np
import pytest
from matplotlib.axes import Axes

from inference_constructs.monitoring.dashboard import Dashboard
from ops.dashboard import sample_content
from ops.picture.drawing import render, times_of
from ops.picture.metric_math import evaluate


def labels(axes: Axes) -> set[str]:
    legend = axes.get_legend()
    return {text.get_text() for text in legend.get_texts()} if legend else set()


@pytest.mark.req("R4.5")
def test_picture_shows_every_visible_line(tmp_path: Path) -> None:
    body = Dashboard(sample_content()).body()
    figure = render(body)
    wanted = {
        entry[-1]["label"]
        for widget in body["widgets"]
        if widget["properties"].get("view") == "timeSeries"
        for entry in widget["properties"]["metrics"]
        if entry[-1].get("visible", True)
    }
    assert wanted == set[str]().union(*(labels(axes) for axes in figure.axes))
    figure.savefig(tmp_path / "dashboard.png")  # pyright: ignore[reportUnknownMemberType]
    assert (tmp_path / "dashboard.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(("start", "hours"), [("-PT3H", 3), ("-P7D", 168)])
def test_time_range_is_read(start: str, hours: int) -> None:
    assert len(times_of(start, 3600)) == hours


@pytest.mark.parametrize(
    ("expression", "values"),
    [
        ("10 * m / PERIOD(m)", [0, 1, 2]),
        ("IF(m >= 60, m, 0)", [0, 60, 120]),
        ("IF(m == MAX(m), 1, 0)", [0, 0, 1]),
        ("RUNNING_SUM(m)", [0, 60, 180]),
        ("YEAR(m) * 12 + MONTH(m)", [2026 * 12 + 1, 2026 * 12 + 2, 2026 * 12 + 2]),
    ],
)
def test_metric_math(expression: str, values: list[float]) -> None:
    times = np.array(["2026-01-31", "2026-02-01", "2026-02-28"], "datetime64[s]")
    assert list(evaluate(expression, {"m": np.array([0.0, 60, 120])}, times=times, period=600)) == values
