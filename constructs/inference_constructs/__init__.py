"""Typed cdktf constructs that serve an open LLM on GPU hosts in an AWS account.

What a stack of one's own is built from can be imported from here; each name is loaded when it is first asked for, since
a command that only needs prices or an instance type should not wait for the provider's classes.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from inference_constructs._lazy_provider import register_lazy_package
from inference_constructs._locked_node import use_locked_node

use_locked_node()
register_lazy_package("cdktf_cdktf_provider_aws")

if TYPE_CHECKING:
    from inference_constructs.api import ApiEndpoint, ApiMetrics, ApiVariables, RateLimitedApi
    from inference_constructs.cost import AT_MINIMUM, CostForecast
    from inference_constructs.fleet import Certificate, FleetMetrics, FleetVariables, GpuFleet, HostSettings
    from inference_constructs.foundation import Domain, EncryptedHome, Home, create_encrypted_home, create_home
    from inference_constructs.monitoring import MonitoredService, MonitoringVariables, Observability
    from inference_constructs.network import NetworkSettings, VpcConstruct
    from inference_constructs.page import DemoSite, PageVariables, SiteFirewall, SiteSettings
else:

    def __getattr__(name):
        """Load a name from the first package that has it (PEP 562), each after those that it imports itself."""
        if name in __all__:
            for package in ("foundation", "network", "fleet", "api", "page", "cost", "monitoring"):
                module = import_module(f"{__name__}.{package}")
                if name in module.__all__:
                    return getattr(module, name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


__all__ = [
    "AT_MINIMUM",
    "ApiEndpoint",
    "ApiMetrics",
    "ApiVariables",
    "Certificate",
    "CostForecast",
    "DemoSite",
    "Domain",
    "EncryptedHome",
    "FleetMetrics",
    "FleetVariables",
    "GpuFleet",
    "Home",
    "HostSettings",
    "MonitoredService",
    "MonitoringVariables",
    "NetworkSettings",
    "Observability",
    "PageVariables",
    "RateLimitedApi",
    "SiteFirewall",
    "SiteSettings",
    "VpcConstruct",
    "create_encrypted_home",
    "create_home",
]
