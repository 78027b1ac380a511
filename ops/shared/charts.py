"""Charts as PNG files."""

# matplotlib's keyword arguments have no types
# pyright: reportUnknownMemberType=false

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLOURS = ("#1b4965", "#5fa8d3", "#f4a259", "#8cb369", "#bc4b51", "#7b6d8d", "#c9c9c9")


@contextmanager
def chart(path: Path, width: float, height: float) -> Generator[Figure]:
    """Yield an empty figure, and write it once it is drawn.

    Args:
        path: PNG file.
        width: In inches.
        height: In inches.
    """
    # matplotlib takes a second to load, and most commands draw nothing
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), dpi=110, layout="constrained")
    yield figure
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path)


def style_bars(axes: Axes, title: str, *, along: Literal["x", "y"]) -> None:
    """Give a chart of bars its title, a grid for its values and no frame.

    Args:
        axes: What was drawn on.
        title: What the bars show.
        along: The axis of the values.
    """
    axes.grid(axis=along, alpha=0.3)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_title(title, loc="left", fontweight="bold")
