"""The hosts together: Auto Scaling group, scaling policies, load balancer and its certificate."""

from inference_constructs.fleet.autoscaling import BUSY_PERCENT, IDLE_PERCENT
from inference_constructs.fleet.certificate import Certificate
from inference_constructs.fleet.fleet import FleetVariables, GpuFleet, HostSettings
from inference_constructs.fleet.metrics import FleetMetrics
from inference_constructs.fleet.names import alarm_name, group_name
from inference_constructs.fleet.rollout_alarms import (
    ENGINE_FAILURE,
    ERROR_RATE,
    NO_HEALTHY_HOST,
    ROLLOUT_ALARMS,
)

__all__ = [
    "BUSY_PERCENT",
    "ENGINE_FAILURE",
    "ERROR_RATE",
    "IDLE_PERCENT",
    "NO_HEALTHY_HOST",
    "ROLLOUT_ALARMS",
    "Certificate",
    "FleetMetrics",
    "FleetVariables",
    "GpuFleet",
    "HostSettings",
    "alarm_name",
    "group_name",
]
