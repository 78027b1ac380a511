"""AWS's prices by region, on demand, in US dollars; free tiers are left out. `ops.prices` refreshes them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

HOURS_PER_MONTH = 730
"""AWS's own convention: 365 days of 24 hours, divided by 12 months."""


@dataclass(frozen=True, kw_only=True)
class Prices:
    """The prices of one region.

    Attributes:
        region: Region's code.
        source: Where the figures come from.
        date: When they were looked up, ISO 8601.
        figures: Dollars by key, the unit being the key's last words.
        instance_hours: Dollars an hour by EC2 instance type.
    """

    region: str
    source: str
    date: str
    figures: Mapping[str, float]
    instance_hours: Mapping[str, float]

    def __getitem__(self, key: str) -> float:
        """Dollars for a key of prices.json, such as `data_out_gb`."""
        return self.figures[key]

    def instance_hour(self, instance_type: str) -> float:
        """Dollars an hour for an instance type.

        Raises:
            ValueError: its price in this region is not known.
        """
        if instance_type not in self.instance_hours:
            raise ValueError(f"prices.json has no price of {instance_type} in {self.region}: run `make prices`")
        return self.instance_hours[instance_type]


def prices_of(region: str) -> Prices:
    """The prices of a region.

    Raises:
        ValueError: the region is not in prices.json; the text names those that are.
    """
    every: dict[str, Any] = json.loads(files("inference_constructs").joinpath("prices.json").read_text())
    if region not in every:
        raise ValueError(f"prices.json has no prices of region {region!r}; it has {', '.join(sorted(every))}")
    entry = every[region]
    figures = {key: value for key, value in entry["prices"].items() if isinstance(value, int | float)}
    return Prices(
        region=region,
        source=entry["source"],
        date=entry["date"],
        figures=figures,
        instance_hours=entry["prices"]["instance_hour"],
    )
