"""Who used how much: the id of a key on its way into the log, and `ops.usage` before stand-ins of AWS."""

# boto3 ships no types.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

import csv
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import boto3
import httpx
import pytest
from botocore.stub import Stubber
from moto import mock_aws
from rich.console import Console

from inference_constructs.api.routes import OPERATIONS
from inference_constructs.host.gateway_settings import API_KEY_ID_HEADER, host_gateway
from ops import usage
from ops.usage import DAY, QUERY, Usage, UsageError, by_day, by_month, draw, key_names, print_tables, query_rows
from runtime.log_filter import passed_on
from runtime.metrics import INPUT_TOKENS, KEY_ID, OUTPUT_TOKENS, REQUESTS
from runtime.publisher import emf_document
from stacks.environments import PROD
from support.api_stack import path_of, synthesize_api
from support.edge import edge, key_id
from support.engine_fixtures import Gateway, stand_in_gateway, wait_for
from support.models import phi_3_on
from support.stack_json import Json, resources

KEY = "hV3kQ9tB7xJ2mN5pR8sW1yZ4cF6gL0aDe7uTiOoP"
ALICE, GONE = "a1b2c3d4e5", "f6g7h8i9j0"
NOW = datetime(2026, 12, 1, 10, 30, tzinfo=UTC)


@pytest.fixture(scope="module")
def stack() -> Json:
    return synthesize_api()


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """A gateway that logs the id of a request's key."""
    settings = {"root_path": "/live", "api_key_id_header": API_KEY_ID_HEADER}
    with stand_in_gateway(tmp_path_factory.mktemp("gateway"), **settings) as gateway:
        yield gateway


def logged(gateway: Gateway, url: str, **headers: str) -> dict[str, Any]:
    """The document of one completion."""
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    answer = httpx.post(f"{url}/v1/completions", json={"prompt": "a"}, headers=sent, timeout=60)
    assert answer.status_code == 200
    wait_for(lambda: answer.headers["x-request-id"] in gateway.log, "its document")
    [document] = [d for d in gateway.documents() if d.get("request_id") == answer.headers["x-request-id"]]
    return document


def test_document_of_a_request_has_the_id_of_its_key_and_its_tokens(stack: Json, gateway: Gateway) -> None:
    with edge(stack, gateway.url, {"require_api_key": True}, frozenset({KEY})) as url:
        document = logged(gateway, url, authorization=f"Bearer {KEY}", x_api_key_id=GONE)
    assert document[KEY_ID] == key_id(KEY)
    assert document[INPUT_TOKENS.name] > 0
    assert document[OUTPUT_TOKENS.name] > 0


def test_nobody_gives_himself_an_id_where_no_key_is_required(stack: Json, gateway: Gateway) -> None:
    with edge(stack, gateway.url) as url:
        assert KEY_ID not in logged(gateway, url, x_api_key=KEY, x_api_key_id=ALICE)


@pytest.mark.parametrize("given", ["", "removed", "a1b2 c3d4e5", 'a1b2c3d4"}', "a" * 65])
def test_what_is_no_id_is_not_logged(gateway: Gateway, given: str) -> None:
    assert KEY_ID not in logged(gateway, gateway.url, x_api_key_id=given)


def test_id_is_no_dimension_and_leaves_the_host() -> None:
    line = emf_document("prod", 1.0, {REQUESTS: 1, OUTPUT_TOKENS: 7}, {KEY_ID: ALICE})
    (passed,) = passed_on([line], "prod")
    document = json.loads(passed)
    assert document[KEY_ID] == ALICE
    assert document["_aws"]["CloudWatchMetrics"][0]["Dimensions"] == [["Environment"]]


@pytest.mark.req("R5.5")
def test_hosts_get_the_id_of_the_key_and_never_a_clients_own_header(stack: Json) -> None:
    assert host_gateway(phi_3_on("g5.xlarge")).api_key_id_header == API_KEY_ID_HEADER
    name = f"integration.request.header.{API_KEY_ID_HEADER}"
    mapped = {
        path_of(stack, integration["resource_id"]): integration["request_parameters"][name]
        for integration in resources(stack, "aws_api_gateway_integration").values()
        if integration["type"] == "HTTP_PROXY"
    }
    switched = '${var.require_api_key ? "context.identity.apiKeyId" : "\'removed\'"}'
    assert mapped == {operation.path: switched if operation.needs_key else "'removed'" for operation in OPERATIONS}


def client(service: str) -> Any:
    keys = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing"}
    return boto3.client(service, region_name=PROD.region, **keys)


def row(**cells: str) -> list[dict[str, str]]:
    return [{"field": DAY if name == "day" else name, "value": value} for name, value in cells.items()]


RESULTS = [
    row(day="2026-12-01 00:00:00.000", api_key_id=ALICE, requests="2", tokens_in="30", tokens_out="500000"),
    row(day="2026-11-30 00:00:00.000", api_key_id=ALICE, requests="1.0", tokens_in="10", tokens_out="1000000"),
    row(day="2026-11-29 00:00:00.000", api_key_id=ALICE, requests="4", tokens_in="40", tokens_out="1000000"),
    row(day="2026-11-30 00:00:00.000", api_key_id=GONE, requests="3"),
    row(day="2026-11-30 00:00:00.000", requests="5", tokens_in="50", tokens_out="100"),
]


