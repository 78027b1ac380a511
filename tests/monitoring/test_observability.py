"""Alarms, dashboard and budget, as AWS gets them."""

import json
import re
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from inference_constructs.cost.prices import HOURS_PER_MONTH
from inference_constructs.monitoring.widgets import PERIOD_SECONDS
from ops.picture.metric_math import Series, evaluate
from support.dashboard_body import body_of
from support.expressions import evaluate as value_of
from support.models import PHI_3
from support.stack_json import Json, only, references, resources

DAY = 86_400
FIXED_HOUR = 0.25


def alarms(stack: Json) -> dict[str, Json]:
    """The service's alarms, without those that only scale, by the last part of their names."""
    prefix = only(stack, "aws_cloudwatch_dashboard")["dashboard_name"]
    found = resources(stack, "aws_cloudwatch_metric_alarm").values()
    return {alarm["alarm_name"].removeprefix(f"{prefix}-"): alarm for alarm in found if "ok_actions" in alarm}


def widgets(stack: Json, kind: str = "metric") -> list[Json]:
    return [widget for widget in body_of(stack)["widgets"] if widget["type"] == kind]


def widget(stack: Json, title: str) -> Json:
    (found,) = [w["properties"] for w in widgets(stack) if title in w["properties"]["title"]]
    return found


def statistics(properties: Json, name: str) -> set[str]:
    return {entry[-1]["stat"] for entry in properties["metrics"] if len(entry) > 1 and entry[1] == name}


def last_line(properties: Json, times: NDArray[np.datetime64], **metrics: Series) -> Series:
    """What the last expression of a widget shows for given metrics; the fixed cost is a round figure."""
    known = dict(metrics)
    values = np.zeros(len(times))
    for entry in properties["metrics"]:
        if "expression" in entry[-1]:
            expression = re.sub(r"\$\{local\.[\w-]+\}", str(FIXED_HOUR), entry[-1]["expression"])
            values = evaluate(expression, known, times=times, period=properties["period"])
            known[entry[-1].get("id", "")] = values
    return values


def constants(size: int, value: float) -> Series:
    return np.full(size, value)


@pytest.mark.req("R4.4")
def test_alarm_goes_off_when_p99_latency_exceeds_5_seconds(inference: Json) -> None:
    alarm = alarms(inference)["p99-latency"]
    assert (alarm["metric_name"], alarm["extended_statistic"]) == ("Latency", "p99")
    assert (alarm["comparison_operator"], alarm["threshold"]) == ("GreaterThanThreshold", 5000)
    assert alarm["evaluate_low_sample_count_percentiles"] == "evaluate"


def test_lost_hosts_are_missing_data_and_alarm(inference: Json) -> None:
    alarm = alarms(inference)["no-healthy-host"]
    assert alarm["treat_missing_data"] == "breaching"
    assert (alarm["comparison_operator"], alarm["threshold"]) == ("LessThanThreshold", 1)


def test_all_other_alarms_stay_silent_without_data(inference: Json) -> None:
    silent = {name for name, alarm in alarms(inference).items() if alarm["treat_missing_data"] == "notBreaching"}
    assert silent == alarms(inference).keys() - {"no-healthy-host", "gpu-metrics-missing", "gateway-metrics-missing"}


@pytest.mark.req("R1.2")
def test_boot_above_5_minutes_alarms(inference: Json) -> None:
    alarm = alarms(inference)["slow-boot"]
    assert (alarm["metric_name"], alarm["statistic"]) == ("BootSeconds", "Maximum")
    assert (alarm["comparison_operator"], alarm["threshold"]) == ("GreaterThanOrEqualToThreshold", 300)


def test_15_minutes_at_the_maximum_alarm_unless_the_size_is_fixed(inference: Json) -> None:
    alarm = alarms(inference)["at-maximum"]
    assert alarm["period"] * alarm["evaluation_periods"] == 15 * 60
    assert references(alarm["threshold"]) == {"var.max_instances", "var.min_instances"}
    thresholds = [
        value_of(alarm["threshold"], {"min_instances": least, "max_instances": most})
        for least, most in ((1, 3), (2, 2))
    ]
    assert thresholds == [3, 3]


@pytest.mark.parametrize("name", ["gpu-metrics-missing", "gateway-metrics-missing"])
def test_alarm_goes_off_when_nothing_is_published_any_more(inference: Json, name: str) -> None:
    alarm = alarms(inference)[name]
    assert (alarm["statistic"], alarm["comparison_operator"], alarm["threshold"]) == (
        "SampleCount",
        "LessThanThreshold",
        1,
    )
    assert alarm["treat_missing_data"] == "breaching"


