"""What one GPU host is: its GPU and engine profile, volumes, boot, gateway settings, metrics and role."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
