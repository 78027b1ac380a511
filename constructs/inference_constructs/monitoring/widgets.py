"""Widgets of a dashboard: how a line, a formula, a chart and a text are written, and where they are placed.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html
"""

from collections.abc import Sequence
from typing import Any, Literal, TypeAlias

from inference_constructs.foundation import Metric
from inference_constructs.monitoring.metrics import Statistic

PERIOD_SECONDS = 300
"""The finest resolution that CloudWatch still has after 15 days (R4.6), so that no graph is empty when it looks back.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_concepts.html#metrics-retention
"""

COLUMNS = 24
"""Width of a dashboard."""

BLUE, ORANGE, RED, GREEN, PURPLE, GREY = "#1f77b4", "#ff7f0e", "#d62728", "#2ca02c", "#9467bd", "#7f7f7f"

Line: TypeAlias = list[Any]
"""One entry of a widget's `metrics`."""

Widget: TypeAlias = dict[str, Any]

Threshold: TypeAlias = tuple[str, object, str]
"""Label, value (a number, or an expression for one) and colour of a horizontal line."""


def line(metric: Metric, statistic: Statistic, label: str, color: str | None = None, *, id: str | None = None) -> Line:
    """A metric of a widget; one with an id is only there for expressions, and not drawn."""
    dimensions = [part for dimension in metric.dimensions.items() for part in dimension]
    options: dict[str, object] = {"stat": statistic, "label": label}
    if color:
        options["color"] = color
    if id:
        options |= {"id": id, "visible": False}
    return [metric.namespace, metric.name, *dimensions, options]


def formula(expression: str, label: str, color: str | None = None, *, id: str | None = None) -> Line:
    """Metric math over the widget's lines with ids; one with an id is only there for others."""
    options: dict[str, object] = {"expression": expression, "label": label}
    if color:
        options["color"] = color
    if id:
        options |= {"id": id, "visible": False}
    return [options]


def chart(
    title: str,
    lines: Sequence[Line],
    *,
    region: str,
    thresholds: Sequence[Threshold] = (),
    view: Literal["timeSeries", "singleValue", "bar"] = "timeSeries",
    stacked: bool = False,
    period: int = PERIOD_SECONDS,
    start: str = "",
    whole_range: str = "",
    top: float | None = None,
    width: int = 8,
    height: int = 6,
) -> Widget:
    """A widget of metrics.

    Args:
        title: Title with the unit.
        lines: Metrics and expressions.
        region: Where the metrics are.
        thresholds: Horizontal lines.
        view: How they are drawn.
        stacked: Whether lines stand on each other.
        period: Seconds.
        start: How far back it looks; as far as the dashboard unless given.
        whole_range: How far back it looks for one value of each line.
        top: End of the vertical axis.
        width: Columns.
        height: Rows.
    """
    properties: dict[str, Any] = {
        "title": title,
        "region": region,
        "view": view,
        "stacked": stacked,
        "period": period,
        "metrics": list(lines),
        "yAxis": {"left": {"min": 0, "showUnits": False} | ({} if top is None else {"max": top})},
    }
    if start or whole_range:
        properties["start"] = start or whole_range
    if whole_range:
        properties["setPeriodToTimeRange"] = True
    if view == "singleValue":
        properties["sparkline"] = True
    if thresholds:
        properties["annotations"] = {
            "horizontal": [{"label": label, "value": value, "color": color} for label, value, color in thresholds]
        }
    return {"type": "metric", "width": width, "height": height, "properties": properties}


def percentiles(metric: Metric) -> list[Line]:
    """Median, slow and slowest."""
    colors: dict[Statistic, str] = {"p50": BLUE, "p95": ORANGE, "p99": RED}
    return [line(metric, name, name, color) for name, color in colors.items()]


def text(markdown: str, *, height: int) -> Widget:
    """Markdown over the whole width."""
    properties = {"markdown": markdown, "background": "transparent"}
    return {"type": "text", "width": COLUMNS, "height": height, "properties": properties}


def section(question: str) -> Widget:
    """The headline of what is below it."""
    return text(f"## {question}", height=1)


def placed(rows: Sequence[Sequence[Widget]]) -> list[Widget]:
    """Give every widget its place: rows from top to bottom, widgets from left to right."""
    placed: list[Widget] = []
    y = 0
    for row in rows:
        x = 0
        for widget in row:
            placed.append({**widget, "x": x, "y": y})
            x += widget["width"]
        y += max(widget["height"] for widget in row)
    return placed
