"""What each environment costs a month, read out of the synthesized stacks: `make forecast`."""

import argparse
import json
from collections.abc import Mapping
from dataclasses import dataclass
from math import floor
from pathlib import Path
from typing import Any, cast

from rich.console import Console
from rich.table import Table
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
    arithmetic = SimpleEval(names={"var": dict(variables)}, functions={"floor": floor})
    return cast("float", arithmetic.eval(expression.removeprefix("${").removesuffix("}")))  # pyright: ignore[reportUnknownMemberType]


def forecast(stack: Mapping[str, Any], overrides: Mapping[str, Any] | None = None) -> Forecast:
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
        path.parent.name.removeprefix("inference-"): forecast(json.loads(path.read_text()))
        for path in STACKS.glob("inference-*/cdk.tf.json")
    }
    return {name: found[name] for name in sorted(found, key=lambda name: sum(found[name].at_minimum.values()))}


def print_table(console: Console) -> None:
    """Print dollars a month by resource type, for each environment at its fewest and its most hosts.

    Raises:
        SystemExit: nothing was synthesized.
    """
    found = forecasts()
    if not found:
        raise SystemExit("error: there is no stack in cdktf.out: run `make synth` first")
    table = Table(title="Estimated cost, dollars a month", title_justify="left")
    table.add_column("")
    for name, one in found.items():
        hosts = (one.variables["min_instances"], one.variables["max_instances"])
        for count in hosts:
            table.add_column(f"{name}\n{count} {'host' if count == 1 else 'hosts'}", justify="right")
    columns = [column for one in found.values() for column in (one.at_minimum, one.at_maximum)]
    for kind in sorted(columns[0], key=lambda kind: -columns[-1][kind]):
        table.add_row(kind, *(f"{column[kind]:,.2f}" for column in columns))
    table.add_section()
    table.add_row("Total", *(f"{sum(column.values()):,.2f}" for column in columns), style="bold")
    console.print(table)
    for name, one in found.items():
        console.print(
            f"{name}: ${one.per_million_tokens:.2f} a million generated tokens, at {one.variables['utilization']:.0%} "
            f"utilization and {one.variables['concurrent_streams']} streams; "
            f"{one.variables['requests_per_month']:,} requests a month",
            soft_wrap=True,
        )
    console.print(f"prices: {next(iter(found.values())).prices}", soft_wrap=True, style="dim")


def main() -> None:
    """Print the table and draw the chart."""
    # matplotlib takes a second to load, which the demo can do without
    from ops.cost import draw

    parser = argparse.ArgumentParser(prog="make forecast", description=__doc__)
    parser.add_argument(
        "--chart", type=Path, default=Path("build/forecast.png"), help="PNG file (default: %(default)s)"
    )
    chart: Path = parser.parse_args().chart
    print_table(Console())
    draw(forecasts(), chart)
    print(f"chart: {chart}")


if __name__ == "__main__":
    main()
