"""When hosts are added and removed, and how many there may be."""

import json
from dataclasses import replace
from pathlib import Path

import cdktf
import pytest
from simpleeval import simple_eval  # pyright: ignore[reportMissingTypeStubs, reportUnknownVariableType]

from inference_constructs.host import engine_profile, gpu_metrics
from runtime import metrics as gateway
from stacks.environments import PROD
from stacks.inference import InferenceStack
from support.boot_files import evaluated_boot_script, run_boot_script
from support.stack_json import Json, named, only, parse, references, resources


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
    # nvidia-smi looks at a second at most
    assert watched["period"] >= 5 * plugin["metrics_collection_interval"]


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


@pytest.fixture(scope="module")
def on_demand() -> Json:
    """A stack that is scaled by the demand for places."""
    environment = replace(PROD, scale_on="demand")
    return parse(cdktf.Testing.synth(InferenceStack(cdktf.Testing.app(), PROD.prefix, environment=environment)))


def test_demand_above_70_percent_for_a_minute_adds_hosts_by_the_same_steps(on_demand: Json, inference: Json) -> None:
    busy = alarm(on_demand, "-demand-busy")
    assert (busy["comparison_operator"], busy["threshold"]) == ("GreaterThanThreshold", 70)
    assert (busy["evaluation_periods"], busy["datapoints_to_alarm"]) == (1, 1)
    assert steps(policy_of(on_demand, busy)) == steps(policy_of(inference, alarm(inference, "-gpu-busy")))


def test_demand_below_30_percent_for_10_minutes_removes_one_host(on_demand: Json) -> None:
    idle = alarm(on_demand, "-demand-idle")
    assert (idle["comparison_operator"], idle["threshold"]) == ("LessThanThreshold", 30)
    assert (idle["evaluation_periods"], idle["datapoints_to_alarm"]) == (10, 10)
    assert steps(policy_of(on_demand, idle)) == [(None, "0", -1)]


@pytest.mark.parametrize("name", ["-gpu-busy", "-gpu-idle"])
def test_on_demand_the_alarms_of_the_gpus_are_seen_and_call_nobody(name: str, on_demand: Json) -> None:
    assert "alarm_actions" not in alarm(on_demand, name)


@pytest.mark.parametrize("name", ["-demand-busy", "-demand-idle"])
def test_demand_is_read_from_the_gauges_of_all_hosts(name: str, on_demand: Json) -> None:
    queries = {query["id"]: query["metric"] for query in alarm(on_demand, name)["metric_query"] if "metric" in query}
    assert {query["metric_name"] for query in queries.values()} == {"InFlight", "QueueDepth", "Ready"}
    for query in queries.values():
        assert (query["namespace"], query["dimensions"]) == (gateway.NAMESPACE, {gateway.DIMENSION: PROD.name})
        assert (query["stat"], query["period"]) == ("Sum", 60)


PLACES = engine_profile(PROD.engine).max_num_seqs


@pytest.mark.parametrize(
    ("working", "waiting", "ready", "percent"),
    [
        (12 * PLACES, 0, 12, 100),
        (12 * PLACES, 6 * PLACES, 12, 150),
        (12 * PLACES, 0, 24, 50),
        (0, 0, 12, 0),
    ],
    ids=["one host full", "a queue", "two hosts, one full", "idle"],
)
def test_demand_is_the_share_of_the_places_of_ready_hosts(
    working: float, waiting: float, ready: float, percent: float, on_demand: Json
) -> None:
    """Twelve documents of each host in a minute."""
    (formula,) = [
        query["expression"] for query in alarm(on_demand, "-demand-busy")["metric_query"] if "expression" in query
    ]
    assert simple_eval(formula, names={"working": working, "waiting": waiting, "ready": ready}) == pytest.approx(
        percent
    )


def test_while_no_host_tells_anything_demand_neither_adds_nor_removes(on_demand: Json) -> None:
    for name in ("-demand-busy", "-demand-idle"):
        assert alarm(on_demand, name)["treat_missing_data"] == "notBreaching"
