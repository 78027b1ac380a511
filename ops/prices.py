"""Compare prices.json with AWS's price list, and take AWS's figures over with --write: `make prices`.

Needs AWS credentials that allow pricing:GetProducts. The list is free of charge.
"""

# boto3 ships no types.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false

import argparse
import json
import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import boto3
from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console
from rich.table import Table

from inference_constructs.cost import HOURS_PER_MONTH, prices
from inference_constructs.host import INSTANCE_TYPES

PRICES = Path(prices.__file__).with_name("prices.json")

SOURCE = "AWS Price List Query API, https://docs.aws.amazon.com/awsaccountbilling/latest/aboutv2/price-changes.html"

_REGION_PREFIX = re.compile(r"(?:[A-Z]{2,4}\d?|[a-z]{2}(?:-[a-z]+)+-\d)-")
"""What AWS puts before a usage type outside us-east-1: EUC1-EBS:VolumeUsage.gp3, eu-central-1-KMS-Keys."""


@dataclass(frozen=True, kw_only=True)
class Query:
    """Where AWS's price list has a price.

    Attributes:
        service: Service code.
        usage_type: Usage type, without a region's prefix.
        factor: From AWS's unit to the key's.
        region_field: Attribute that holds the region; None for a price that is the same everywhere.
        filters: Values of further attributes, where a usage type has several products.
    """

    service: str
    usage_type: str
    factor: float = 1
    region_field: str | None = "regionCode"
    filters: Mapping[str, str] = field(default_factory=dict[str, str])


_ALB = {"operation": "LoadBalancing:Application"}

QUERIES = {
    "gp3_gib_month": Query(service="AmazonEC2", usage_type="EBS:VolumeUsage.gp3"),
    # AWS's unit is GiB/s
    "gp3_mibps_month": Query(service="AmazonEC2", usage_type="EBS:VolumeP-Throughput.gp3", factor=1 / 1024),
    "snapshot_gib_month": Query(service="AmazonEC2", usage_type="EBS:SnapshotUsage"),
    "load_balancer_month": Query(
        service="AWSELB", usage_type="LoadBalancerUsage", factor=HOURS_PER_MONTH, filters=_ALB
    ),
    "load_balancer_lcu_month": Query(service="AWSELB", usage_type="LCUUsage", factor=HOURS_PER_MONTH, filters=_ALB),
    "interface_endpoint_month": Query(service="AmazonVPC", usage_type="VpcEndpoint-Hours", factor=HOURS_PER_MONTH),
    "interface_endpoint_gb": Query(service="AmazonVPC", usage_type="VpcEndpoint-Bytes"),
    "rest_api_million_requests": Query(service="AmazonApiGateway", usage_type="ApiGatewayRequest", factor=1e6),
    "web_acl_month": Query(service="awswaf", usage_type="WebACLV2"),
    "web_acl_rule_month": Query(service="awswaf", usage_type="RuleV2"),
    "web_acl_million_requests": Query(service="awswaf", usage_type="RequestV2-Tier1", factor=1e6),
    "lambda_million_requests": Query(service="AWSLambda", usage_type="Request-ARM", factor=1e6),
    "lambda_gb_second": Query(service="AWSLambda", usage_type="Lambda-GB-Second-ARM"),
    "metric_month": Query(service="AmazonCloudWatch", usage_type="CW:MetricMonitorUsage"),
    "alarm_month": Query(service="AmazonCloudWatch", usage_type="CW:AlarmMonitorUsage"),
    "dashboard_month": Query(service="AmazonCloudWatch", usage_type="DashboardsUsageHour", region_field=None),
    "logs_ingested_gb": Query(service="AmazonCloudWatch", usage_type="DataProcessing-Bytes"),
    "logs_stored_gb_month": Query(service="AmazonCloudWatch", usage_type="TimedStorage-ByteHrs"),
    "data_out_gb": Query(
        service="AWSDataTransfer",
        usage_type="DataTransfer-Out-Bytes",
        region_field="fromRegionCode",
        filters={"transferType": "AWS Outbound"},
    ),
    "cloudfront_gb": Query(service="AmazonCloudFront", usage_type="US-DataTransfer-Out-Bytes", region_field=None),
    "cloudfront_10k_requests": Query(
        service="AmazonCloudFront", usage_type="US-Requests-Tier2-HTTPS", factor=10_000, region_field=None
    ),
    "s3_gb_month": Query(service="AmazonS3", usage_type="TimedStorage-ByteHrs"),
    "kms_key_month": Query(service="awskms", usage_type="KMS-Keys"),
}
"""Usage types: https://docs.aws.amazon.com/cur/latest/userguide/usage-types.html, and each service's price list."""


