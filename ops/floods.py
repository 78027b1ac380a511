"""What a flood of requests costs, by the forecast's own prices: the table of docs/security.md.

    python -m ops.floods prod

It is the worst case: the flood lasts, nobody acts, and the limits alone bound it. AWS calls its throttles targets, not
guarantees; the half minute before WAF reacts is left out.
"""

import argparse
from dataclasses import dataclass
from itertools import product

from inference_constructs.api import requests_per_second
from inference_constructs.cost import (
    AUTHORIZER_GB_SECONDS,
    BYTES_PER_TOKEN,
    HOURS_PER_MONTH,
    LOG_BYTES_PER_REQUEST,
    Prices,
    prices_of,
)
from inference_constructs.host import engine_profile
from inference_constructs.page import PAGE_REQUESTS_PER_MINUTE
from ops.shared.arguments import add_environment
from stacks.environments import Environment

REQUESTS_PER_SECOND = 5_000
"""Rate of the flood: what one machine can send."""

RATE_LIMIT_PER_MINUTE = 100
"""Default of the variable `rate_limit_per_minute`."""

ACCESS_LINE_BYTES = 500
"""Estimate: a line of the API's access log, which blocked and throttled requests get too."""

AUTHORIZER_SECONDS = 0.01
"""Estimate of one call of the key authorizer."""

LARGEST_FILE_BYTES = 9_000
"""Size of the largest file of the demo page with headers, when asked for without compression."""

SECONDS_PER_DAY = 86_400


@dataclass(frozen=True, kw_only=True)
class Flood:
    """A flood on the API or on the page.

    Attributes:
        target: `API` or `page`.
        many: From so many addresses that none exceeds its limit; from one address otherwise.
        keys: Whether inference requests need an API key, which the flood has not.
    """

    target: str
    many: bool
    keys: bool = False


def dollars_a_day(flood: Flood, environment: Environment) -> float:
    """What the flood adds to a day's bill of an environment."""
    prices = prices_of(environment.region)
    return _on_api(flood, environment, prices) if flood.target == "API" else _on_page(flood, environment, prices)


def _on_api(flood: Flood, environment: Environment, prices: Prices) -> float:
    inspected = REQUESTS_PER_SECOND * SECONDS_PER_DAY / 1e6
    logs = prices["logs_ingested_gb"] + prices["logs_stored_gb_month"]
    firewall = inspected * (prices["web_acl_million_requests"] + ACCESS_LINE_BYTES / 1e3 * logs)
    throttled = requests_per_second(with_key=not flood.keys)
    # without a key: /health and what answers everything else
    passed = throttled if flood.many else min(RATE_LIMIT_PER_MINUTE / 60, throttled)
    million = passed * SECONDS_PER_DAY / 1e6
    forwarded = million * (prices["rest_api_million_requests"] + LOG_BYTES_PER_REQUEST / 1e3 * logs)
    if flood.keys:
        return firewall + forwarded + _authorizer(flood, environment, prices)
    return firewall + forwarded + _fleet(environment, prices)


def _fleet(environment: Environment, prices: Prices) -> float:
    """The group at its maximum instead of its minimum, and all that it can write going out."""
    more = (environment.max_instances - environment.min_instances) * prices.instance_hour(environment.instance_type)
    profile = engine_profile(environment.engine)
    # all places are taken, and no step is shorter than the reading of the weights
    tokens_per_second = environment.max_instances * profile.max_num_seqs / profile.step_time.weights_seconds
    written = tokens_per_second * BYTES_PER_TOKEN * SECONDS_PER_DAY / 1e9
    return 24 * more + written * prices["data_out_gb"]


def _authorizer(flood: Flood, environment: Environment, prices: Prices) -> float:
    """Keys that are made up: as many calls as the authorizer's concurrency allows."""
    wanted = REQUESTS_PER_SECOND if flood.many else RATE_LIMIT_PER_MINUTE / 60
    reserved = environment.authorizer_concurrency
    calls = min(wanted, reserved / AUTHORIZER_SECONDS) if reserved > 0 else wanted
    million = calls * SECONDS_PER_DAY / 1e6
    return million * (prices["lambda_million_requests"] + AUTHORIZER_GB_SECONDS * 1e6 * prices["lambda_gb_second"])


def _on_page(flood: Flood, environment: Environment, prices: Prices) -> float:
    limited = environment.site_firewall
    served = PAGE_REQUESTS_PER_MINUTE / 60 if limited and not flood.many else REQUESTS_PER_SECOND
    million = served * SECONDS_PER_DAY / 1e6
    # what WAF blocks costs nothing at CloudFront
    sent = million * (100 * prices["cloudfront_10k_requests"] + LARGEST_FILE_BYTES / 1e3 * prices["cloudfront_gb"])
    inspected = REQUESTS_PER_SECOND * SECONDS_PER_DAY / 1e6 * prices["web_acl_million_requests"]
    return sent + (inspected if limited else 0)


def table(environment: Environment) -> list[str]:
    """The rows of the table in docs/security.md."""
    rows = [
        "| flood of 5,000 requests a second | keys off: a day, a month | keys on: a day, a month |",
        "|---|---|---|",
    ]
    for target, many in product(("API", "page"), (False, True)):
        days = [dollars_a_day(Flood(target=target, many=many, keys=keys), environment) for keys in (False, True)]
        cells = " | ".join(f"${day:,.0f}, ${day * HOURS_PER_MONTH / 24:,.0f}" for day in days)
        rows.append(f"| on the {target}, from {'many addresses' if many else 'one address'} | {cells} |")
    return rows


def main() -> None:
    """Print the table of an environment."""
    parser = argparse.ArgumentParser(prog="python -m ops.floods", description=__doc__)
    add_environment(parser)
    print("\n".join(table(parser.parse_args().environment)))


if __name__ == "__main__":
    main()
