"""The forecast of each synthesized stack, evaluated."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from math import floor
from typing import Any, cast

from simpleeval import SimpleEval  # pyright: ignore[reportMissingTypeStubs]

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
    """

    at_minimum: Mapping[str, float]
    at_maximum: Mapping[str, float]
    per_million_tokens: float
    variables: Mapping[str, Any]
    prices: str


def evaluate(expression: str, variables: Mapping[str, Any]) -> float:
    """The value of an OpenTofu expression `${...}` of arithmetic on variables."""
    arithmetic = SimpleEval(names={"var": dict(variables)}, functions={"floor": floor, "min": min})
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
    )


def forecasts() -> dict[str, Forecast]:
    """The forecast of every environment that was synthesized, cheapest first."""
    found = {
        path.parent.name.removeprefix("inference-"): forecast_of(json.loads(path.read_text()))
        for path in STACKS.glob("inference-*/cdk.tf.json")
    }
    return {name: found[name] for name in sorted(found, key=lambda name: sum(found[name].at_minimum.values()))}
