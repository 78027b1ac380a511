"""The cost forecast: OpenTofu's own figures, Python's, and an independent calculation."""

import json
import subprocess
from pathlib import Path
from typing import Any

import cdktf
import pytest

from inference_constructs import CostForecast, create_encrypted_home
from inference_constructs.cost.prices import prices_of
from inference_constructs.host.engine_profiles import engine_profile
from ops.cost import BOTH, SPOT, draw, forecast_of, savings_of
from ops.deployment.tofu import tofu_path
from stacks.environments import DEV
from support.forecast_coverage import FREE, PRICED
from support.models import phi_3_on
from support.stack_json import Json, parse, resources

VARIANTS: list[dict[str, Any]] = [
    {},
    {"min_instances": 2, "max_instances": 5, "requests_per_month": 3_000_000},
    {"min_instances": 1, "max_instances": 1, "output_tokens_per_request": 900, "utilization": 0.1},
    {"spot_share": 1, "hours_per_month": 217, "launches_per_month": 30},
]
HOST_HOUR = {"g4dn.xlarge": 0.526, "g4dn.2xlarge": 0.752, "g5.xlarge": 1.006, "g5.2xlarge": 1.212}
"""Dollars an hour in us-east-1. https://aws.amazon.com/ec2/pricing/on-demand/"""

CENT = 0.0101
"""Half a cent is rounded up or down, as the last binary digit has it."""

OUTPUTS = {
    "monthly_cost_usd",
    "monthly_cost_at_maximum_usd",
    "monthly_cost_breakdown_usd",
    "monthly_cost_breakdown_at_maximum_usd",
    "usd_per_million_tokens",
}


@pytest.fixture(scope="module")
def tofu() -> str:
    """The binary that evaluates expressions: OpenTofu's, or Terraform's where there is no other."""
    found = tofu_path()
    if found is None:
        pytest.skip("neither tofu nor terraform is installed")
    return found


