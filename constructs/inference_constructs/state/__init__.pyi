from .lock_table import LockTable

__all__ = ["LockTable"]
