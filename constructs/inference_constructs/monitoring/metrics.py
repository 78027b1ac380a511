"""Names of all metrics that the dashboard and the alarms read: one place, so that both read what is published."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from inference_constructs.host import gpu_metrics
from runtime import metrics as gateway_metrics

Statistic: TypeAlias = Literal["Average", "Maximum", "Minimum", "Sum", "p50", "p95", "p99"]
"""How the values of a period become one, as far as this service asks.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Statistics-definitions.html
"""


@dataclass(frozen=True, kw_only=True)
class Metric:
    """A CloudWatch metric.

    Attributes:
        namespace: Namespace, such as AWS/ApiGateway.
        name: Metric's name.
        dimensions: Exactly the dimensions under which it is published; with others, CloudWatch finds nothing.
    """

    namespace: str
    name: str
    dimensions: Mapping[str, str]


STATUS_METRIC = "Responses"

STATUS_DIMENSION = "Status"


def status_namespace(environment: str) -> str:
    """Namespace of the access log's metrics; in it since a metric filter can add no dimension of its own."""
    return f"InferenceApi/{environment}"


@dataclass(frozen=True, kw_only=True)
class ServiceMetrics:
    """One environment's metrics.

    Attributes:
        environment: Name of the environment.
        region: AWS region.
        api: Name of the REST API.
        stage: Name of its stage.
        web_acl: Metric name of the firewall, and first part of its rules' metric names.
        load_balancer: Last part of the load balancer's ARN.
        target_group: Last part of the target group's ARN.
        group: Name of the Auto Scaling group.
    """

    environment: str
    region: str
    api: str
    stage: str
    web_acl: str
    load_balancer: str
    target_group: str
    group: str

    def of_api(self, name: str) -> Metric:
        """A metric of API Gateway, of all routes.

        https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-metrics-and-dimensions.html
        """
        return Metric(namespace="AWS/ApiGateway", name=name, dimensions={"ApiName": self.api, "Stage": self.stage})

    def of_status(self, status: int) -> Metric:
        """Answers with one HTTP status, counted in the API's access log."""
        return Metric(
            namespace=status_namespace(self.environment),
            name=STATUS_METRIC,
            dimensions={STATUS_DIMENSION: str(status)},
        )

    def of_firewall(self, rule: str | None = None) -> Metric:
        """Requests that a rule of the firewall blocked, or any rule.

        https://docs.aws.amazon.com/waf/latest/developerguide/waf-metrics.html
        """
        dimensions = {
            "WebACL": self.web_acl,
            "Rule": f"{self.web_acl}-{rule}" if rule else "ALL",
            "Region": self.region,
        }
        return Metric(namespace="AWS/WAFV2", name="BlockedRequests", dimensions=dimensions)

    def of_load_balancer(self, name: str) -> Metric:
        """A metric of the load balancer itself.

        https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-cloudwatch-metrics.html
        """
        return Metric(namespace="AWS/ApplicationELB", name=name, dimensions={"LoadBalancer": self.load_balancer})

    def of_targets(self, name: str) -> Metric:
        """A metric of the hosts as the load balancer sees them."""
        dimensions = {"LoadBalancer": self.load_balancer, "TargetGroup": self.target_group}
        return Metric(namespace="AWS/ApplicationELB", name=name, dimensions=dimensions)

    def of_gateway(self, metric: gateway_metrics.Metric) -> Metric:
        """A metric of the gateways on the hosts."""
        dimensions = {gateway_metrics.DIMENSION: self.environment}
        return Metric(namespace=gateway_metrics.NAMESPACE, name=metric.name, dimensions=dimensions)

    def of_gpus(self, name: str) -> Metric:
        """A metric of the hosts' GPUs."""
        dimensions = {gpu_metrics.DIMENSION: self.group}
        return Metric(namespace=gpu_metrics.NAMESPACE, name=name, dimensions=dimensions)

    def of_group(self, name: str) -> Metric:
        """A metric of the Auto Scaling group.

        https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-metrics.html
        """
        dimensions = {"AutoScalingGroupName": self.group}
        return Metric(namespace="AWS/AutoScaling", name=name, dimensions=dimensions)
