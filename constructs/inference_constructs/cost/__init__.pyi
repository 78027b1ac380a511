from . import prices
from .forecast import AT_MINIMUM, CostForecast
from .formulas import (
    AUTHORIZER_GB_SECONDS,
    BYTES_PER_REQUEST,
    BYTES_PER_TOKEN,
    LAUNCHES,
    LOG_BYTES_PER_REQUEST,
    PAGE_BYTES,
    PAGE_REQUESTS,
    SPOT_DISCOUNT,
)
from .prices import HOURS_PER_MONTH, Prices, prices_of

__all__ = [
    "AT_MINIMUM",
    "AUTHORIZER_GB_SECONDS",
    "BYTES_PER_REQUEST",
    "BYTES_PER_TOKEN",
    "HOURS_PER_MONTH",
    "LAUNCHES",
    "LOG_BYTES_PER_REQUEST",
    "PAGE_BYTES",
    "PAGE_REQUESTS",
    "SPOT_DISCOUNT",
    "CostForecast",
    "Prices",
    "prices",
    "prices_of",
]
