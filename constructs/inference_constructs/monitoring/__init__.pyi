from .alarms import all_alarms
from .dashboard import Dashboard, DashboardContent
from .metrics import ServiceMetrics
from .observability import MonitoredService, MonitoringVariables, Observability
from .running_cost import RunningCost
from .widgets import COLUMNS, Widget

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
