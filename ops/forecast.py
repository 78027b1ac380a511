"""What each environment costs a month, read out of the synthesized stacks: `make forecast`."""

import argparse
from pathlib import Path

from rich.console import Console
from rich.table import Table

from ops.cost import BOTH, draw, forecasts, savings


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
            f"utilization and {one.variables['concurrent_streams']} streams, "
            f"a host's speed {one.speed}; {one.variables['requests_per_month']:,} requests a month",
            soft_wrap=True,
        )
    console.print(f"prices: {next(iter(found.values())).prices}", soft_wrap=True, style="dim")


def print_savings(console: Console) -> None:
    """Print what each environment would cost with spot hosts above its fewest, and with hosts in office hours only."""
    found = savings()
    names = list(dict.fromkeys(way for ways in found.values() for way in ways))
    table = Table(title="What would save, dollars a month", title_justify="left")
    table.add_column("")
    for name in names:
        table.add_column(name, justify="right")
    for environment, ways in found.items():
        least = {name: sum(one.at_minimum.values()) for name, one in ways.items()}
        most = {name: sum(one.at_maximum.values()) for name, one in ways.items()}
        variables = next(iter(ways.values())).variables
        more = variables["max_instances"] - variables["min_instances"]
        further = {name: (most[name] - least[name]) / more if more else 0 for name in ways}
        for label, costs in (
            (f"{environment}, {variables['min_instances']} of {variables['max_instances']} hosts", least),
            (f"{environment}, {variables['max_instances']} hosts", most),
            (f"{environment}, each host above the fewest", further),
        ):
            table.add_row(label, *(f"{costs[name]:,.2f}" if name in costs else "-" for name in names))
        table.add_section()
    console.print(table)
    for environment, ways in found.items():
        if BOTH in ways:
            variables = ways[BOTH].variables
            console.print(
                f"{environment}: office hours are {variables['hours_per_month']} hours a month, a spot host costs "
                f"{variables['spot_discount']:.0%} less",
                soft_wrap=True,
            )


def main() -> None:
    """Print the table and draw the chart."""
    parser = argparse.ArgumentParser(prog="make forecast", description=__doc__)
    parser.add_argument(
        "--chart", type=Path, default=Path("build/forecast.png"), help="PNG file (default: %(default)s)"
    )
    chart: Path = parser.parse_args().chart
    console = Console()
    print_table(console)
    print_savings(console)
    draw(forecasts(), chart, savings())
    print(f"chart: {chart}")


if __name__ == "__main__":
    main()
