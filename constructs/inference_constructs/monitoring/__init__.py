"""What shows how the service is: metrics, dashboard, alarms, running cost and budget."""

from inference_constructs.monitoring.alarms import all_alarms
from inference_constructs.monitoring.dashboard import Dashboard, DashboardContent
from inference_constructs.monitoring.metrics import ServiceMetrics
from inference_constructs.monitoring.observability import MonitoredService, MonitoringVariables, Observability
from inference_constructs.monitoring.running_cost import RunningCost
from inference_constructs.monitoring.widgets import COLUMNS, Widget

__all__ = [
    "COLUMNS",
    "Dashboard",
    "DashboardContent",
    "MonitoredService",
    "MonitoringVariables",
    "Observability",
    "RunningCost",
    "ServiceMetrics",
    "Widget",
    "all_alarms",
]
