"""What the service costs: prices, formulas, and the forecast's outputs."""

from inference_constructs.cost import prices
from inference_constructs.cost.forecast import AT_MINIMUM, CostForecast
from inference_constructs.cost.formulas import (
    AUTHORIZER_GB_SECONDS,
    BYTES_PER_REQUEST,
    BYTES_PER_TOKEN,
    LOG_BYTES_PER_REQUEST,
    PAGE_BYTES,
    PAGE_REQUESTS,
)
from inference_constructs.cost.prices import HOURS_PER_MONTH, Prices, prices_of

__all__ = [
    "AT_MINIMUM",
    "AUTHORIZER_GB_SECONDS",
    "BYTES_PER_REQUEST",
    "BYTES_PER_TOKEN",
    "HOURS_PER_MONTH",
    "LOG_BYTES_PER_REQUEST",
    "PAGE_BYTES",
    "PAGE_REQUESTS",
    "CostForecast",
    "Prices",
    "prices",
    "prices_of",
]
