"""The price file, and its refresh from AWS's price list. No AWS here: botocore's stub gives answers of AWS's shape."""

# boto3 ships no types.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import boto3
import pytest
import rich
from botocore.stub import Stubber

from inference_constructs.cost.prices import COMPLETE_REGION, prices_of
from inference_constructs.host.gpus import A10G, T4
from inference_constructs.host.instance_types import INSTANCE_TYPES
from ops import prices
from ops.prices import QUERIES, look_up

REGIONS = ["us-east-1", "us-west-2", "eu-west-1", "eu-central-1", "ap-northeast-1"]


@pytest.mark.req("R8.1")
@pytest.mark.parametrize("region", REGIONS)
def test_a_larger_size_of_a_gpu_family_costs_more_in_every_region(region: str) -> None:
    hour = prices_of(region).instance_hour
    for gpu in (T4, A10G):
        sizes = [size for size, kind in INSTANCE_TYPES.items() if kind.gpu == gpu and kind.gpu_count == 1]
        prices = [hour(size) for size in sorted(sizes, key=lambda size: INSTANCE_TYPES[size].vcpus)]
        assert prices == sorted(set(prices))


@pytest.mark.req("R8.1")
def test_figures_that_nobody_looked_up_are_named_as_estimates() -> None:
    found = prices_of("eu-west-1")
    assert found["web_acl_month"] == prices_of(COMPLETE_REGION)["web_acl_month"]
    assert "estimated by us-east-1's" in found.provenance
    assert "web_acl_month" in found.provenance
    assert "load_balancer_month" not in found.estimates
    assert "estimated" not in prices_of(COMPLETE_REGION).provenance


def test_every_price_of_the_file_can_be_refreshed() -> None:
    assert set(prices_of(COMPLETE_REGION).figures) == set(QUERIES)


def product(usage_type: str, *tiers: tuple[float, float]) -> str:
    """A product as AWS's GetProducts gives it: JSON as text. A tier is its first unit and the dollars a unit."""
    dimensions = {
        f"SKU.OFFER.{first}": {"beginRange": str(first), "pricePerUnit": {"USD": f"{dollars:.10f}"}}
        for first, dollars in tiers
    }
    return json.dumps(
        {
            "product": {"attributes": {"usagetype": usage_type}},
            "terms": {"OnDemand": {"SKU.OFFER": {"priceDimensions": dimensions}}},
        }
    )


@pytest.fixture
def aws() -> Iterator[Any]:
    """A client of the price list that answers what the test tells it to."""
    client: Any = boto3.client(
        "pricing", region_name="us-east-1", aws_access_key_id="none", aws_secret_access_key="none"
    )
    with Stubber(client) as stub:  # pyright: ignore[reportUnknownArgumentType]
        yield stub


def answer(aws: Any, *products: str) -> None:
    aws.add_response("get_products", {"FormatVersion": "aws_v1", "PriceList": list(products)})


def test_throughput_comes_in_gibibytes_and_is_kept_in_mebibytes(aws: Any) -> None:
    answer(aws, product("APN1-EBS:VolumeP-Throughput.gp3", (0, 49.152)))
    assert look_up(aws.client, QUERIES["gp3_mibps_month"], "ap-northeast-1") == pytest.approx(0.048)


def test_first_tier_that_is_not_free_counts(aws: Any) -> None:
    answer(aws, product("EUC1-DataTransfer-Out-Bytes", (10_240, 0.085), (0, 0), (1, 0.09)))
    assert look_up(aws.client, QUERIES["data_out_gb"], "eu-central-1") == 0.09


def test_products_whose_usage_type_only_contains_the_wanted_one_are_left_out(aws: Any) -> None:
    answer(
        aws,
        product("EU-Outposts-LCUUsage", (0, 0.001)),
        product("EU-ReservedLCUUsage", (0, 0.002)),
        product("EU-LCUUsage", (0, 0.008)),
    )
    assert look_up(aws.client, QUERIES["load_balancer_lcu_month"], "eu-west-1") == pytest.approx(5.84)


def test_key_prefix_is_the_regions_code(aws: Any) -> None:
    answer(aws, product("eu-central-1-KMS-Keys", (0, 1.0)))
    assert look_up(aws.client, QUERIES["kms_key_month"], "eu-central-1") == 1.0


@pytest.mark.parametrize(
    ("products", "text"),
    [
        ([], "AWS lists no price for AmazonS3 TimedStorage-ByteHrs in us-east-1"),
        (
            [product("TimedStorage-ByteHrs", (0, 0.023)), product("USE1-TimedStorage-ByteHrs", (0, 0.03))],
            "AWS lists 2 different prices",
        ),
    ],
    ids=["none", "several"],
)
def test_unclear_answers_are_refused_in_words(aws: Any, products: list[str], text: str) -> None:
    answer(aws, *products)
    with pytest.raises(LookupError, match=text):
        look_up(aws.client, QUERIES["s3_gb_month"], "us-east-1")


def test_write_takes_aws_figures_over(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str], aws: Any
) -> None:
    copy = tmp_path / "prices.json"
    copy.write_text(prices.PRICES.read_text())
    for kind in INSTANCE_TYPES:
        answer(aws, *([product(f"EUN1-BoxUsage:{kind}", (0, 0.5))] if kind != "g5.48xlarge" else []))
    for query in QUERIES.values():
        prefix = "EUN1-" if query.region_field else ""
        answer(aws, product(f"{prefix}{query.usage_type}", (0, 2.0)))
    monkeypatch.setattr(prices, "PRICES", copy)
    monkeypatch.setattr(boto3, "client", Mock(return_value=aws.client))
    monkeypatch.setattr(sys, "argv", ["prices", "--region", "eu-north-1", "--write"])
    prices.main()
    written: dict[str, Any] = json.loads(copy.read_text())["eu-north-1"]
    assert written["prices"]["instance_hour"] == {kind: 0.5 for kind in INSTANCE_TYPES if kind != "g5.48xlarge"}
    assert written["prices"]["load_balancer_month"] == 1460
    assert "gp3_gib_month" in capsys.readouterr().out


def test_a_price_that_aws_no_longer_lists_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    rich.print(prices.comparison("eu-west-1", {"g4dn.metal": 8.724, "g5.xlarge": 1.123}, {"g5.xlarge": 1.123}))
    shown = capsys.readouterr().out
    assert re.search(r"g4dn\.metal\W+8\.724\W+-", shown)
    assert "g5.xlarge" not in shown


def test_without_credentials_one_line_says_so(tmp_path: Path) -> None:
    environ = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    environ |= {"HOME": str(tmp_path), "AWS_EC2_METADATA_DISABLED": "true"}
    done = subprocess.run(
        [sys.executable, "-m", "ops.prices", "--region", "us-east-1"], env=environ, capture_output=True, text=True
    )
    assert done.returncode == 1
    assert done.stderr == "error: Unable to locate credentials\n"
