"""Names made of an environment's prefix, for what refers to a resource without depending on it."""


def group_name(prefix: str) -> str:
    """Return the name of the Auto Scaling group and its launch template, which every host has as its `Name` tag."""
    return f"{prefix}-hosts"


def alarm_name(prefix: str, name: str) -> str:
    """Return an alarm's full name from its environment's prefix and its last part."""
    return f"{prefix}-{name}"


OPEN, CLOSE = "open", "close"
"""First parts of the names of the scheduled actions that start and end office hours."""

WAKE_END = "wake-end"
"""Name of the scheduled action that ends hours outside them."""

NO_HEALTHY_HOST, ERROR_RATE, ENGINE_FAILURE = "no-healthy-host", "5xx-rate", "engine-failure"

ROLLOUT_ALARMS = (NO_HEALTHY_HOST, ERROR_RATE, ENGINE_FAILURE)
"""Last parts of the names of the alarms that tell of a bad version: one of them ends a rollout."""
