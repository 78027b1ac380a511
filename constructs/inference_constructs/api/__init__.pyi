from .account_logging import ApiLogging
from .api import ApiVariables, RateLimitedApi
from .endpoint import ApiEndpoint
from .firewall import CONDITIONAL_RULES
from .key_authorizer import AUTHORIZER_MIB
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
