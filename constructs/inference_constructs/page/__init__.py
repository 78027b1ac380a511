"""The demo page: its files, headers, domain, firewall and access logs."""

from inference_constructs.page.config import page_config
from inference_constructs.page.firewall import SiteFirewall
from inference_constructs.page.headers import security_headers
from inference_constructs.page.limits import PAGE_REQUESTS_PER_MINUTE
from inference_constructs.page.site import DemoSite, PageVariables, SiteSettings

__all__ = [
    "PAGE_REQUESTS_PER_MINUTE",
    "DemoSite",
    "PageVariables",
    "SiteFirewall",
    "SiteSettings",
    "page_config",
    "security_headers",
]