def insights(*answers: dict[str, Any]) -> Any:
    """A client of CloudWatch Logs that takes our query, and answers so when it is asked for results."""
    logs = client("logs")
    stubber = Stubber(logs)
    expected = {
        "logGroupName": "/inference-prod/gateway",
        "startTime": int(datetime(2026, 11, 2, tzinfo=UTC).timestamp()),
        "endTime": int(NOW.timestamp()),
        "queryString": QUERY,
    }
    stubber.add_response("start_query", {"queryId": "q"}, expected)
    for answer in answers:
        stubber.add_response("get_query_results", answer, {"queryId": "q"})
    stubber.activate()
    return logs


def days() -> list[Usage]:
    rows = query_rows(insights({"status": "Complete", "results": RESULTS}), PROD, NOW)
    return by_day(rows, {ALICE: "alice"}, 2.0)


def test_query_is_asked_until_it_is_complete() -> None:
    waits: list[float] = []
    logs = insights({"status": "Scheduled"}, {"status": "Running"}, {"status": "Complete", "results": RESULTS})
    assert len(query_rows(logs, PROD, NOW, waits.append)) == len(RESULTS)
    assert len(waits) == 2


def test_each_key_has_its_requests_tokens_and_dollars_by_day() -> None:
    assert [(d.period, d.key, d.requests, d.tokens_in, d.tokens_out, d.dollars) for d in days()] == [
        ("2026-11-29", "alice", 4, 40, 1_000_000, 2.0),
        ("2026-11-30", "(no key)", 5, 50, 100, pytest.approx(0.0002)),
        ("2026-11-30", "alice", 1, 10, 1_000_000, 2.0),
        ("2026-11-30", GONE, 3, 0, 0, 0.0),
        ("2026-12-01", "alice", 2, 30, 500_000, 1.0),
    ]


def test_months_add_up_the_days() -> None:
    alice = [month for month in by_month(days()) if month.key == "alice"]
    assert [(m.period, m.requests, m.tokens_in, m.tokens_out, m.dollars) for m in alice] == [
        ("2026-11", 5, 50, 2_000_000, 4.0),
        ("2026-12", 2, 30, 500_000, 1.0),
    ]


def test_tables_show_days_and_months_and_how_far_they_look_back() -> None:
    console = Console(width=120, record=True)
    print_tables(console, days(), 2.0)
    text = console.export_text()
    assert "2026-11-30" in text
    assert "2,000,000" in text
    assert "the last 30 days" in text


def test_names_are_asked_for_without_values() -> None:
    with mock_aws():
        apigateway = client("apigateway")
        made = apigateway.create_api_key(name="alice", enabled=True)
        asked: list[dict[str, Any]] = []

        def note(params: dict[str, Any], **_: object) -> None:
            asked.append(params)

        apigateway.meta.events.register("before-call.api-gateway.GetApiKeys", note)
        assert key_names(apigateway) == {made["id"]: "alice"}
    assert [call["query_string"] for call in asked] == [{"includeValues": "false"}]


@pytest.mark.parametrize("status", ["Failed", "Cancelled", "Timeout"])
def test_query_that_did_not_end_well_says_how(status: str) -> None:
    with pytest.raises(UsageError, match=f"/inference-prod/gateway ended as {status}"):
        query_rows(insights({"status": status, "results": []}), PROD, NOW)


def test_rows_that_are_cut_off_are_not_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(usage, "MAX_ROWS", len(RESULTS))
    with pytest.raises(UsageError, match="cuts off the rest"):
        days()


def failed(*arguments: str) -> str:
    with pytest.raises(SystemExit) as exit_info:
        usage.main(["prod", *arguments])
    assert "\n" not in str(exit_info.value)
    return str(exit_info.value)


def test_environment_that_was_not_applied_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    logs = client("logs")
    stubber = Stubber(logs)
    stubber.add_client_error("start_query", "ResourceNotFoundException")
    stubber.activate()
    monkeypatch.setattr(boto3, "client", Mock(return_value=logs))
    assert failed("--price", "2") == (
        "error: there is no log group /inference-prod/gateway in this account: apply the stack inference-prod first"
    )


def test_no_credentials_are_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, "/nonexistent")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    # the session of earlier tests remembers their credentials
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    assert failed("--price", "2") == "error: Unable to locate credentials"


def test_price_needs_the_synthesized_stack(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(usage, "forecasts", dict)
    assert failed() == "error: there is no stack inference-prod in cdktf.out: run `make synth` first"


def test_csv_has_a_line_for_each_day_and_key(tmp_path: Path) -> None:
    usage.write_csv(days(), tmp_path / "new" / "usage.csv")
    lines = list(csv.DictReader((tmp_path / "new" / "usage.csv").read_text().splitlines()))
    assert len(lines) == len(RESULTS)
    assert lines[0] == {
        "day": "2026-11-29",
        "key_id": ALICE,
        "key": "alice",
        "requests": "4",
        "tokens_in": "40",
        "tokens_out": "1000000",
        "dollars": "2.0",
    }


def test_chart_adds_up_the_keys_that_used_least(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(usage, "SHOWN", 1)
    assert usage.stacked(days()) == {
        f"alice {ALICE}": {"2026-11-29": 1_000_000, "2026-11-30": 1_000_000, "2026-12-01": 500_000},
        "2 others": {"2026-11-29": 0, "2026-11-30": 100, "2026-12-01": 0},
    }


@pytest.mark.parametrize("found", [days, list[Usage]], ids=["some", "none"])
def test_chart_is_drawn(tmp_path: Path, found: Callable[[], list[Usage]]) -> None:
    draw(found(), tmp_path / "new" / "usage.png")
    assert (tmp_path / "new" / "usage.png").read_bytes().startswith(b"\x89PNG")
