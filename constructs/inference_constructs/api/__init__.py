"""The public API: routes, keys, firewall, throttles, and the answers that the edge itself gives."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
