"""The forecast, evaluated and drawn."""

from ops.cost.chart import draw
from ops.cost.forecast import BOTH, OFFICE_HOURS, SPOT, Forecast, forecast_of, forecasts, savings, savings_of

__all__ = ["BOTH", "OFFICE_HOURS", "SPOT", "Forecast", "draw", "forecast_of", "forecasts", "savings", "savings_of"]
