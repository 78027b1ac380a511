"""The dollars that README names are those of the forecast."""

from ops.cost.forecast import forecast_of
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
