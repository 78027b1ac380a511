"""What every resource needs: where it is, policies, keys, logs, metrics, buckets, domains, texts that AWS takes."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
