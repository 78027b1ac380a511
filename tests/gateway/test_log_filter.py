"""What leaves the host as a log event. Whatever the container prints, no metric comes of it that is not the gateway's.

CloudWatch takes metrics out of every log event that is a JSON object with a valid member `_aws`, so a line that is not
JSON publishes nothing.
"""

import json
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime import metrics
from runtime.log_filter import BURST_BYTES, BYTES_PER_SECOND, LINE_BYTES, METRICS, passed_on
from runtime.metrics import NAMESPACE, OUTPUT_TOKENS, REQUEST_LATENCY
from runtime.publisher import emf_document
from support.paths import ROOT

NOW = 1_800_000_000.0


class Clock:
    """Seconds that a test moves."""

    seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def filtered(*lines: bytes, clock: Clock | None = None) -> list[bytes]:
    return list(passed_on(lines, "prod", clock=clock or Clock(), now=lambda: NOW))


def genuine(**changed: Any) -> dict[str, Any]:
    """A document of the gateway's, with other members."""
    line = emf_document("prod", 1.0, {REQUEST_LATENCY: 12.5, OUTPUT_TOKENS: 7}, {"path": "/v1/completions"})
    return {**json.loads(line), **changed}


def directive(**changed: Any) -> dict[str, Any]:
    """The `_aws` member with another directive."""
    (own,) = genuine()["_aws"]["CloudWatchMetrics"]
    return {"Timestamp": 1, "CloudWatchMetrics": [{**own, **changed}]}


def is_text(line: bytes) -> bool:
    """Whether CloudWatch cannot take the event for a document."""
    try:
        json.loads(line)
    except ValueError:
        return True
    return False


@pytest.mark.req("R4.1")
def test_the_gateways_own_document_is_passed_on_with_its_values() -> None:
    (line,) = filtered(json.dumps(genuine(), separators=(",", ":")).encode())
    document = json.loads(line)
    aws = document.pop("_aws")
    assert document == {"Environment": "prod", "path": "/v1/completions", "RequestLatency": 12.5, "OutputTokens": 7}
    assert aws["CloudWatchMetrics"] == genuine()["_aws"]["CloudWatchMetrics"]


@pytest.mark.parametrize("metric", METRICS.values(), ids=lambda metric: metric.name)
def test_every_metric_of_the_gateway_is_passed_on(metric: metrics.Metric) -> None:
    (line,) = filtered(emf_document("prod", 1.0, {metric: 1.0}, {}))
    assert json.loads(line)[metric.name] == 1.0


def test_time_of_a_document_is_the_hosts() -> None:
    (line,) = filtered(emf_document("prod", 1.0, {OUTPUT_TOKENS: 7}, {}))
    assert json.loads(line)["_aws"]["Timestamp"] == NOW * 1000


GPU = {"Name": "nvidia_smi_utilization_gpu", "Unit": "Percent"}
FORGED = {
    "another namespace": genuine(_aws=directive(Namespace="InferenceHost")),
    "AWS's namespace": genuine(_aws=directive(Namespace="AWS/EC2")),
    "the metric that scales": {
        "_aws": directive(Namespace="InferenceHost", Dimensions=[["AutoScalingGroupName"]], Metrics=[GPU]),
        "AutoScalingGroupName": "inference-prod-hosts",
        GPU["Name"]: 100,
    },
    "the metric that scales, in the gateway's namespace": genuine(_aws=directive(Metrics=[GPU]), **{GPU["Name"]: 100}),
    "a new metric": genuine(_aws=directive(Metrics=[{"Name": "Minted1", "Unit": "Count"}]), Minted1=1),
    "another environment": genuine(Environment="dev"),
    "a dimension of its own": genuine(_aws=directive(Dimensions=[["Environment", "path"]])),
    "no dimension": genuine(_aws=directive(Dimensions=[[]])),
    "a second directive": genuine(
        _aws={"Timestamp": 1, "CloudWatchMetrics": directive()["CloudWatchMetrics"] * 2},
    ),
    "a list of values": genuine(RequestLatency=[1.0] * 100),
    "a negative value": genuine(RequestLatency=-1),
    "a value without bounds": genuine(RequestLatency=1e300),
    "infinity": genuine(RequestLatency=float("inf")),
    "not a number": genuine(RequestLatency=float("nan")),
    "a truth value": genuine(OutputTokens=True),
    "a text": genuine(OutputTokens="7"),
    "no value": {name: value for name, value in genuine().items() if name != "OutputTokens"},
    "names that are no texts": genuine(_aws=directive(Metrics=[{"Name": ["x"], "Unit": "Count"}])),
    "a directive that is a text": genuine(_aws={"Timestamp": 1, "CloudWatchMetrics": ["x"]}),
    "no object": genuine(_aws=1),
}


