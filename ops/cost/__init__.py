"""The forecast, evaluated and drawn."""

from ops.cost.chart import draw
from ops.cost.forecast import Forecast, forecast_of, forecasts

__all__ = ["Forecast", "draw", "forecast_of", "forecasts"]
