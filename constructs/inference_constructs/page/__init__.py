"""The demo page: its files, headers, domain, firewall and access logs."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
