"""The private network: VPC, subnets, endpoints, rules between security groups, logs of its traffic and names."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
