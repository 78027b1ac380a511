"""The scaling rules: read from the stack, and decided by as Auto Scaling does."""

import copy
from dataclasses import replace
from typing import Any

import cdktf
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ops.simulation.rules import Autoscaler, read_rules
from stacks.environments import ENVIRONMENTS, PROD
from stacks.inference import InferenceStack
from support.scaling import IN, OUT, RULES
from support.stack_json import Json, parse


def decisions(values: list[float | None], settled: int = 3, warming: int = 0) -> list[int]:
    autoscaler = Autoscaler(RULES)
    return [autoscaler.desired(value, settled=settled, warming=warming) for value in values]


@pytest.mark.req("R3.1", "R3.2")
def test_the_rules_of_the_stack_are_the_required_ones(inference: Json) -> None:
    rules = read_rules(inference)
    assert set(rules.rules) == {OUT, IN}


def test_the_rules_on_demand_are_those_of_a_stack_that_is_scaled_so(synthesized: dict[str, Json]) -> None:
    """What is replayed without a synthesis is what the synthesis makes."""
    stack = InferenceStack(cdktf.Testing.app(), PROD.prefix, environment=replace(PROD, scale_on="demand"))
    assert read_rules(parse(cdktf.Testing.synth(stack))) == read_rules(synthesized[PROD.prefix]).scaled_on("demand")


@pytest.mark.req("R3.3", "R3.4")
def test_the_limits_are_the_defaults_of_the_variables(synthesized: dict[str, Json]) -> None:
    for environment in ENVIRONMENTS:
        rules = read_rules(synthesized[environment.prefix])
        assert (rules.minimum, rules.maximum) == (environment.min_instances, environment.max_instances)
        assert rules.instance_type == environment.instance_type


def test_a_changed_stack_changes_the_rules(synthesized: dict[str, Json]) -> None:
    stack: dict[str, Any] = copy.deepcopy(synthesized["inference-dev"])
    for alarm in stack["resource"]["aws_cloudwatch_metric_alarm"].values():
        if alarm["alarm_name"] in ("inference-dev-gpu-busy", "inference-dev-gpu-idle"):
            alarm["threshold"] += 5
    assert {rule.threshold for rule in read_rules(stack).rules} == {75, 35}


@pytest.mark.req("R3.1")
@pytest.mark.parametrize(("value", "more"), [(70.1, 1), (89.9, 1), (90, 2), (100, 2)])
def test_the_third_busy_minute_adds_hosts(value: float, more: int) -> None:
    assert decisions([value] * 3) == [3, 3, 3 + more]


@pytest.mark.req("R3.2")
def test_the_tenth_idle_minute_takes_a_host_away() -> None:
    assert decisions([29.9] * 10) == [3] * 9 + [2]


@pytest.mark.parametrize("value", [70, 30, None])
def test_what_is_on_the_threshold_or_missing_is_neither_busy_nor_idle(value: float | None) -> None:
    assert set(decisions([value] * 20)) == {3}


def test_hosts_that_warm_up_are_not_added_again() -> None:
    assert decisions([75] * 6, settled=2, warming=1) == [3] * 6
    assert decisions([95] * 3, settled=2, warming=1)[-1] == 4


def test_nothing_is_taken_away_while_a_host_warms_up() -> None:
    assert decisions([0] * 12, settled=2, warming=1) == [3] * 12


METRIC = st.one_of(st.none(), st.floats(0, 100))


@pytest.mark.req("R3.1", "R3.2", "R3.3", "R3.4")
@given(st.lists(st.tuples(METRIC, st.integers(0, 5), st.integers(0, 5)), min_size=1, max_size=40))
def test_limits_hold_and_only_full_minutes_count(periods: list[tuple[float | None, int, int]]) -> None:
    autoscaler = Autoscaler(RULES)
    seen: list[float | None] = []
    for value, settled, warming in periods:
        seen.append(value)
        wanted = autoscaler.desired(value, settled=settled, warming=warming)
        assert RULES.minimum <= wanted <= RULES.maximum
        within = min(max(settled + warming, RULES.minimum), RULES.maximum)
        if wanted > within:
            assert len(seen) >= 3
            assert all(past is not None and past > 70 for past in seen[-3:])
        if wanted < within:
            assert len(seen) >= 10
            assert all(past is not None and past < 30 for past in seen[-10:])
