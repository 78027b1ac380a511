"""A dashboard's body as a picture."""

# matplotlib's keyword arguments have no types
# pyright: reportUnknownMemberType=false

import math
import re
from pathlib import Path
from typing import Any, TypeAlias

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from inference_constructs.monitoring import (
    COLUMNS,
    Widget,
)
from ops.picture.metric_math import Series, evaluate
from ops.picture.sample_metrics import sample

NOW = np.datetime64("2026-03-18T16:20")

COLUMN_INCHES, ROW_INCHES = 0.8, 0.46

COLUMN = 1 / COLUMNS

GAP = 0.12
"""Space around a widget, in columns and rows."""

Box: TypeAlias = tuple[float, float, float, float]
"""Left, bottom, width and height, as parts of the figure."""

PALETTE = ("#1f77b4", "#ff7f0e", "#2ca02c", "#d62728", "#9467bd", "#8c564b", "#e377c2", "#7f7f7f")

IN_ALARM = "at-maximum"


def times_of(start: str, period: int) -> NDArray[np.datetime64]:
    """Return the start of each period from a relative time such as -PT3H until now."""
    amount, unit = re.findall(r"\d+|[HD]$", start)
    hours = int(amount) * {"H": 1, "D": 24}[unit]
    begin = NOW - np.timedelta64(hours, "h")
    return np.arange(begin, NOW, np.timedelta64(period, "s"))


def drawn(properties: dict[str, Any], times: NDArray[np.datetime64]) -> list[tuple[str, str, Series]]:
    """Return label, colour and values of each line of a widget that is visible."""
    period = properties["period"]
    values_of = sample(times, period)
    known: dict[str, Series] = {}
    lines: list[tuple[str, str, Series]] = []
    for number, entry in enumerate(properties["metrics"]):
        options = entry[-1]
        if "expression" in options:
            values = evaluate(options["expression"], known, times=times, period=period)
        else:
            values = values_of(entry)
        if "id" in options:
            known[options["id"]] = values
        if options.get("visible", True):
            lines.append((options["label"], options.get("color", PALETTE[number % len(PALETTE)]), values))
    return lines


def draw_chart(axes: Axes, properties: dict[str, Any], times: NDArray[np.datetime64]) -> None:
    """Draw lines or areas, and the thresholds."""
    lines = drawn(properties, times)
    if properties["stacked"]:
        labels, colors, values = zip(*lines, strict=True)
        axes.stackplot(times, np.array(values), labels=labels, colors=colors, alpha=0.75, linewidth=0)
    else:
        for label, color, values in lines:
            axes.plot(times, values, label=label, color=color, linewidth=1.4)
    for mark in properties.get("annotations", {}).get("horizontal", []):
        value = float(mark["value"])
        axes.axhline(value, color=mark["color"], linestyle=(0, (4, 3)), linewidth=1)
        axes.annotate(
            mark["label"],
            (0.99, value),
            xycoords=("axes fraction", "data"),
            xytext=(0, 2),
            textcoords="offset points",
            ha="right",
            fontsize=7,
            color=mark["color"],
            bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 0.5},
        )
    axes.set_xlim(times[0], times[-1])  # pyright: ignore[reportArgumentType]
    axes.set_ylim(0, properties["yAxis"]["left"].get("max", axes.get_ylim()[1] * 1.12 or 1))
    locator = AutoDateLocator(minticks=3, maxticks=9)
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator, show_offset=False))
    axes.grid(axis="y", color="#e9ebed", linewidth=0.8)
    axes.legend(
        loc="upper left", bbox_to_anchor=(-0.02, -0.1), ncols=2, fontsize=7, frameon=False, handlelength=1, borderpad=0
    )


def draw_bars(axes: Axes, properties: dict[str, Any], times: NDArray[np.datetime64]) -> None:
    """Draw one value of each line."""
    labels, colors, values = zip(*drawn(properties, times), strict=True)
    heights = [value[-1] for value in values]
    bars = axes.barh(range(len(labels)), heights, color=colors, height=0.65)
    axes.bar_label(bars, fmt="%.0f", fontsize=7, padding=2)
    axes.set_yticks(range(len(labels)), labels, fontsize=7)
    axes.invert_yaxis()
    axes.set_xlim(0, max(heights) * 1.15)
    axes.set_xticks([])


