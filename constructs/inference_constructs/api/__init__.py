"""The public API: routes, keys, firewall, throttles, and the answers that the edge itself gives."""

from inference_constructs.api.account_logging import ApiLogging
from inference_constructs.api.api import ApiVariables, RateLimitedApi
from inference_constructs.api.endpoint import STAGE, ApiEndpoint
from inference_constructs.api.firewall import CONDITIONAL_RULES
from inference_constructs.api.key_authorizer import AUTHORIZER_MIB
from inference_constructs.api.metrics import ApiMetrics
from inference_constructs.api.operations import OPERATIONS
from inference_constructs.api.throttles import requests_per_second

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
