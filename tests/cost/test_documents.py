"""The dollars that README and docs/cost.md name are those of the forecast."""

from ops.cost import BOTH, forecast_of, savings_of
from stacks.environments import ENVIRONMENTS
from support.paths import ROOT
from support.stack_json import Json


def test_readme_names_the_forecast(synthesized: dict[str, Json]) -> None:
    readme = " ".join((ROOT / "README.md").read_text().split())
    forecasts = {each.name: forecast_of(synthesized[each.prefix]) for each in ENVIRONMENTS}
    for name, forecast in forecasts.items():
        least, most = sum(forecast.at_minimum.values()), sum(forecast.at_maximum.values())
        assert f"`{name}` {least:,.0f}" in readme
        assert f"{name} {least:,.0f} with" in readme
        assert f" {most:,.0f} with" in readme


def test_documents_name_what_would_save(synthesized: dict[str, Json]) -> None:
    cost = (ROOT / "docs" / "cost.md").read_text()
    for environment in ENVIRONMENTS:
        ways = savings_of(synthesized[environment.prefix])
        for month in ("at_minimum", "at_maximum"):
            dollars = [f"{sum(getattr(one, month).values()):,.0f}" for one in ways.values()]
            assert f"| {' | '.join([*dollars, '-', '-'][:4])} |" in cost
    dev = savings_of(synthesized["inference-dev"])[BOTH]
    least, most = sum(dev.at_minimum.values()), sum(dev.at_maximum.values())
    readme = " ".join((ROOT / "README.md").read_text().split())
    assert f"dev costs {least:,.0f} with 1 host and {most:,.0f} with 2" in readme
