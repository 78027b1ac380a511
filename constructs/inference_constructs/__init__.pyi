from .api import ApiEndpoint, ApiMetrics, ApiVariables, RateLimitedApi
from .cost import AT_MINIMUM, CostForecast
from .fleet import Certificate, FleetMetrics, FleetVariables, GpuFleet, HostSettings
from .foundation import Domain, EncryptedHome, Home, OfficeHours, create_encrypted_home, create_home
from .host import Engine, Model, read_model
from .monitoring import MonitoredService, MonitoringVariables, Observability
from .network import NetworkSettings, VpcConstruct
from .page import DemoSite, PageVariables, SiteFirewall, SiteSettings

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
    "Engine",
    "FleetMetrics",
    "FleetVariables",
    "GpuFleet",
    "Home",
    "HostSettings",
    "Model",
    "MonitoredService",
    "MonitoringVariables",
    "NetworkSettings",
    "Observability",
    "OfficeHours",
    "PageVariables",
    "RateLimitedApi",
    "SiteFirewall",
    "SiteSettings",
    "VpcConstruct",
    "create_encrypted_home",
    "create_home",
    "read_model",
]