@pytest.mark.parametrize(("requests", "errors", "percent"), [(200, 20, 10), (200, 0, 0), (3, 3, 0), (0, 0, 0)])
def test_error_rate_counts_only_where_requests_make_a_rate(
    inference: Json, requests: int, errors: int, percent: int
) -> None:
    query = {q["id"]: q for q in alarms(inference)["5xx-rate"]["metric_query"]}
    series = {"requests": constants(1, requests), "errors": constants(1, errors)}
    with np.errstate(invalid="ignore"):
        rate = evaluate(
            query["result"]["expression"], series, times=np.array(["2026-01-01"], "datetime64[s]"), period=300
        )
    assert rate == pytest.approx(percent)


@pytest.mark.req("R4.3")
def test_alarm_tells_within_a_day_that_the_forecast_is_exceeded(inference: Json) -> None:
    alarm = alarms(inference)["spend"]
    queries = {query["id"]: query for query in alarm["metric_query"]}
    spans = {query["metric"]["period"] * alarm["evaluation_periods"] for query in queries.values() if "metric" in query}
    assert spans == {DAY}
    assert "local." in queries["result"]["expression"]
    assert alarm["threshold"] >= 100


def test_every_alarm_says_what_to_look_at_and_tells_the_topic_of_begin_and_end(inference: Json) -> None:
    (policy,) = resources(inference, "aws_sns_topic_policy")
    topic = [f"${{aws_sns_topic_policy.{policy}.arn}}"]
    assert alarms(inference)
    for alarm in alarms(inference).values():
        assert "Look first at" in alarm["alarm_description"]
        assert alarm["alarm_actions"] == alarm["ok_actions"] == topic


def test_what_an_alarm_names_on_the_dashboard_is_there(inference: Json) -> None:
    titles = [widget["properties"]["title"] for widget in widgets(inference)]
    for alarm in alarms(inference).values():
        for named in re.findall(r"'([A-Z][\w ]+)'", alarm["alarm_description"]):
            assert any(title.startswith(named) for title in titles), named


def test_metric_alarms_look_back_a_day_at_most(inference: Json) -> None:
    """https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html"""
    for alarm in alarms(inference).values():
        periods = [q["metric"]["period"] for q in alarm.get("metric_query", []) if "metric" in q] or [alarm["period"]]
        assert max(periods) * alarm["evaluation_periods"] <= DAY


def test_topic_is_encrypted_and_only_alarms_and_budgets_of_this_account_publish(inference: Json) -> None:
    (key,) = resources(inference, "aws_kms_key")
    assert only(inference, "aws_sns_topic")["kms_master_key_id"] == f"${{aws_kms_key.{key}.arn}}"
    statements = json.loads(only(inference, "aws_sns_topic_policy")["policy"])["Statement"]
    assert {s["Principal"]["Service"] for s in statements} == {"cloudwatch.amazonaws.com", "budgets.amazonaws.com"}
    for statement in statements:
        assert (statement["Effect"], statement["Action"]) == ("Allow", "sns:Publish")
        assert "caller_identity" in statement["Condition"]["StringEquals"]["aws:SourceAccount"]


def test_email_is_subscribed_only_if_there_is_an_address(inference: Json) -> None:
    subscription = only(inference, "aws_sns_topic_subscription")
    assert subscription["count"] == '${var.alarm_email == "" ? 0 : 1}'
    assert (subscription["protocol"], subscription["endpoint"]) == ("email", "${var.alarm_email}")


@pytest.mark.req("R4.3")
def test_budget_is_the_forecast_of_what_the_environment_is_tagged_with(inference: Json) -> None:
    budget = only(inference, "aws_budgets_budget")
    assert references(budget["limit_amount"]) == {"local.monthly_cost_usd"}
    (tags,) = [provider["default_tags"][0]["tags"] for provider in inference["provider"]["aws"]]
    assert budget["cost_filter"] == [{"name": "TagKeyValue", "values": [f"user:Environment${tags['Environment']}"]}]
    assert {n["notification_type"] for n in budget["notification"]} == {"ACTUAL", "FORECASTED"}


@pytest.mark.req("R4.5")
def test_dashboard_says_which_model_it_is_of(inference: Json) -> None:
    header = body_of(inference)["widgets"][0]["properties"]["markdown"]
    assert PHI_3.name in header.splitlines()[0]


@pytest.mark.req("R4.1")
@pytest.mark.parametrize(("title", "metric"), [("at the API", "Latency"), ("on the host", "RequestLatency")])
def test_dashboard_shows_latency_percentiles(inference: Json, title: str, metric: str) -> None:
    assert statistics(widget(inference, f"Latency {title}"), metric) == {"p50", "p95", "p99"}


@pytest.mark.req("R4.2")
def test_dashboard_shows_requests_a_second(inference: Json) -> None:
    properties = widget(inference, "Requests a second")
    times = np.arange("2026-03-01T00:00", "2026-03-01T00:10", 300, dtype="datetime64[s]")
    shown = last_line(properties, times, **dict.fromkeys(("api", "balancer", "gateway"), constants(2, 600)))
    assert shown == pytest.approx([2, 2])


