"""Metrics in CloudWatch's embedded metric format on standard output, which the log filter passes on.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

import time
from collections.abc import Mapping

import msgspec

from runtime.metrics import DIMENSION, NAMESPACE, Metric
from runtime.output import STDOUT, Output


def emf_document(
    environment: str, unix_seconds: float, values: Mapping[Metric, float], properties: Mapping[str, object]
) -> bytes:
    """Return one document, on one line: `values` become metrics, `properties` can be searched in the log."""
    directive = {
        "Namespace": NAMESPACE,
        "Dimensions": [[DIMENSION]],
        "Metrics": [{"Name": metric.name, "Unit": metric.unit} for metric in values],
    }
    aws = {"Timestamp": int(unix_seconds * 1000), "CloudWatchMetrics": [directive]}
    members = {metric.name: value for metric, value in values.items()}
    return msgspec.json.encode({"_aws": aws, DIMENSION: environment, **properties, **members})


class Publisher:
    """Writes documents of one environment."""

    def __init__(self, environment: str, output: Output) -> None:
        self._environment = environment
        self._output = output

    def publish(self, values: Mapping[Metric, float], **properties: object) -> None:
        """Write one document."""
        self._output.write(STDOUT, emf_document(self._environment, time.time(), values, properties) + b"\n")