def _instance(instance_type: str) -> Query:
    return Query(
        service="AmazonEC2",
        usage_type=f"BoxUsage:{instance_type}",
        filters={
            "operatingSystem": "Linux",
            "tenancy": "Shared",
            "preInstalledSw": "NA",
            "capacitystatus": "Used",
        },
    )


class NotListedError(LookupError):
    """AWS's price list has no such product."""


class Tier(NamedTuple):
    """Units from a first one on, and dollars for each."""

    first_unit: float
    dollars: float


def paid_tiers(product: Mapping[str, Any]) -> Iterator[Tier]:
    """Yield a product's tiers that cost something, on demand."""
    for term in product["terms"].get("OnDemand", {}).values():
        for tier in term["priceDimensions"].values():
            dollars = float(tier["pricePerUnit"].get("USD", 0))
            if dollars > 0:
                yield Tier(float(tier.get("beginRange", 0)), dollars)


def look_up(client: Any, query: Query, region: str) -> float:
    """AWS's price, of the first tier that is not free.

    Args:
        client: boto3 client of the service `pricing`.
        query: What to look for.
        region: Region's code.

    Raises:
        NotListedError: AWS lists none.
        LookupError: AWS lists several that differ.
    """
    filters = [{"Type": "CONTAINS", "Field": "usagetype", "Value": query.usage_type}]
    wanted = {**query.filters, **({query.region_field: region} if query.region_field else {})}
    filters += [{"Type": "TERM_MATCH", "Field": name, "Value": value} for name, value in wanted.items()]
    pages = client.get_paginator("get_products").paginate(ServiceCode=query.service, Filters=filters)
    products = [json.loads(text) for page in pages for text in page["PriceList"]]
    found = {
        min(tiers).dollars
        for product in products
        if _is_of(product["product"]["attributes"]["usagetype"], query) and (tiers := list(paid_tiers(product)))
    }
    wanted_in = f"for {query.service} {query.usage_type} in {region}"
    if not found:
        raise NotListedError(f"AWS lists no price {wanted_in}")
    if len(found) > 1:
        raise LookupError(f"AWS lists {len(found)} different prices {wanted_in}")
    return round(found.pop() * query.factor, 10)


def _is_of(usage_type: str, query: Query) -> bool:
    return usage_type == query.usage_type or (
        query.region_field is not None and _REGION_PREFIX.sub("", usage_type, count=1) == query.usage_type
    )


def instance_hours(client: Any, region: str) -> dict[str, float]:
    """Dollars an hour of each GPU instance type that the region has.

    Raises:
        LookupError: AWS lists several prices of one.
    """
    found: dict[str, float] = {}
    for kind in INSTANCE_TYPES:
        with suppress(NotListedError):
            found[kind] = look_up(client, _instance(kind), region)
    return found


def refreshed(client: Any, region: str) -> dict[str, Any]:
    """A region's entry of prices.json as AWS has it today.

    Raises:
        LookupError: a price other than an instance type's is not in AWS's list.
    """
    return {
        "source": SOURCE,
        "date": datetime.now(UTC).date().isoformat(),
        "prices": {
            "instance_hour": instance_hours(client, region),
            **{key: look_up(client, query, region) for key, query in QUERIES.items()},
        },
    }


def flat(entry: Mapping[str, Any]) -> dict[str, float]:
    """A region's prices by key, instance types among the keys."""
    return {**entry["prices"]["instance_hour"], **{k: v for k, v in entry["prices"].items() if k != "instance_hour"}}


def comparison(region: str, old: Mapping[str, float], new: Mapping[str, float]) -> Table:
    """A table of the prices that differ."""
    table = Table(title=f"{region}: prices.json and AWS", title_justify="left")
    for name in ("price", "prices.json", "AWS"):
        table.add_column(name, justify="left" if name == "price" else "right")
    for key in {**new, **old}:
        if old.get(key) != new.get(key):
            table.add_row(key, *(f"{side[key]:g}" if key in side else "-" for side in (old, new)))
    return table


def main() -> None:
    """Compare; write where asked to."""
    parser = argparse.ArgumentParser(prog="make prices", description=__doc__)
    parser.add_argument("--region", action="append", help="only this region; a new one is added (default: all)")
    parser.add_argument("--write", action="store_true", help="take AWS's prices over into prices.json")
    arguments = parser.parse_args()
    every: dict[str, Any] = json.loads(PRICES.read_text())
    for region in arguments.region or every:
        try:
            entry = refreshed(boto3.client("pricing", region_name="us-east-1"), region)
        except (BotoCoreError, ClientError, LookupError) as error:
            sys.exit(f"error: {error}")
        old = flat(every[region]) if region in every else {}
        Console().print(comparison(region, old, flat(entry)))
        every[region] = entry
    if arguments.write:
        PRICES.write_text(json.dumps(every, indent=2) + "\n")
        print("prices.json is written: run `make forecast`, and `make snapshots` to accept the change")


if __name__ == "__main__":
    main()