@pytest.mark.req("R4.3")
def test_month_to_date_adds_up_hosts_and_requests_and_begins_anew_each_month(inference: Json) -> None:
    properties = widget(inference, "this month so far")
    times = np.arange("2026-12-31T20:00", "2027-01-01T03:00", 3600, dtype="datetime64[s]")
    hosts, requests = constants(len(times), 2), constants(len(times), 1e6)
    host_hour = float(re.findall(r"hosts \* ([\d.]+)", json.dumps(properties))[0])
    million = float(re.findall(r"requests, 0\) \* ([\d.]+)", json.dumps(properties))[0])
    hour = 2 * host_hour + million + FIXED_HOUR
    requests[-1] = np.nan  # API Gateway says nothing in an hour without requests
    shown = last_line(properties, times, hosts=hosts, requests=requests)
    assert shown == pytest.approx([0, 0, 0, 0, hour, 2 * hour, 3 * hour - million])
    assert references(properties["annotations"]) == {"local.monthly_cost_usd"}


@pytest.mark.req("R4.3")
def test_estimate_meets_the_forecast_when_all_is_as_forecast(inference: Json) -> None:
    """The fixed part, in OpenTofu's words, is what is left of the forecast."""
    (formula,) = [value for name, value in inference["locals"].items() if "FixedCostHour" in name]
    forecast, hosts, requests = 2000.0, 2, 500_000
    variables = {"min_instances": hosts, "requests_per_month": requests, "hours_per_month": HOURS_PER_MONTH}
    fixed = value_of(formula, variables, {"monthly_cost_usd": forecast})
    terms = json.dumps(widget(inference, "this month so far"))
    host_hour = float(re.findall(r"hosts \* ([\d.]+)", terms)[0])
    million = float(re.findall(r"requests, 0\) \* ([\d.]+)", terms)[0])
    month = HOURS_PER_MONTH * (hosts * host_hour + fixed) + requests / 1e6 * million
    assert month == pytest.approx(forecast, abs=0.05)


@pytest.mark.req("R4.6")
def test_dashboard_reads_only_what_cloudwatch_keeps_for_30_days(inference: Json) -> None:
    """5-minute points are kept for 63 days, 1-hour points for 455; 1-minute points for 15 only."""
    assert body_of(inference)["periodOverride"] == "inherit"
    assert {properties["properties"]["period"] for properties in widgets(inference)} == {PERIOD_SECONDS, 3600}
    assert PERIOD_SECONDS == 300


@pytest.mark.req("R4.6")
def test_every_log_group_keeps_30_days(inference: Json) -> None:
    kept = {group["retention_in_days"] for group in resources(inference, "aws_cloudwatch_log_group").values()}
    assert kept == {30}


def test_every_log_group_is_encrypted_with_the_environments_key(inference: Json) -> None:
    keys = [group["kms_key_id"] for group in resources(inference, "aws_cloudwatch_log_group").values()]
    assert {address for key in keys for address in references(key)} == {
        f"aws_kms_key.{name}" for name in resources(inference, "aws_kms_key")
    }


@pytest.mark.req("R4.5")
def test_dashboard_shows_every_alarm(inference: Json) -> None:
    (status,) = widgets(inference, "alarm")
    assert len(status["properties"]["alarms"]) == len(alarms(inference))
    addresses = references(status["properties"]["alarms"])
    shown = {resources(inference, "aws_cloudwatch_metric_alarm")[a.split(".")[1]]["alarm_name"] for a in addresses}
    assert shown == {alarm["alarm_name"] for alarm in alarms(inference).values()}


@pytest.mark.req("R4.5")
def test_widgets_fill_the_dashboards_width_and_do_not_overlap(inference: Json) -> None:
    cells: list[tuple[int, int]] = []
    for w in body_of(inference)["widgets"]:
        cells += [(x, y) for x in range(w["x"], w["x"] + w["width"]) for y in range(w["y"], w["y"] + w["height"])]
    assert len(cells) == len(set(cells))
    assert set(cells) == {(x, y) for x in range(24) for y in range(max(y for _, y in cells) + 1)}


@pytest.mark.req("R4.5")
def test_expressions_refer_to_metrics_of_their_widget(inference: Json) -> None:
    times = np.arange("2026-03-01", "2026-03-03", 3600, dtype="datetime64[s]")
    for w in widgets(inference):
        entries: list[list[Any]] = w["properties"]["metrics"]
        known = {
            entry[-1]["id"]: constants(len(times), 1.0) for entry in entries if "id" in entry[-1] and len(entry) > 1
        }
        assert len(last_line(w["properties"], times, **known)) == len(times)
