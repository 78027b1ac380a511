"""The plan by load: the flow against every request followed, limits against the stack, and the document."""

from collections.abc import Iterable
from dataclasses import replace
from functools import partial

import pytest

from inference_constructs.fleet import ScaleOn
from inference_constructs.host import engine_profile
from ops import scale_plan
from ops.scale_plan import DAY, host_requests_per_minute, limits, outcome_of, requests_per_second, usual_requests
from ops.shared.percentiles import percentile
from ops.simulation import SAMPLED, read_rules, simulate_flow
from stacks.environments import PROD
from support.paths import ROOT
from support.stack_json import Json

LOAD = 100
PROFILE = engine_profile(PROD.engine)
USUAL = usual_requests(PROD.engine)


@pytest.mark.parametrize("signal", ["gpu", "demand"])
def test_flow_has_the_hosts_and_the_latency_of_requests_that_are_followed(
    signal: ScaleOn, synthesized: dict[str, Json], monkeypatch: pytest.MonkeyPatch
) -> None:
    rules = replace(read_rules(synthesized[PROD.prefix]).scaled_on(signal), maximum=100)
    followed, each = outcome_of(LOAD, PROD.engine, rules)
    monkeypatch.setattr(scale_plan, "FOLLOWED", 0)
    flow, sampled = outcome_of(LOAD, PROD.engine, rules)
    assert (each, sampled) == (1, SAMPLED)
    assert sampled * len(flow.latencies) == pytest.approx(len(followed.latencies), rel=0.03)
    assert flow.host_seconds == pytest.approx(followed.host_seconds, rel=0.05)
    for percent in (50, 99):
        assert percentile(flow.latencies, percent) == pytest.approx(percentile(followed.latencies, percent), rel=0.05)


def test_what_hosts_cannot_answer_is_turned_away(synthesized: dict[str, Json]) -> None:
    rules = read_rules(synthesized[PROD.prefix])
    rules = replace(rules, maximum=rules.minimum)
    most = rules.minimum * host_requests_per_minute(PROD.engine) / 60
    outcome = simulate_flow(
        lambda _: 2 * most,
        DAY,
        USUAL,
        rules,
        PROFILE.step_time,
        places=PROFILE.max_num_seqs,
        boot_seconds=1,
        max_queued=0,
    )
    assert outcome.rejected == pytest.approx(len(outcome.latencies), rel=0.01)


def test_day_has_its_load_at_noon_and_a_24th_of_it_at_night() -> None:
    rate = partial(requests_per_second, 2400)
    assert (rate(0), rate(DAY / 2)) == (pytest.approx(100 / 60), pytest.approx(40))


def test_limits_of_the_stack_are_its_own(synthesized: dict[str, Json]) -> None:
    found = {limit.name: limit.per_minute for limit in limits(PROD, synthesized[PROD.prefix])}
    assert found["throttle of a route"] == 25 * 60
    assert found["`max_instances`"] == PROD.max_instances * host_requests_per_minute(PROD.engine)
    validation = synthesized[PROD.prefix]["variable"]["max_instances"]["validation"][0]["condition"]
    assert f"var.max_instances <= {scale_plan.MOST_HOSTS} " in validation


def test_document_has_the_tables(synthesized: dict[str, Json]) -> None:
    stack, text = synthesized[PROD.prefix], (ROOT / "docs" / "scale.md").read_text()
    found = limits(PROD, stack)
    tables: list[Iterable[str]] = [
        scale_plan.load_table(PROD, stack),
        scale_plan.first_limits_table(found, stack),
        scale_plan.limits_table(found),
    ]
    for table in tables:
        assert "\n".join(table) in text
