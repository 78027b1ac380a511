"""The metrics that dashboard and alarms read: what fleet and API publish, and what is counted in the access log."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from inference_constructs.api import ApiMetrics
from inference_constructs.fleet import FleetMetrics
from inference_constructs.foundation import Metric

Statistic: TypeAlias = Literal["Average", "Maximum", "Minimum", "SampleCount", "Sum", "p50", "p95", "p99"]
"""How the values of a period become one, as far as this service asks.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Statistics-definitions.html
"""

STATUS_METRIC = "Responses"

STATUS_DIMENSION = "Status"

SERVER_ERRORS = "ServerErrors"


@dataclass(frozen=True, kw_only=True)
class ServiceMetrics:
    """One environment's metrics.

    Attributes:
        fleet: Those of the hosts, their group and their load balancer.
        api: Those of the API and its firewall.
    """

    fleet: FleetMetrics
    api: ApiMetrics

    @property
    def status_namespace(self) -> str:
        """Namespace of the access log's metrics.

        The environment is in it, since a metric filter can add no dimension of its own.
        """
        return f"InferenceApi/{self.fleet.environment}"

    @property
    def server_errors(self) -> Metric:
        """Answers with a 5xx, counted in the API's access log; not what is closed outside office hours.

        API Gateway's own 5XXError lacks those that it makes itself with a status of ours: it counts them as 4XXError.
        https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-metrics-and-dimensions.html
        """
        return Metric(namespace=self.status_namespace, name=SERVER_ERRORS, dimensions={})

    def of_status(self, status: int) -> Metric:
        """Answers with one HTTP status, counted in the API's access log."""
        return Metric(namespace=self.status_namespace, name=STATUS_METRIC, dimensions={STATUS_DIMENSION: str(status)})
