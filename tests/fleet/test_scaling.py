"""When hosts are added and removed, and how many there may be."""

import json
from pathlib import Path

import pytest

from inference_constructs.host import gpu_metrics
from support.boot_files import evaluated_boot_script, run_boot_script
from support.stack_json import Json, named, only, references, resources


def alarm(stack: Json, name: str) -> Json:
    ((_, found),) = [
        item for item in resources(stack, "aws_cloudwatch_metric_alarm").items() if item[1]["alarm_name"].endswith(name)
    ]
    return found


def policy_of(stack: Json, alarm: Json) -> Json:
    (address,) = references(alarm["alarm_actions"])
    return resources(stack, "aws_autoscaling_policy")[address.split(".")[1]]


def steps(policy: Json) -> list[tuple[str | None, str | None, int]]:
    return [
        (step.get("metric_interval_lower_bound"), step.get("metric_interval_upper_bound"), step["scaling_adjustment"])
        for step in policy["step_adjustment"]
    ]


@pytest.mark.req("R3.1")
def test_gpus_above_70_percent_for_3_minutes_add_hosts(inference: Json) -> None:
    busy = alarm(inference, "-gpu-busy")
    assert (busy["comparison_operator"], busy["threshold"]) == ("GreaterThanThreshold", 70)
    assert (busy["period"], busy["evaluation_periods"], busy["datapoints_to_alarm"]) == (60, 3, 3)
    assert steps(policy_of(inference, busy)) == [("0", "20", 1), ("20", None, 2)]


@pytest.mark.req("R3.2")
def test_gpus_below_30_percent_for_10_minutes_remove_one_host(inference: Json) -> None:
    idle = alarm(inference, "-gpu-idle")
    assert (idle["comparison_operator"], idle["threshold"]) == ("LessThanThreshold", 30)
    assert (idle["period"], idle["evaluation_periods"], idle["datapoints_to_alarm"]) == (60, 10, 10)
    assert steps(policy_of(inference, idle)) == [(None, "0", -1)]


@pytest.mark.req("R3.1", "R3.2")
@pytest.mark.parametrize("name", ["-gpu-busy", "-gpu-idle"])
def test_alarms_read_what_the_hosts_publish(name: str, inference: Json, tmp_path: Path) -> None:
    root = run_boot_script(evaluated_boot_script(inference), tmp_path)
    config = json.loads((root / "etc/inference/cloudwatch-agent.json").read_text())
    published, watched = config["metrics"], alarm(inference, name)
    plugin = published["metrics_collected"]["nvidia_gpu"]
    group_address, group = named(inference, "aws_autoscaling_group", "-hosts")
    assert watched["namespace"] == published["namespace"]
    assert watched["metric_name"] in [f"nvidia_smi_{measurement}" for measurement in plugin["measurement"]]
    assert [list(watched["dimensions"])] == published["aggregation_dimensions"]
    assert plugin["append_dimensions"] == {gpu_metrics.DIMENSION: group["name"]}
    assert watched["dimensions"] == {gpu_metrics.DIMENSION: f"${{{group_address}.name}}"}
    assert watched["period"] >= config["agent"]["metrics_collection_interval"]


@pytest.mark.req("R3.1", "R3.2")
def test_silent_hosts_count_neither_as_busy_nor_as_idle(inference: Json) -> None:
    for name in ("-gpu-busy", "-gpu-idle"):
        assert alarm(inference, name)["treat_missing_data"] == "notBreaching"


@pytest.mark.req("R3.3", "R3.4")
def test_group_stays_between_the_variables(inference: Json) -> None:
    group = only(inference, "aws_autoscaling_group")
    assert (group["min_size"], group["max_size"]) == ("${var.min_instances}", "${var.max_instances}")
    assert "desired_capacity" not in group
    minimum, maximum = inference["variable"]["min_instances"], inference["variable"]["max_instances"]
    assert minimum["default"] >= 1
    assert "var.min_instances >= 1" in minimum["validation"][0]["condition"]
    assert "var.max_instances >= var.min_instances" in maximum["validation"][0]["condition"]