def draw_numbers(figure: Figure, box: Box, properties: dict[str, Any], times: NDArray[np.datetime64]) -> None:
    """Draw the last value of each line over its course."""
    lines = drawn(properties, times)
    left, bottom, width, height = box
    share = width / len(lines)
    for number, (label, color, values) in enumerate(lines):
        x = left + number * share
        figure.text(
            x + share / 2,
            bottom + height * 0.62,
            f"{values[-1]:,.{0 if values[-1] >= 100 or values[-1] == round(values[-1]) else 1}f}",
            fontsize=24,
            ha="center",
            color=color,
        )
        figure.text(x + share / 2, bottom + height * 0.48, label, fontsize=8.5, ha="center", color="#414d5c")
        axes = figure.add_axes((x + share * 0.12, bottom + height * 0.1, share * 0.76, height * 0.27))
        axes.plot(times, values, color=color, linewidth=1)
        axes.fill_between(times, values, color=color, alpha=0.12)
        axes.set_ylim(0, max(values.max() * 1.1, 1e-9))
        axes.axis("off")


def draw_alarms(figure: Figure, box: Box, properties: dict[str, Any]) -> None:
    """Draw each alarm's state, in two columns."""
    left, bottom, width, height = box
    names = [arn.rpartition(":")[2] for arn in properties["alarms"]]
    rows = math.ceil(len(names) / 2)
    for number, name in enumerate(names):
        column, row = divmod(number, rows)
        state, color = ("In alarm", "#d13212") if name.endswith(IN_ALARM) else ("OK", "#1d8102")
        x, y = left + width * (0.03 + 0.49 * column), bottom + height * (0.7 - 0.66 * row / rows)
        figure.text(x, y, "■", fontsize=11, color=color, va="center")
        figure.text(x + width * 0.04, y, f"{name}: {state}", fontsize=8, va="center", color="#16191f")


def draw_text(figure: Figure, box: Box, markdown: str) -> None:
    """Draw headings and a line of text."""
    left, bottom, _, height = box
    first, *rest = re.sub(r"\[([^]]+)\]\([^)]+\)", r"\1", markdown).splitlines()
    level = len(first) - len(first.lstrip("#"))
    y = bottom + height * (0.72 if rest else 0.4)
    figure.text(left, y, first.lstrip("# "), fontsize={1: 20}.get(level, 14), weight="bold", va="center")
    for line in rest:
        figure.text(left, bottom + height * 0.25, line, fontsize=10, va="center", color="#414d5c")


def draw_axes(figure: Figure, box: Box, properties: dict[str, Any], times: NDArray[np.datetime64]) -> None:
    """Draw a chart or bars below the title, with room for scale and legend."""
    bars = properties["view"] == "bar"
    left, bottom, width, height = box
    margin = (2.6 if bars else 0.7) * COLUMN
    below = (0.3 if bars else 1.55) / figure.get_figheight() * ROW_INCHES
    above = 1.1 / figure.get_figheight() * ROW_INCHES
    axes = figure.add_axes((left + margin, bottom + below, width - margin - 0.3 * COLUMN, height - below - above))
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(labelsize=7, colors="#414d5c", length=0)
    (draw_bars if bars else draw_chart)(axes, properties, times)


def draw_card(figure: Figure, box: Box, title: str) -> None:
    """Draw a widget's frame and title."""
    left, bottom, width, height = box
    card = Rectangle((left, bottom), width, height, facecolor="white", edgecolor="#d5dbdb", linewidth=0.8, zorder=-1)
    figure.add_artist(card)
    top = bottom + height - 0.32 * ROW_INCHES / figure.get_figheight()
    figure.text(left + 0.2 * COLUMN, top, title, fontsize=10, va="top")


def render(body: dict[str, Any]) -> Figure:
    """Return a picture of a dashboard's body."""
    widgets: list[Widget] = body["widgets"]
    rows = max(widget["y"] + widget["height"] for widget in widgets)
    figure = Figure(figsize=(COLUMNS * COLUMN_INCHES, rows * ROW_INCHES), facecolor="#f4f5f6")
    for widget in widgets:
        x, y, width, height = (widget[key] for key in ("x", "y", "width", "height"))
        box = ((x + GAP) * COLUMN, 1 - (y + height - GAP) / rows, (width - 2 * GAP) * COLUMN, (height - 2 * GAP) / rows)
        draw_widget(figure, box, widget, body["start"])
    return figure


def draw_widget(figure: Figure, box: Box, widget: Widget, start: str) -> None:
    """Draw a widget of any type; `start` is the dashboard's time range."""
    properties = widget["properties"]
    if widget["type"] == "text":
        draw_text(figure, box, properties["markdown"])
        return
    draw_card(figure, box, properties["title"])
    if widget["type"] == "alarm":
        draw_alarms(figure, box, properties)
        return
    times = times_of(properties.get("start", start), properties["period"])
    (draw_numbers if properties["view"] == "singleValue" else draw_axes)(figure, box, properties, times)


def draw(body: dict[str, Any], file: Path) -> None:
    """Write a picture of a dashboard's body as a PNG file."""
    mpl.rcParams["font.family"] = "DejaVu Sans"
    file.parent.mkdir(parents=True, exist_ok=True)
    render(body).savefig(file, dpi=80)
