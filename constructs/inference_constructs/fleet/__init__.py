"""The hosts together: Auto Scaling group, scaling policies, load balancer and its certificate."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
