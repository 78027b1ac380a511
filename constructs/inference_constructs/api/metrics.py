"""What the API and its firewall publish in CloudWatch."""

from dataclasses import dataclass

from inference_constructs.foundation import Metric


@dataclass(frozen=True, kw_only=True)
class ApiMetrics:
    """The metrics of an API, by the names under which they are published; it needs no stack.

    Attributes:
        region: AWS region.
        api: Name of the REST API.
        stage: Name of its stage.
        web_acl: Metric name of the firewall, and first part of its rules' metric names.
    """

    region: str
    api: str
    stage: str
    web_acl: str

    def of_api(self, name: str) -> Metric:
        """A metric of API Gateway, of all routes.

        https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-metrics-and-dimensions.html
        """
        return Metric(namespace="AWS/ApiGateway", name=name, dimensions={"ApiName": self.api, "Stage": self.stage})

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