@pytest.mark.parametrize("forged", FORGED.values(), ids=FORGED.keys())
def test_forged_line_publishes_nothing(forged: dict[str, Any]) -> None:
    (line,) = filtered(json.dumps(forged, separators=(",", ":")).encode())
    assert is_text(line)


def test_members_that_come_twice_count_once_and_checked() -> None:
    own = json.dumps(genuine(), separators=(",", ":"))
    twice = own[:-1] + ',"RequestLatency":1e300}'
    (line,) = filtered(twice.encode())
    assert is_text(line)


@pytest.mark.parametrize("before", [b"", b" ", b"\t", b"\r", b"\xef\xbb\xbf", b"\x00", b"[", b"| "])
def test_no_prefix_makes_a_document_of_a_forged_line(before: bytes) -> None:
    (line,) = filtered(before + json.dumps(FORGED["the metric that scales"]).encode())
    assert is_text(line)


@given(st.binary(max_size=200).filter(lambda line: b"\n" not in line))
def test_whatever_else_is_printed_is_text(line: bytes) -> None:
    assert all(is_text(passed) for passed in filtered(line))


def test_log_lines_stay_readable() -> None:
    assert filtered(b"INFO engine: ready") == [b"| INFO engine: ready"]


def test_document_that_would_grow_over_the_longest_line_is_text() -> None:
    (line,) = filtered(json.dumps(genuine(path="\u00e9" * 3000), separators=(",", ":"), ensure_ascii=False).encode())
    assert is_text(line)


def test_output_without_end_is_dropped_above_the_rate_and_said_so() -> None:
    clock = Clock()
    flood = [b"x" * (LINE_BYTES - 2)] * (3 * BURST_BYTES // LINE_BYTES)
    first = filtered(*flood, clock=clock)
    assert sum(map(len, first)) <= BURST_BYTES

    def lines() -> Any:
        yield from flood
        clock.seconds += 1
        yield from flood

    later = list(passed_on(lines(), "prod", clock=clock, now=lambda: NOW))
    assert any(b"lines dropped: too much output" in line for line in later)
    assert sum(map(len, later)) <= BURST_BYTES + BYTES_PER_SECOND


def test_the_process_passes_lines_on_and_cuts_long_ones() -> None:
    forged = json.dumps(FORGED["the metric that scales"], separators=(",", ":")).encode()
    own = emf_document("prod", 1.0, {OUTPUT_TOKENS: 7}, {})
    printed = b"\n".join([b"text", forged, own, b"x" * LINE_BYTES + forged, b"last, without its end"])
    done = subprocess.run(
        [sys.executable, "-m", "runtime.log_filter"],
        input=printed,
        env={"GATEWAY_ENVIRONMENT": "prod"},
        cwd=ROOT,
        capture_output=True,
        timeout=60,
        check=True,
    )
    events = done.stdout.splitlines()
    assert [is_text(event) for event in events] == [True, True, False, True, True, True]
    assert json.loads(events[2])["_aws"]["CloudWatchMetrics"][0]["Namespace"] == NAMESPACE
    assert max(map(len, events)) < 2 * LINE_BYTES
