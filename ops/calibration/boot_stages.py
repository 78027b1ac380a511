"""How long the boots of an environment's hosts took, from the gateway's metrics."""

# boto3 ships no types
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false

from datetime import UTC, datetime, timedelta
from typing import Any

from runtime.metrics import BOOT_STAGE_SECONDS, DIMENSION, NAMESPACE

DAYS = 30
"""How long the metrics are kept (R4.6)."""


def boot_stages(cloudwatch: Any, environment: str) -> dict[str, float]:
    """Return the mean seconds of each stage, over all boots that CloudWatch still knows; empty without any.

    Args:
        cloudwatch: boto3's client, in the environment's region.
        environment: Name of the environment.
    """
    now = datetime.now(UTC)
    found: dict[str, float] = {}
    for stage, metric in BOOT_STAGE_SECONDS.items():
        answer = cloudwatch.get_metric_statistics(
            Namespace=NAMESPACE,
            MetricName=metric.name,
            Dimensions=[{"Name": DIMENSION, "Value": environment}],
            StartTime=now - timedelta(days=DAYS),
            EndTime=now,
            Period=86_400,
            Statistics=["Sum", "SampleCount"],
        )
        if points := answer["Datapoints"]:
            boots = sum(point["SampleCount"] for point in points)
            found[stage] = sum(point["Sum"] for point in points) / boots
    return found