def applied(tofu: str, stack: Json, variables: dict[str, Any], folder: Path) -> dict[str, Any]:
    """The forecast's outputs after an apply of the stack without its resources."""
    only_forecast = {
        "variable": stack["variable"],
        "locals": {name: value for name, value in stack["locals"].items() if name.startswith("monthly_cost")},
        "output": {name: output for name, output in stack["output"].items() if name in OUTPUTS},
    }
    (folder / "cdk.tf.json").write_text(json.dumps(only_forecast))
    arguments = [f"-var={name}={value}" for name, value in variables.items()]
    for command in (["init"], ["apply", "-auto-approve", *arguments], ["output", "-json"]):
        done = subprocess.run([tofu, *command], cwd=folder, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
    return {name: output["value"] for name, output in json.loads(done.stdout).items()}  # pyright: ignore[reportPossiblyUnboundVariable]


@pytest.mark.req("R8.1", "R8.4")
@pytest.mark.parametrize("variables", VARIANTS, ids=["defaults", "busy", "long-answers", "spot-and-office-hours"])
def test_tofu_and_the_table_agree(
    tofu: str, synthesized: dict[str, Json], variables: dict[str, Any], tmp_path: Path
) -> None:
    stack = synthesized["inference-dev"]
    by_tofu = applied(tofu, stack, variables, tmp_path)
    by_python = forecast_of(stack, variables)
    assert by_tofu["monthly_cost_breakdown_usd"] == pytest.approx(by_python.at_minimum, abs=CENT)
    assert by_tofu["monthly_cost_breakdown_at_maximum_usd"] == pytest.approx(by_python.at_maximum, abs=CENT)
    assert by_tofu["usd_per_million_tokens"] == pytest.approx(by_python.per_million_tokens, abs=CENT)
    # each line is rounded to a cent, the total is not the sum of rounded lines
    assert by_tofu["monthly_cost_usd"] == pytest.approx(
        sum(by_python.at_minimum.values()), abs=CENT * len(by_python.at_minimum)
    )


@pytest.mark.req("R8.3")
@pytest.mark.parametrize("variables", VARIANTS, ids=["defaults", "busy", "long-answers", "spot-and-office-hours"])
def test_figures_are_those_of_an_independent_calculation(
    synthesized: dict[str, Json], variables: dict[str, Any]
) -> None:
    dev = synthesized[DEV.prefix]
    found = forecast_of(dev, variables)
    hosts, requests = variables.get("min_instances", 1), variables.get("requests_per_month", 10_000)
    answer_bytes = 250 * variables.get("output_tokens_per_request", 200) + 2_000
    alarms, endpoints = len(resources(dev, "aws_cloudwatch_metric_alarm")), 4
    prompt_bytes = 4 * variables.get("input_tokens_per_request", 200) + 2_000
    hours, more = variables.get("hours_per_month", 730), variables.get("max_instances", 2) - hosts
    host = HOST_HOUR[DEV.instance_type] * hours
    spot = host * (1 - 0.55 * variables.get("spot_share", 0))
    assert found.at_minimum["GPU instances"] == pytest.approx(hosts * host, abs=0.01)
    assert found.at_maximum["GPU instances"] == pytest.approx(hosts * host + more * spot, abs=0.01)
    # 160 GiB, 275 MiB/s above what is included, and 60 GiB that are fetched ahead at each launch
    volumes = (160 * 0.08 + 275 * 0.04) * hours / 730 + variables.get("launches_per_month", 8) * 60 * 0.0036
    assert found.at_minimum["EBS volumes"] == pytest.approx(hosts * volumes, abs=0.01)
    assert found.at_minimum["API Gateway"] == pytest.approx(requests / 1e6 * 3.50, abs=0.01)
    assert found.at_minimum["Data transfer"] == pytest.approx(requests * answer_bytes / 1e9 * 0.09, abs=0.01)
    assert found.at_minimum["VPC endpoints"] == pytest.approx(
        endpoints * 2 * 7.30 + requests * 3_000 / 1e9 * 0.01, abs=0.01
    )
    assert found.at_minimum["Load balancer"] == pytest.approx(
        16.43 + 5.84 * requests * (answer_bytes + prompt_bytes) / 1e9 / 730, abs=0.01
    )
    # 256 MB for 10 ms, at the price of ARM
    assert found.at_minimum["Key authorizer"] == pytest.approx(requests * (0.2 / 1e6 + 0.0025 * 0.0000133334), abs=0.01)
    assert found.at_minimum["CloudWatch"] > alarms * 0.10 + 3 * len(resources(dev, "aws_cloudwatch_dashboard"))


@pytest.mark.parametrize("streams", [1, 8, 1000])
def test_tokens_are_priced_as_fast_as_the_engines_steps_and_no_more_at_once_than_its_places(
    streams: int, synthesized: dict[str, Json]
) -> None:
    variables = {"input_tokens_per_request": 900, "output_tokens_per_request": 50, "concurrent_streams": streams}
    found = forecast_of(synthesized[DEV.prefix], variables)
    profile = engine_profile(DEV.engine)
    at_once = min(streams, profile.max_num_seqs)
    rate = profile.step_time.tokens_per_second(at_once, input_tokens=900, output_tokens=50)
    million_tokens = rate * 0.5 * 730 * 3600 / 1e6
    assert found.per_million_tokens == pytest.approx(sum(found.at_minimum.values()) / million_tokens, abs=CENT)


def test_dev_with_spot_and_office_hours_costs_less_than_half(synthesized: dict[str, Json]) -> None:
    ways = savings_of(synthesized[DEV.prefix])
    before, after = ways["on demand"], ways[BOTH]
    first = [sum(one.at_minimum.values()) for one in (before, after)]
    further = [sum(one.at_maximum.values()) - sum(one.at_minimum.values()) for one in (before, after)]
    assert first[1] < first[0] / 2
    assert further[1] < further[0] / 2


def test_office_hours_are_not_offered_to_a_protected_environment(synthesized: dict[str, Json]) -> None:
    assert savings_of(synthesized["inference-prod"]).keys() == {"on demand", SPOT}


@pytest.mark.req("R8.3")
def test_each_host_has_its_metrics_and_the_log_of_its_gauges(synthesized: dict[str, Json]) -> None:
    found = forecast_of(synthesized[DEV.prefix], {"min_instances": 1, "max_instances": 2})
    documents = 730 * 60 * 12
    assert found.at_maximum["CloudWatch"] - found.at_minimum["CloudWatch"] == pytest.approx(
        9 * 0.30 + documents * 400 / 1e9 * (0.50 + 0.03), abs=0.01
    )


@pytest.mark.req("R8.3")
def test_every_resource_type_is_priced_or_free_for_a_reason(synthesized: dict[str, Json]) -> None:
    found = {kind for stack in synthesized.values() for kind in stack["resource"]}
    priced = {kind for kinds in PRICED.values() for kind in kinds}
    assert found - priced - set(FREE) == set(), "neither priced nor free"
    assert (priced | set(FREE)) - found == set(), "priced or free, but in no stack"
    assert priced & set(FREE) == set(), "priced and free"


@pytest.mark.req("R8.1")
def test_every_line_of_the_table_is_priced_by_something_in_the_stack(inference: Json) -> None:
    missing = {line for line, kinds in PRICED.items() if not any(kind in inference["resource"] for kind in kinds)}
    assert not missing


def test_what_is_created_after_the_forecast_is_counted() -> None:
    stack = cdktf.TerraformStack(cdktf.Testing.app(), "forecast")
    CostForecast(stack, "Forecast", region="us-east-1", engine=phi_3_on("g5.xlarge"))
    create_encrypted_home(stack, prefix="inference-test", region="us-east-1", tags={})
    breakdown = parse(cdktf.Testing.synth(stack))["output"]["monthly_cost_breakdown_usd"]["value"]
    assert breakdown["KMS"].startswith("${floor((1 * ")


def test_unknown_price_ends_the_synthesis_where_the_forecast_is_created() -> None:
    stack = cdktf.TerraformStack(cdktf.Testing.app(), "forecast")
    with pytest.raises(ValueError, match=r"no price of g9\.huge in us-east-1"):
        CostForecast(stack, "Forecast", region="us-east-1", engine=phi_3_on("g9.huge"))


def test_unknown_region_is_refused_in_words() -> None:
    with pytest.raises(ValueError, match=r"no prices of region 'mars-1'; it has .*us-east-1"):
        prices_of("mars-1")


def test_unknown_instance_type_is_refused_in_words() -> None:
    with pytest.raises(ValueError, match=r"no price of g9\.huge in us-east-1"):
        prices_of("us-east-1").instance_hour("g9.huge")


@pytest.mark.req("R8.4")
def test_chart_is_drawn(synthesized: dict[str, Json], tmp_path: Path) -> None:
    path = tmp_path / "made" / "forecast.png"
    draw({name: forecast_of(stack) for name, stack in synthesized.items() if name.startswith("inference-")}, path)
    width, height = (int.from_bytes(path.read_bytes()[start : start + 4]) for start in (16, 20))
    assert width > height > 400
