"""What a million tokens costs here and elsewhere: against calculations by hand, and what the documents say."""

from math import inf

import pytest

from inference_constructs.host import INSTANCE_TYPES
from ops.cost import forecast_of
from ops.hosting import (
    IDLE,
    OFFERS,
    UTILIZATIONS,
    answers_per_day,
    break_even,
    break_even_table,
    dollars_per_million_tokens,
    offers_table,
    tokens_table,
)
from ops.token_cost import T4, answers_per_minute
from stacks.environments import ENVIRONMENTS, REGION
from support.paths import ROOT
from support.stack_json import Json

COST = (ROOT / "docs" / "token-cost.md").read_text()


def test_documents_have_the_tables(synthesized: dict[str, Json]) -> None:
    assert "\n".join(tokens_table(REGION)) in COST
    assert "\n".join(offers_table()) in COST
    stacks = {each.name: synthesized[each.prefix] for each in ENVIRONMENTS}
    found = {name: forecast_of(stack) for name, stack in stacks.items()}
    idle = {name: forecast_of(stack, IDLE) for name, stack in stacks.items()}
    assert "\n".join(break_even_table(found, idle)) in COST


def test_it_says_what_the_load_table_says() -> None:
    """Both are the model of the engine's steps with all places taken."""
    assert answers_per_day("g4dn.xlarge") == pytest.approx(answers_per_minute(T4) * 24 * 60)


def test_half_the_use_is_twice_the_price() -> None:
    half, whole = (dollars_per_million_tokens("g5.xlarge", part, REGION) for part in (0.4, 0.8))
    assert half == pytest.approx(2 * whole)


def test_every_type_with_one_gpu_is_there() -> None:
    rows = tokens_table(REGION)[2:]
    assert len(rows) == sum(instance.gpu_count == 1 for instance in INSTANCE_TYPES.values())
    assert UTILIZATIONS == (0.05, 0.2, 0.5, 0.8)


def test_break_even_is_where_a_month_costs_the_same() -> None:
    """A request of 200 and 200 tokens at 0.13 and 0.52 dollars a million is 0.00013 dollars."""
    phi_3 = OFFERS[0]
    assert break_even(0.00012 * 1000 * 365 / 12, 0.00001, phi_3) == pytest.approx(1000)
    assert break_even(1, 0.00014, phi_3) == inf


def test_where_a_host_cannot_write_that_many_the_table_says_so(synthesized: dict[str, Json]) -> None:
    stack = synthesized["inference-dev"]
    (row,) = break_even_table({"dev": forecast_of(stack)}, {"dev": forecast_of(stack, IDLE)})[2:]
    *shares, cheapest = (cell.strip() for cell in row.split("|")[3:-1])
    # one T4 host is full before it is cheaper than any of them
    assert len(shares) == len(OFFERS) - 1
    assert min(int(share.split("(")[1].rstrip("%)")) for share in shares) > 100
    assert cheapest == "never"
