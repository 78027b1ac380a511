"""Names of the alarms, for what only refers to them: without a reference to the alarm, and so without a cycle."""

NO_HEALTHY_HOST, ERROR_RATE, ENGINE_FAILURE = "no-healthy-host", "5xx-rate", "engine-failure"

ROLLOUT_ALARMS = (NO_HEALTHY_HOST, ERROR_RATE, ENGINE_FAILURE)
"""The alarms that tell of a bad version: one of them ends a rollout."""
