"""What the hosts, their group and their load balancer publish in CloudWatch."""

from dataclasses import dataclass

from inference_constructs.foundation import Metric
from inference_constructs.host import gpu_metrics
from runtime import metrics as gateway_metrics


@dataclass(frozen=True, kw_only=True)
class FleetMetrics:
    """The metrics of a fleet, by the names under which they are published; it needs no stack.

    Attributes:
        environment: Name of the environment.
        group: Name of the Auto Scaling group.
        load_balancer: Last part of the load balancer's ARN.
        target_group: Last part of the target group's ARN.
    """

    environment: str
    group: str
    load_balancer: str
    target_group: str

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
