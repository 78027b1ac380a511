"""AWS's prices by region, on demand, in US dollars; free tiers are left out. `ops.prices` refreshes them."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

HOURS_PER_MONTH = 730
"""AWS's own convention: 365 days of 24 hours, divided by 12 months."""

COMPLETE_REGION = "us-east-1"
"""The region whose figures stand in for those that nobody has looked up for another region yet."""

SAME_EVERYWHERE = {"cloudfront_gb", "cloudfront_10k_requests", "dashboard_month"}
"""Prices that do not depend on the stack's region. CloudFront's are those of viewers in the US and Europe."""


@dataclass(frozen=True, kw_only=True)
class Prices:
    """The prices of one region.

    Attributes:
        region: Region's code.
        source: Where the figures come from.
        date: When they were looked up, ISO 8601.
        figures: Dollars by key, the unit being the key's last words.
        instance_hours: Dollars an hour by EC2 instance type.
        estimates: Keys whose figures are another region's.
    """

    region: str
    source: str
    date: str
    figures: Mapping[str, float]
    instance_hours: Mapping[str, float]
    estimates: Sequence[str] = ()

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

    @property
    def provenance(self) -> str:
        """Region, date, source, and which figures are estimates."""
        text = f"{self.region}, {self.date}: {self.source}"
        return f"{text}; estimated by {COMPLETE_REGION}'s: {', '.join(self.estimates)}" if self.estimates else text


def prices_of(region: str) -> Prices:
    """The prices of a region.

    Raises:
        ValueError: the region is not in prices.json; the text names those that are.
    """
    every: dict[str, Any] = json.loads(files("inference_constructs.cost").joinpath("prices.json").read_text())
    if region not in every:
        raise ValueError(f"prices.json has no prices of region {region!r}; it has {', '.join(sorted(every))}")
    entry = every[region]
    own, complete = (_figures(every[name]) for name in (region, COMPLETE_REGION))
    return Prices(
        region=region,
        source=entry["source"],
        date=entry["date"],
        figures=complete | own,
        instance_hours=entry["prices"]["instance_hour"],
        estimates=[key for key in complete if key not in own and key not in SAME_EVERYWHERE],
    )


def _figures(entry: Mapping[str, Any]) -> dict[str, float]:
    return {key: value for key, value in entry["prices"].items() if key != "instance_hour"}
