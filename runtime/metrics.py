"""The gateway's metrics. The dashboard and the alarms import the names."""

from enum import StrEnum
from typing import NamedTuple

NAMESPACE = "InferenceGateway"

DIMENSION = "Environment"
"""The one dimension that every metric has."""

GAUGE_SECONDS = 5
"""Time between two documents of the gauges, whether requests end or not."""

KEY_ID = "api_key_id"
"""The property that `ops.usage` adds tokens up by: a dimension would be a paid metric for each key."""


class Metric(NamedTuple):
    """A metric's name and its CloudWatch unit."""

    name: str
    unit: str


REQUESTS = Metric("Requests", "Count")
RESPONSES_2XX = Metric("Responses2xx", "Count")
RESPONSES_4XX = Metric("Responses4xx", "Count")
RESPONSES_5XX = Metric("Responses5xx", "Count")
REJECTIONS = Metric("Rejections", "Count")
"""Requests that got 503 before any work was done: loading, draining, the queue full, or its place given to another."""
DISCONNECTS = Metric("ClientDisconnects", "Count")
REQUEST_LATENCY = Metric("RequestLatency", "Milliseconds")
"""From the first byte of the request to the last of the answer, for requests that were let in."""
GATEWAY_TIME = Metric("GatewayTime", "Milliseconds")
"""The gateway's own share of a request: from its last byte to the end of the answer, less the wait for a turn and the
engine's time."""
TIME_TO_FIRST_TOKEN = Metric("TimeToFirstToken", "Milliseconds")
"""For streams only: nobody sees the first token of an answer that comes whole."""
INPUT_TOKENS = Metric("InputTokens", "Count")
OUTPUT_TOKENS = Metric("OutputTokens", "Count")
IN_FLIGHT = Metric("InFlight", "Count")
"""Sequences that have a turn: the engine works on them. A gauge."""
QUEUE_DEPTH = Metric("QueueDepth", "Count")
"""Sequences that wait for a turn. A gauge."""
READY = Metric("Ready", "Count")
"""1 while the host is ready, else 0, as while it leaves. A gauge: its average is the share of time, or of hosts."""
BOOT_SECONDS = Metric("BootSeconds", "Seconds")
"""From the start to ready; stages have metrics of their own."""
ENGINE_FAILURES = Metric("EngineFailures", "Count")
"""Times that the engine died, hung, or missed the boot deadline."""


class Stage(StrEnum):
    """What happens from the host's boot to the first token, in this order."""

    BOOT = "boot"
    GATEWAY = "gateway"
    IMPORTS = "imports"
    WEIGHTS = "weights"
    COMPILE = "compile"
    FIRST_TOKEN = "first_token"  # noqa: S105  no secret


BOOT_STAGES = tuple(Stage)

BOOT_STAGE_SECONDS = {stage: Metric(f"Boot{stage.title().replace('_', '')}Seconds", "Seconds") for stage in BOOT_STAGES}


def responses_of(status: int) -> Metric:
    """Return the metric that counts answers with this HTTP status."""
    return RESPONSES_2XX if status < 400 else RESPONSES_4XX if status < 500 else RESPONSES_5XX
