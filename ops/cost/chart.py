"""The cost forecast as a picture: what each environment spends its money on."""

# matplotlib's keyword arguments have no types
# pyright: reportUnknownMemberType=false

from collections.abc import Mapping
from pathlib import Path

from ops.cost.forecast import Forecast
from ops.shared.charts import COLOURS, chart, style_bars

SHOWN = 6
"""Lines of the forecast with a colour of their own, the most expensive ones; the others are added up."""


def draw(
    forecasts: Mapping[str, Forecast], path: Path, savings: Mapping[str, Mapping[str, Forecast]] | None = None
) -> None:
    """Draw a bar for each environment at its fewest and at its most hosts, and one for each way to save at its most.

    Args:
        forecasts: By environment.
        path: PNG file to write.
        savings: By environment and way, the first of which saves nothing.
    """
    bars: dict[str, Mapping[str, float]] = {}
    for name, one in forecasts.items():
        for bound, costs in (("min", one.at_minimum), ("max", one.at_maximum)):
            hosts = one.variables[f"{bound}_instances"]
            bars[f"{name}, {hosts} {'host' if hosts == 1 else 'hosts'}"] = costs
        _, *ways = (savings or {}).get(name, {"": one}).items()
        bars |= {f"{name}, {one.variables['max_instances']} hosts, {way}": saved.at_maximum for way, saved in ways}
    every = list(bars.values())
    kinds = sorted(every[0], key=lambda kind: -sum(costs[kind] for costs in every))
    totals = [sum(costs.values()) for costs in every]
    rest = f"{len(kinds) - SHOWN} others"
    segments = {kind: [costs[kind] for costs in every] for kind in kinds[:SHOWN]}
    segments[rest] = [
        total - sum(costs[kind] for kind in kinds[:SHOWN]) for total, costs in zip(totals, every, strict=True)
    ]
    left = [0.0] * len(bars)
    with chart(path, 11, 1.6 + 0.55 * len(bars)) as figure:
        axes = figure.subplots()
        for (kind, widths), colour in zip(segments.items(), COLOURS, strict=True):
            axes.barh(list(bars), widths, left=left, color=colour, label=kind, height=0.68)
            left = [start + width for start, width in zip(left, widths, strict=True)]
        for row, total in enumerate(totals):
            axes.text(total + max(totals) * 0.008, row, f"${total:,.0f}", va="center", fontweight="bold")
        axes.invert_yaxis()
        axes.set_xlim(0, max(totals) * 1.09)
        axes.xaxis.set_major_formatter("${x:,.0f}")
        style_bars(axes, "Estimated cost a month, at the fewest and at the most hosts", along="x")
        axes.legend(loc="upper right", frameon=False)
