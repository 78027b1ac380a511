"""Where OpenTofu locks its state."""

from inference_constructs.state.lock_table import LockTable

__all__ = ["LockTable"]
