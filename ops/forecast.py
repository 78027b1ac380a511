"""What each environment costs a month, read out of the synthesized stacks: `make forecast`."""

import argparse
from pathlib import Path

from rich.console import Console
from rich.table import Table

from ops.cost import draw, forecasts


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


def main() -> None:
    """Print the table and draw the chart."""
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
