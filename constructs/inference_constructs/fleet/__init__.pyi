from .certificate import Certificate
from .fleet import FleetVariables, GpuFleet, HostSettings
from .metrics import FleetMetrics
from .names import alarm_name, group_name
from .rollout_alarms import (
    ENGINE_FAILURE,
    ERROR_RATE,
    NO_HEALTHY_HOST,
    ROLLOUT_ALARMS,
)
from .spot import spot_types
from .thresholds import BUSY_MINUTES, BUSY_PERCENT, IDLE_MINUTES, IDLE_PERCENT, ScaleOn

__all__ = [
    "BUSY_MINUTES",
    "BUSY_PERCENT",
    "ENGINE_FAILURE",
    "ERROR_RATE",
    "IDLE_MINUTES",
    "IDLE_PERCENT",
    "NO_HEALTHY_HOST",
    "ROLLOUT_ALARMS",
    "Certificate",
    "FleetMetrics",
    "FleetVariables",
    "GpuFleet",
    "HostSettings",
    "ScaleOn",
    "alarm_name",
    "group_name",
    "spot_types",
]
