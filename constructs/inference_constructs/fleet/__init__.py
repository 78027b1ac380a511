"""The hosts together: Auto Scaling group, scaling policies, load balancer and its certificate."""

from inference_constructs.fleet.autoscaling import BUSY_PERCENT, IDLE_PERCENT
from inference_constructs.fleet.certificate import Certificate
from inference_constructs.fleet.fleet import GpuFleet, HostSettings
from inference_constructs.fleet.rollout_alarms import (
    ENGINE_FAILURE,
    ERROR_RATE,
    NO_HEALTHY_HOST,
    ROLLOUT_ALARMS,
    alarm_name,
)

__all__ = [
    "BUSY_PERCENT",
    "ENGINE_FAILURE",
    "ERROR_RATE",
    "IDLE_PERCENT",
    "NO_HEALTHY_HOST",
    "ROLLOUT_ALARMS",
    "Certificate",
    "GpuFleet",
    "HostSettings",
    "alarm_name",
]
