"""Metrics in CloudWatch's embedded metric format on standard output, where the host's log driver takes them.

CloudWatch extracts one data point from every document, so percentiles are exact.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

import asyncio
import sys
import time
from collections.abc import Mapping
from functools import lru_cache

import msgspec

from runtime.metrics import DIMENSION, NAMESPACE, Metric

GATHER_SECONDS = 0.05
"""How long documents are gathered, so that a busy gateway calls the kernel once for hundreds of them."""

_encode = msgspec.json.Encoder().encode


@lru_cache(maxsize=64)
def _directives(metrics: tuple[Metric, ...]) -> msgspec.Raw:
    """Return what tells CloudWatch which members are metrics; the same few sets come again and again."""
    directive = {
        "Namespace": NAMESPACE,
        "Dimensions": [[DIMENSION]],
        "Metrics": [{"Name": metric.name, "Unit": metric.unit} for metric in metrics],
    }
    return msgspec.Raw(_encode([directive]))


def emf_document(
    environment: str, unix_seconds: float, values: Mapping[Metric, float], properties: Mapping[str, object]
) -> bytes:
    """Return one document, on one line: `values` become metrics, `properties` can be searched in the log."""
    aws = {"Timestamp": int(unix_seconds * 1000), "CloudWatchMetrics": _directives(tuple(values))}
    members = {metric.name: value for metric, value in values.items()}
    return _encode({"_aws": aws, DIMENSION: environment, **properties, **members})


class Publisher:
    """Writes documents of one environment."""

    def __init__(self, environment: str) -> None:
        self._environment = environment
        self._lines: list[bytes] = []

    def publish(self, values: Mapping[Metric, float], **properties: object) -> None:
        """Write one document soon."""
        if not self._lines:
            asyncio.get_running_loop().call_later(GATHER_SECONDS, self.flush)
        self._lines.append(emf_document(self._environment, time.time(), values, properties))

    def flush(self) -> None:
        """Write what was gathered."""
        if self._lines:
            sys.stdout.buffer.write(b"\n".join([*self._lines, b""]))
            sys.stdout.buffer.flush()
            self._lines.clear()
