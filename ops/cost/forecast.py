"""The forecast of each synthesized stack, evaluated."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import time
from math import floor
from typing import Any, cast

from simpleeval import SimpleEval  # pyright: ignore[reportMissingTypeStubs]

from inference_constructs.cost import HOURS_PER_MONTH, LAUNCHES
from inference_constructs.foundation import OfficeHours
from ops.shared.paths import STACKS


@dataclass(frozen=True, kw_only=True)
class Forecast:
    """One environment's forecast, in dollars.

    Attributes:
        at_minimum: A month by resource type, with `min_instances` hosts.
        at_maximum: The same with `max_instances` hosts.
        per_million_tokens: A million generated tokens, at the stated utilization.
        variables: The defaults that it was computed with.
        prices: Region, date and source of the prices.
        speed: Source of a host's speed.
    """

    at_minimum: Mapping[str, float]
    at_maximum: Mapping[str, float]
    per_million_tokens: float
    variables: Mapping[str, Any]
    prices: str
    speed: str


def evaluate(expression: str, variables: Mapping[str, Any], **others: object) -> float:
    """The value of an OpenTofu expression `${...}` of arithmetic on variables, and on other names."""
    names = {"var": dict(variables), **others}
    arithmetic = SimpleEval(names=names, functions={"floor": floor, "min": min, "max": max})
    return cast("float", arithmetic.eval(expression.removeprefix("${").removesuffix("}")))  # pyright: ignore[reportUnknownMemberType]


def forecast_of(stack: Mapping[str, Any], overrides: Mapping[str, Any] | None = None) -> Forecast:
    """The forecast of a synthesized inference stack.

    Args:
        stack: Parsed cdk.tf.json.
        overrides: Values of variables instead of their defaults.
    """
    variables = {name: variable["default"] for name, variable in stack["variable"].items()} | dict(overrides or {})
    outputs = {name: output["value"] for name, output in stack["output"].items()}

    def breakdown(name: str) -> dict[str, float]:
        return {kind: evaluate(expression, variables) for kind, expression in outputs[name].items()}

    return Forecast(
        at_minimum=breakdown("monthly_cost_breakdown_usd"),
        at_maximum=breakdown("monthly_cost_breakdown_at_maximum_usd"),
        per_million_tokens=evaluate(outputs["usd_per_million_tokens"], variables),
        variables=variables,
        prices=outputs["prices"],
        speed=outputs["speed"],
    )


EXAMPLE_HOURS = OfficeHours(time_zone="UTC", opening=time(8), closing=time(18))
"""Hours for an environment that has none of its own: 50 a week."""

SPOT, OFFICE_HOURS, BOTH = "spot", "office hours", "both"


def savings_of(stack: Mapping[str, Any]) -> dict[str, Forecast]:
    """The forecasts of a synthesized stack with every host on demand around the clock, and with what would save.

    Office hours only where nothing is protected from deletion.

    Args:
        stack: Parsed cdk.tf.json.
    """
    assumed = {name: variable["default"] for name, variable in stack["variable"].items()}
    around_the_clock = assumed["hours_per_month"] == HOURS_PER_MONTH
    hours: dict[str, float] = {
        "hours_per_month": EXAMPLE_HOURS.hours_per_month if around_the_clock else assumed["hours_per_month"],
        "launches_per_month": LAUNCHES + EXAMPLE_HOURS.openings_per_month
        if around_the_clock
        else assumed["launches_per_month"],
    }
    spot: dict[str, float] = {"spot_share": 1}
    plain: dict[str, float] = {"spot_share": 0, "hours_per_month": HOURS_PER_MONTH, "launches_per_month": LAUNCHES}
    ways: dict[str, dict[str, float]] = {"on demand": {}, SPOT: spot}
    if not any(balancer["enable_deletion_protection"] for balancer in stack["resource"]["aws_lb"].values()):
        ways |= {OFFICE_HOURS: hours, BOTH: spot | hours}
    return {name: forecast_of(stack, plain | overrides) for name, overrides in ways.items()}


def _stacks() -> dict[str, Any]:
    """Every inference stack that was synthesized, by its environment."""
    return {
        path.parent.name.removeprefix("inference-"): json.loads(path.read_text())
        for path in STACKS.glob("inference-*/cdk.tf.json")
    }


def forecasts(overrides: Mapping[str, Any] | None = None) -> dict[str, Forecast]:
    """The forecast of every environment that was synthesized, cheapest first.

    Args:
        overrides: Values of variables instead of their defaults.
    """
    found = {name: forecast_of(stack, overrides) for name, stack in _stacks().items()}
    return {name: found[name] for name in sorted(found, key=lambda name: sum(found[name].at_minimum.values()))}


def savings() -> dict[str, dict[str, Forecast]]:
    """`savings_of` every environment, in the order of `forecasts`."""
    stacks = _stacks()
    return {name: savings_of(stacks[name]) for name in forecasts()}
