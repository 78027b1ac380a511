from .config import page_config
from .firewall import SiteFirewall
from .headers import security_headers
from .limits import PAGE_REQUESTS_PER_MINUTE
from .site import DemoSite, PageVariables, SiteSettings

__all__ = [
    "PAGE_REQUESTS_PER_MINUTE",
    "DemoSite",
    "PageVariables",
    "SiteFirewall",
    "SiteSettings",
    "page_config",
    "security_headers",
]
