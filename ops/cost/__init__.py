"""The forecast, evaluated and drawn."""

from ops.cost.chart import COLOURS, draw

__all__ = ["COLOURS", "draw"]
