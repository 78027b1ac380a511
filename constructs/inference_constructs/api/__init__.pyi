from .account_logging import ApiLogging
from .api import ApiVariables, RateLimitedApi
from .authorizer_memory import AUTHORIZER_MIB
from .endpoint import ApiEndpoint
from .firewall import CONDITIONAL_RULES
from .metrics import ApiMetrics
from .routes import OPERATIONS, STAGE
from .throttles import requests_per_second

__all__ = [
    "AUTHORIZER_MIB",
    "CONDITIONAL_RULES",
    "OPERATIONS",
    "STAGE",
    "ApiEndpoint",
    "ApiLogging",
    "ApiMetrics",
    "ApiVariables",
    "RateLimitedApi",
    "requests_per_second",
]
