"""What leaves the host as a log event: the container's lines, none of which can publish a metric that is not ours.

CloudWatch takes metrics out of any log event that is a document of the embedded metric format, whatever its namespace,
and the host's permission to publish has no say in it. Who has taken over the gateway or the engine must not be able to
steer the scaling with them, nor to make metrics without end. So the host reads the container's output through this
filter, in a container of its own: a document of the gateway's is written anew from the parts that were checked, and
any other line is made text.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

import json
import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from typing import BinaryIO, cast

from runtime import metrics
from runtime.metrics import DIMENSION, NAMESPACE, Metric

LINE_BYTES = 8_192
"""Longer lines are cut, each part a line: Docker cuts at 16 KiB, and what follows would be an event of its own."""

TEXT = b"| "
"""Begins every line that is no document, so that CloudWatch never takes it for JSON."""

BYTES_PER_SECOND = 128 * 1024
"""What is passed on in the long run: some 250 documents a second, and at most 11 GB a day of what is paid by the GB."""

BURST_BYTES = 8 * 1024 * 1024

HIGHEST = {"Count": 1e6, "Milliseconds": 3.6e6, "Seconds": 3600.0}
"""Largest value of a metric, by its unit: above all that a request or a boot can be."""

METRICS = {
    metric.name: metric
    for metric in (*vars(metrics).values(), *metrics.BOOT_STAGE_SECONDS.values())
    if isinstance(metric, Metric)
}
"""What the gateway publishes, by name."""


def lines_of(stream: BinaryIO) -> Iterator[bytes]:
    """Read lines without their ends, none longer than LINE_BYTES."""
    while line := stream.readline(LINE_BYTES):
        yield line.rstrip(b"\r\n")


def document_of(line: bytes, environment: str, unix_seconds: float) -> bytes | None:
    """Return the gateway's document in `line`, written anew, or None where it is none.

    Namespace, dimension, units and time are this host's own; names and values are checked.
    """
    if not line.startswith(b'{"_aws":'):
        return None
    try:
        given = json.loads(line)
        (directive,) = given.pop("_aws")["CloudWatchMetrics"]
        published = [METRICS[entry["Name"]] for entry in directive["Metrics"]]
        values = {metric.name: _checked(metric, given[metric.name]) for metric in published}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    if (directive.get("Namespace"), directive.get("Dimensions"), given.get(DIMENSION)) != (
        NAMESPACE,
        [[DIMENSION]],
        environment,
    ):
        return None
    properties = {name: value for name, value in given.items() if isinstance(value, str | int) and name not in METRICS}
    directives = [
        {
            "Namespace": NAMESPACE,
            "Dimensions": [[DIMENSION]],
            "Metrics": [{"Name": name, "Unit": METRICS[name].unit} for name in values],
        }
    ]
    aws = {"Timestamp": int(unix_seconds * 1000), "CloudWatchMetrics": directives}
    document = json.dumps({"_aws": aws, **properties, **values}, separators=(",", ":")).encode()
    return document if len(document) <= LINE_BYTES else None


def _checked(metric: Metric, value: object) -> float:
    """Return a value that the metric can have: one number, not a list of them.

    Raises:
        ValueError: it cannot.
    """
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= HIGHEST[metric.unit]:
        return value
    raise ValueError(f"{metric.name} cannot be {value!r}")


def passed_on(
    lines: Iterable[bytes],
    environment: str,
    *,
    clock: Callable[[], float] = time.monotonic,
    now: Callable[[], float] = time.time,
) -> Iterator[bytes]:
    """Return the lines that leave the host; above the rate they are dropped, and counted.

    Args:
        lines: The container's output.
        environment: The one value of the metrics' dimension.
        clock: Seconds that never go back.
        now: Seconds since 1970, the time of every document.
    """
    budget, last, dropped = float(BURST_BYTES), clock(), 0
    for line in lines:
        time_now = clock()
        budget, last = min(BURST_BYTES, budget + (time_now - last) * BYTES_PER_SECOND), time_now
        if budget < LINE_BYTES:
            dropped += 1
            continue
        for result in (
            *([TEXT + b"%d lines dropped: too much output" % dropped] if dropped else []),
            document_of(line, environment, now()) or TEXT + line,
        ):
            budget -= len(result)
            yield result
        dropped = 0


def main() -> None:
    """Filter standard input to standard output until it ends."""
    output = cast(BinaryIO, sys.stdout.buffer)
    for line in passed_on(lines_of(cast(BinaryIO, sys.stdin.buffer)), os.environ.get("GATEWAY_ENVIRONMENT", "local")):
        output.write(line + b"\n")
        output.flush()


if __name__ == "__main__":
    main()
