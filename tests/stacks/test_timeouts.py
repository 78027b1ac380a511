"""The ladder of timeouts, in what is synthesized: whatever deadline an operator sets, each step outlasts its neighbour.

Every step is the deadline and a constant, or a constant, so that the ends of what is allowed decide.
"""

from dataclasses import dataclass
from pathlib import Path

import pytest

from inference_constructs.foundation.timeouts import table
from runtime.settings import Settings
from support.boot_files import evaluated_boot_script, run_boot_script
from support.env_file import read_env_file
from support.expressions import evaluate
from support.paths import ROOT
from support.stack_json import Json, only, resources

UNIT = ROOT / "runtime" / "machine" / "inference.service"
SHORTEST, DEFAULT, LONGEST = 1, 30, 240
SERVER_STOP_SECONDS = 1
"""What uvicorn gives connections when the drain is over."""


@dataclass(frozen=True, kw_only=True)
class Ladder:
    """Every wait, in seconds."""

    deadline: float
    api_gateway: list[float]
    idle: float
    keep_alive: float
    drain: float
    deregistration: float
    check: float


@pytest.fixture(params=[SHORTEST, 2, DEFAULT, 120, LONGEST - 1, LONGEST], ids=lambda seconds: f"{seconds} s")
def ladder(request: pytest.FixtureRequest, synthesized: dict[str, Json], tmp_path: Path) -> Ladder:
    """The waits of a stack whose variable has an allowed value."""
    stack, variables = synthesized["inference-prod"], {"request_timeout_seconds": request.param}
    script = evaluated_boot_script(stack, request_timeout_seconds=request.param)
    gateway = read_env_file(run_boot_script(script, tmp_path) / "etc/inference/gateway.env")
    integrations = resources(stack, "aws_api_gateway_integration").values()
    milliseconds = [each["timeout_milliseconds"] for each in integrations if each["type"] == "HTTP_PROXY"]
    return Ladder(
        deadline=gateway.request_timeout_seconds,
        api_gateway=[evaluate(each, variables) / 1000 for each in milliseconds],
        idle=evaluate(only(stack, "aws_lb")["idle_timeout"], variables),
        keep_alive=gateway.keep_alive_seconds,
        drain=gateway.drain_timeout_seconds,
        check=gateway.check_timeout_seconds,
        deregistration=evaluate(only(stack, "aws_lb_target_group")["deregistration_delay"], variables),
    )


def unit_seconds(option: str) -> int:
    """The number after an option in the text of the service's unit."""
    (_, after) = UNIT.read_text().split(option)
    return int(after.split()[0])


@pytest.mark.req("R7.2")
def test_variable_takes_the_deadlines_that_are_tried_here(inference: Json) -> None:
    (rule,) = inference["variable"]["request_timeout_seconds"]["validation"]
    assert f"must be a whole number between {SHORTEST} and {LONGEST}." in rule["error_message"]
    assert f">= {SHORTEST} && var.request_timeout_seconds <= {LONGEST} &&" in rule["condition"]


@pytest.mark.req("R7.2")
def test_gateway_has_the_deadline_that_the_operator_sets(ladder: Ladder, request: pytest.FixtureRequest) -> None:
    assert ladder.deadline == request.node.callspec.params["ladder"]


@pytest.mark.req("R7.2")
def test_api_gateway_waits_for_the_gateways_own_504(ladder: Ladder) -> None:
    assert min(ladder.api_gateway) > ladder.deadline


@pytest.mark.req("R7.2")
def test_load_balancer_keeps_a_connection_that_api_gateway_waits_on(ladder: Ladder) -> None:
    assert max(ladder.api_gateway) < ladder.idle


@pytest.mark.req("R7.2")
def test_gateway_keeps_a_connection_that_the_load_balancer_may_use(ladder: Ladder) -> None:
    assert ladder.idle < ladder.keep_alive


def test_drain_waits_for_a_request_of_the_last_moment(ladder: Ladder) -> None:
    assert ladder.deadline < ladder.drain


def test_host_that_leaves_is_kept_until_nothing_is_under_way_on_it(ladder: Ladder) -> None:
    assert max(ladder.drain, ladder.idle) < ladder.deregistration


def test_docker_waits_for_the_drain_and_for_engine_and_gateway_to_end(ladder: Ladder) -> None:
    assert ladder.drain + SERVER_STOP_SECONDS < unit_seconds("docker stop -t ")


def test_systemd_waits_for_docker() -> None:
    assert unit_seconds("docker stop -t ") < unit_seconds("TimeoutStopSec=")


def test_engine_may_be_silent_for_as_long_as_a_whole_answer_takes(ladder: Ladder) -> None:
    assert ladder.deadline < ladder.check


def test_waits_are_ones_that_aws_takes(ladder: Ladder) -> None:
    # a stream may be silent for 300 s; the provider takes 300,000 ms
    # https://docs.aws.amazon.com/apigateway/latest/developerguide/response-transfer-mode.html
    # https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_LoadBalancerAttribute.html
    # https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_TargetGroupAttribute.html
    assert max(ladder.api_gateway) <= 300
    assert 1 <= ladder.idle <= 4000
    assert 0 <= ladder.deregistration <= 3600


def test_gateway_by_itself_has_the_same_order() -> None:
    settings = Settings()
    assert settings.request_timeout_seconds == DEFAULT
    assert DEFAULT < settings.drain_timeout_seconds < settings.keep_alive_seconds
    assert settings.check_timeout_seconds > DEFAULT


def test_documented_ladder_is_the_one_in_code() -> None:
    assert table() in (ROOT / "docs" / "gateway.md").read_text()


@pytest.mark.parametrize("option", ["docker stop -t ", "TimeoutStopSec="])
def test_documented_stop_is_the_units(option: str) -> None:
    assert f"| {unit_seconds(option)} s |" in table()
