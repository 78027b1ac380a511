"""Office hours: when hosts start and go, and what follows from it."""

from dataclasses import replace
from datetime import time

import cdktf
import pytest

from inference_constructs.foundation import OfficeHours
from stacks.environments import DEV, PROD
from stacks.inference import InferenceStack
from support.stack_json import Json, only, parse, resources

HOURS = OfficeHours(time_zone="Europe/Berlin", opening=time(8), closing=time(18))


@pytest.fixture(scope="module")
def stack() -> Json:
    environment = replace(DEV, office_hours=HOURS)
    return parse(cdktf.Testing.synth(InferenceStack(cdktf.Testing.app(), DEV.prefix, environment=environment)))


def action(stack: Json, kind: str) -> Json:
    found = resources(stack, "aws_autoscaling_schedule").values()
    (one,) = [each for each in found if each["scheduled_action_name"].startswith(kind)]
    return one


def alarm(stack: Json, name: str) -> Json:
    (found,) = [a for a in resources(stack, "aws_cloudwatch_metric_alarm").values() if a["alarm_name"].endswith(name)]
    return found


@pytest.mark.req("R1.2")
def test_hosts_start_before_the_opening(stack: Json) -> None:
    opening = action(stack, "open")
    assert (opening["recurrence"], opening["time_zone"]) == ("50 7 * * MON,TUE,WED,THU,FRI", "Europe/Berlin")
    assert opening["min_size"] == opening["desired_capacity"] == "${var.min_instances}"


def test_all_hosts_go_at_the_closing_and_the_minimum_with_them(stack: Json) -> None:
    closing = action(stack, "close")
    assert closing["recurrence"] == "0 18 * * MON,TUE,WED,THU,FRI"
    assert (closing["min_size"], closing["desired_capacity"]) == (0, 0)


@pytest.mark.req("R3.4")
def test_the_schedule_leaves_the_maximum_alone(stack: Json) -> None:
    assert {each["max_size"] for each in resources(stack, "aws_autoscaling_schedule").values()} == {-1}


def test_other_hours_are_another_action(stack: Json) -> None:
    # in one of the same name the provider keeps the old next time
    assert action(stack, "open")["scheduled_action_name"] == "open-50-7-MON-TUE-WED-THU-FRI-Europe-Berlin"


def test_an_apply_at_night_starts_no_host(stack: Json) -> None:
    assert only(stack, "aws_autoscaling_group")["lifecycle"]["ignore_changes"] == ["min_size"]


@pytest.mark.parametrize("name", ["-no-healthy-host", "-gpu-metrics-missing", "-gateway-metrics-missing"])
def test_nobody_is_woken_because_it_is_night(stack: Json, name: str) -> None:
    found = alarm(stack, name)
    (formula,) = [query["expression"] for query in found["metric_query"] if "expression" in query]
    # wanted is not filled: a minute that is not there yet would say that nothing is wanted, and hold the alarm off
    assert formula == "IF(wanted > 0 AND FILL(watched, 0) < 1, 1, 0)"
    assert found["treat_missing_data"] == "notBreaching"
    # longer than the hosts of an opening take
    group = only(stack, "aws_autoscaling_group")
    minutes = {query["metric"]["period"] for query in found["metric_query"] if "metric" in query}
    assert minutes == {60}
    assert 60 * found["evaluation_periods"] > group["health_check_grace_period"]


def test_the_forecast_counts_the_hours_and_the_openings(stack: Json) -> None:
    variables = stack["variable"]
    # 50 hours and 5 times 10 minutes a week; 22 openings above the 8 launches
    assert variables["hours_per_month"]["default"] == 221
    assert variables["launches_per_month"]["default"] == 30


def test_a_protected_environment_refuses_office_hours() -> None:
    with pytest.raises(ValueError, match=r"'prod': office_hours .* deletion_protection"):
        replace(PROD, office_hours=HOURS)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"time_zone": "Europe/Nowhere"}, "no time zone 'Europe/Nowhere'"),
        ({"days": ()}, "days are missing"),
        ({"days": ("MON", "Saturday")}, "days must be some of MON, TUE"),
        ({"days": "SAT"}, "days must be some of MON, TUE"),
        ({"opening": time(18), "closing": time(8)}, "opening must be before closing"),
        ({"opening": time(0, 5)}, "not before 00:10"),
    ],
)
def test_hours_that_cannot_work_are_refused_in_a_line(wrong: dict[str, object], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        replace(HOURS, **wrong)  # pyright: ignore[reportArgumentType]


def test_without_the_field_the_group_is_always_open(synthesized: dict[str, Json]) -> None:
    stack = synthesized[DEV.prefix]
    assert not resources(stack, "aws_autoscaling_schedule")
    assert "ignore_changes" not in only(stack, "aws_autoscaling_group")["lifecycle"]
