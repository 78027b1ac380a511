from .certificate import Certificate
from .fleet import FleetVariables, GpuFleet, HostSettings
from .metrics import FleetMetrics
from .names import (
    CLOSE,
    ENGINE_FAILURE,
    ERROR_RATE,
    NO_HEALTHY_HOST,
    OPEN,
    ROLLOUT_ALARMS,
    WAKE_END,
    alarm_name,
    group_name,
)
from .spot_types import spot_types
from .thresholds import BUSY_MINUTES, BUSY_PERCENT, IDLE_MINUTES, IDLE_PERCENT, ScaleOn

__all__ = [
    "BUSY_MINUTES",
    "BUSY_PERCENT",
    "CLOSE",
    "ENGINE_FAILURE",
    "ERROR_RATE",
    "IDLE_MINUTES",
    "IDLE_PERCENT",
    "NO_HEALTHY_HOST",
    "OPEN",
    "ROLLOUT_ALARMS",
    "WAKE_END",
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
