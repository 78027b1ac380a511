"""The dollars that the documents name are those of the forecast."""

import pytest

from ops.cost.forecast import Forecast, forecast_of, savings_of
from stacks.environments import ENVIRONMENTS, Environment
from support.paths import ROOT
from support.stack_json import Json

README = (ROOT / "README.md").read_text()
COST = (ROOT / "docs" / "cost.md").read_text()


@pytest.fixture(params=ENVIRONMENTS, ids=lambda environment: environment.name)
def environment(request: pytest.FixtureRequest) -> Environment:
    return request.param


def totals(forecast: Forecast) -> tuple[float, float]:
    """A month with the fewest and with the most hosts."""
    return sum(forecast.at_minimum.values()), sum(forecast.at_maximum.values())


def test_readme_has_the_month_of_each_environment(synthesized: dict[str, Json], environment: Environment) -> None:
    least, most = totals(forecast_of(synthesized[environment.prefix]))
    hosts = f"{environment.min_instances} to {environment.max_instances} {environment.instance_type}"
    assert f"| {environment.name} | {hosts} | ${least:,.0f} | ${most:,.0f} |\n" in README
    assert f"`{environment.name}` ${least:,.0f}" in README


def test_readme_has_the_share_of_gpu_hosts(synthesized: dict[str, Json]) -> None:
    shares = [
        breakdown["GPU instances"] / sum(breakdown.values())
        for each in ENVIRONMENTS
        for forecast in [forecast_of(synthesized[each.prefix])]
        for breakdown in (forecast.at_minimum, forecast.at_maximum)
    ]
    assert f"GPU hosts are {100 * min(shares):.0f} to {100 * max(shares):.0f} % of them" in README


def test_cost_page_has_what_would_save(synthesized: dict[str, Json], environment: Environment) -> None:
    ways = savings_of(synthesized[environment.prefix])
    months = [totals(ways[way]) if way in ways else None for way in ("on demand", "spot", "office hours", "both")]
    labels = f"{environment.min_instances} of {environment.max_instances} hosts", f"{environment.max_instances} hosts"
    for which, label in enumerate(labels):
        cells = " | ".join(f"{month[which]:,.0f}" if month else "-" for month in months)
        assert f"| {environment.name}, {label} | {cells} |\n" in COST
