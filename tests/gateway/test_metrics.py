"""The embedded metric format, checked against the schema of AWS's specification."""

import json
from typing import Any

import jsonschema
import pytest

from runtime.metrics import (
    BOOT_STAGE_SECONDS,
    BOOT_STAGES,
    REQUEST_LATENCY,
    REQUESTS,
    RESPONSES_2XX,
    RESPONSES_4XX,
    RESPONSES_5XX,
    Metric,
    responses_of,
)
from runtime.publisher import emf_document

EMF_SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["_aws"],
    "properties": {
        "_aws": {
            "type": "object",
            "required": ["Timestamp", "CloudWatchMetrics"],
            "properties": {
                "Timestamp": {"type": "integer"},
                "CloudWatchMetrics": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "required": ["Namespace", "Dimensions", "Metrics"],
                        "properties": {
                            "Namespace": {"type": "string", "minLength": 1, "maxLength": 1024},
                            "Dimensions": {
                                "type": "array",
                                "minItems": 1,
                                "items": {"type": "array", "items": {"type": "string"}, "minItems": 1, "maxItems": 30},
                            },
                            "Metrics": {
                                "type": "array",
                                "maxItems": 100,
                                "items": {
                                    "type": "object",
                                    "required": ["Name"],
                                    "properties": {
                                        "Name": {"type": "string", "minLength": 1, "maxLength": 1024},
                                        "Unit": {"enum": ["Seconds", "Milliseconds", "Count"]},
                                    },
                                },
                            },
                        },
                    },
                },
            },
        }
    },
}
"""https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html,
with the units that this project uses."""


def document(values: dict[Metric, float], **properties: object) -> dict[str, Any]:
    line = emf_document("dev", 1_700_000_000.5, values, properties)
    assert b"\n" not in line
    return json.loads(line)


@pytest.mark.req("R4.1", "R4.2")
def test_document_follows_the_schema_and_holds_every_metric_it_announces() -> None:
    made = document({REQUESTS: 1, REQUEST_LATENCY: 12.5}, path='/v1/"\n', status=200)
    jsonschema.validate(made, EMF_SCHEMA)
    assert made["_aws"]["Timestamp"] == 1_700_000_000_500
    [directive] = made["_aws"]["CloudWatchMetrics"]
    assert directive["Dimensions"] == [["Environment"]]
    assert {metric["Name"]: made[metric["Name"]] for metric in directive["Metrics"]} == {
        "Requests": 1,
        "RequestLatency": 12.5,
    }
    assert (made["Environment"], made["path"], made["status"]) == ("dev", '/v1/"\n', 200)


@pytest.mark.req("R1.2")
def test_every_boot_stage_has_a_metric_of_its_own() -> None:
    assert [BOOT_STAGE_SECONDS[stage].unit for stage in BOOT_STAGES] == ["Seconds"] * 6
    assert BOOT_STAGE_SECONDS[BOOT_STAGES[-1]].name == "BootFirstTokenSeconds"


def test_answers_are_counted_by_class() -> None:
    assert [responses_of(status) for status in (200, 413, 504)] == [RESPONSES_2XX, RESPONSES_4XX, RESPONSES_5XX]
