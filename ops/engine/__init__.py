"""What runs in the engine's environment; each is a program of its own."""

from ops.engine.cpu import ENGINE_ARGS, ENVIRONMENT
from ops.engine.local_model import MODEL, TEMPERATURE

__all__ = ["ENGINE_ARGS", "ENVIRONMENT", "MODEL", "TEMPERATURE"]
