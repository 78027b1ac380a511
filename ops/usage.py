"""Who used how much: requests, tokens and dollars of each API key, by day and by month.

    make usage ENV=prod ARGS="--csv usage.csv --chart usage.png"

The gateway logs the id of the key with the tokens of each request, and CloudWatch Logs Insights adds them up. The log
is kept for 30 days, so that is as far as it looks back. Days are those of UTC.
"""

# boto3 ships no types, matplotlib's keyword arguments have none
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false

import argparse
import csv
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass, fields
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from inference_constructs.foundation import RETENTION_DAYS
from ops.cost import forecasts
from ops.shared.arguments import add_environment
from ops.shared.charts import COLOURS, chart, style_bars
from runtime.metrics import INPUT_TOKENS, KEY_ID, OUTPUT_TOKENS, REQUESTS
from stacks.environments import Environment

MAX_ROWS = 10_000
"""What one query returns at most.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_QuerySyntax-Limit.html
"""

DAY = "bin(1d)"
"""The day of a row: 2026-11-24 00:00:00.000, and the name of that column."""

QUERY = (
    f"filter ispresent({REQUESTS.name}) | stats sum({REQUESTS.name}) as requests, "
    f"sum({INPUT_TOKENS.name}) as tokens_in, sum({OUTPUT_TOKENS.name}) as tokens_out by {DAY}, {KEY_ID} "
    f"| limit {MAX_ROWS}"
)

UNDER_WAY = ("Scheduled", "Running")
"""AWS ends a query by itself after an hour.

https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_StartQuery.html
"""

POLL_SECONDS = 1.0

NO_KEY = "(no key)"

SHOWN = 6
"""Keys with a colour of their own in the chart, those with the most tokens; the others are added up."""


class UsageError(Exception):
    """The usage cannot be told; the text says why and what to do."""


@dataclass(frozen=True, kw_only=True)
class Usage:
    """What one key used in a period.

    Attributes:
        period: A day such as 2026-11-24, or a month such as 2026-11.
        key_id: The key's id; empty where none was required.
        key: The key's name, or its id where it was revoked since.
        requests: Completions that reached the gateway, whatever the answer.
        tokens_in: Tokens of their prompts.
        tokens_out: Tokens of their answers.
        dollars: `tokens_out` at the price of a million generated tokens, which has the cost of prompts in it.
    """

    period: str
    key_id: str
    key: str
    requests: int
    tokens_in: int
    tokens_out: int
    dollars: float


def query_rows(
    logs: Any, environment: Environment, now: datetime, wait: Callable[[float], None] = time.sleep
) -> list[dict[str, str]]:
    """Return what Logs Insights finds: a row for each day and key.

    Args:
        logs: boto3's client of CloudWatch Logs, in the environment's region.
        environment: Whose gateways.
        now: End of the time that is looked at.
        wait: Waits for some seconds between two looks at the query.

    Raises:
        UsageError: there is no log group, or the query did not end well.
    """
    group = f"/{environment.prefix}/gateway"
    first = now.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=RETENTION_DAYS - 1)
    try:
        query = logs.start_query(
            logGroupName=group,
            startTime=int(first.timestamp()),
            endTime=int(now.timestamp()),
            queryString=QUERY,
        )["queryId"]
    except logs.exceptions.ResourceNotFoundException:
        raise UsageError(
            f"there is no log group {group} in this account: apply the stack {environment.prefix} first"
        ) from None
    while (answer := logs.get_query_results(queryId=query))["status"] in UNDER_WAY:
        wait(POLL_SECONDS)
    if answer["status"] != "Complete":
        raise UsageError(f"the query on {group} ended as {answer['status']}: try again")
    rows: list[list[dict[str, str]]] = answer["results"]
    if len(rows) >= MAX_ROWS:
        raise UsageError(f"the query on {group} has {MAX_ROWS} rows or more, and AWS cuts off the rest")
    return [{cell["field"]: cell["value"] for cell in row} for row in rows]


def key_names(apigateway: Any) -> dict[str, str]:
    """Return the names of all keys of the region by id. Their values are not asked for."""
    pages = apigateway.get_paginator("get_api_keys").paginate(includeValues=False)
    return {key["id"]: key["name"] for page in pages for key in page["items"]}


def by_day(rows: Iterable[Mapping[str, str]], names: Mapping[str, str], price: float) -> list[Usage]:
    """Return the usage of each key on each day.

    Args:
        rows: Those of the query. A sum of nothing has no cell, or an empty one.
        names: Names of keys by id.
        price: Dollars for a million generated tokens.
    """
    found: list[Usage] = []
    for row in rows:
        requests, tokens_in, tokens_out = (
            int(float(row.get(name) or 0)) for name in ("requests", "tokens_in", "tokens_out")
        )
        key_id = row.get(KEY_ID, "")
        found.append(
            Usage(
                period=row[DAY][:10],
                key_id=key_id,
                key=names.get(key_id, key_id) if key_id else NO_KEY,
                requests=requests,
                tokens_in=tokens_in,
                tokens_out=tokens_out,
                dollars=tokens_out / 1e6 * price,
            )
        )
    return sorted(found, key=lambda usage: (usage.period, usage.key, usage.key_id))


def by_month(days: Iterable[Usage]) -> list[Usage]:
    """Return the usage of each key in each month."""
    groups: dict[tuple[str, str, str], list[Usage]] = defaultdict(list)
    for day in days:
        groups[day.period[:7], day.key, day.key_id].append(day)
    return [
        Usage(
            period=month,
            key_id=key_id,
            key=key,
            requests=sum(day.requests for day in group),
            tokens_in=sum(day.tokens_in for day in group),
            tokens_out=sum(day.tokens_out for day in group),
            dollars=sum(day.dollars for day in group),
        )
        for (month, key, key_id), group in sorted(groups.items())
    ]


def print_tables(console: Console, days: Sequence[Usage], price: float) -> None:
    """Print the days, then the months."""
    for period, usages in (("day", days), ("month", by_month(days))):
        table = Table(title=f"Usage by {period}", title_justify="left")
        table.add_column(period)
        table.add_column("key")
        for column in ("requests", "tokens in", "tokens out", "dollars"):
            table.add_column(column, justify="right")
        for usage in usages:
            counts = (f"{count:,}" for count in (usage.requests, usage.tokens_in, usage.tokens_out))
            table.add_row(usage.period, escape(usage.key), *counts, f"{usage.dollars:,.2f}")
        console.print(table)
    console.print(
        f"the last {RETENTION_DAYS} days, which is as long as the log is kept; days of UTC; "
        f"${price:.2f} a million generated tokens",
        soft_wrap=True,
        style="dim",
    )


def write_csv(days: Iterable[Usage], path: Path) -> None:
    """Write a line for each day and key."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["day", *(field.name for field in fields(Usage)[1:])])
        writer.writerows(astuple(day) for day in days)


def stacked(days: Sequence[Usage]) -> dict[str, dict[str, int]]:
    """Return the generated tokens by day of each key of the chart, those with the most first, the others as one."""
    totals: Counter[tuple[str, str]] = Counter()
    for day in days:
        totals[day.key, day.key_id] += day.tokens_out
    names = {key: " ".join(dict.fromkeys(key)).strip() for key, _ in totals.most_common(SHOWN)}
    others = f"{len(totals) - SHOWN} others"
    periods = sorted({day.period for day in days})
    found = {names.get(key, others): dict.fromkeys(periods, 0) for key, _ in totals.most_common()}
    for day in days:
        found[names.get((day.key, day.key_id), others)][day.period] += day.tokens_out
    return found


def draw(days: Sequence[Usage], path: Path) -> None:
    """Draw each day's generated tokens by key as a PNG file."""
    bottom: Counter[str] = Counter()
    with chart(path, 11, 4.5) as figure:
        axes = figure.subplots()
        for (name, tokens), colour in zip(stacked(days).items(), COLOURS, strict=False):
            periods = list(tokens)
            axes.bar(periods, list(tokens.values()), bottom=[bottom[day] for day in periods], color=colour, label=name)
            bottom.update(tokens)
        axes.yaxis.set_major_formatter("{x:,.0f}")
        axes.tick_params(axis="x", rotation=60)
        style_bars(axes, "Generated tokens a day, by API key", along="y")
        if days:
            axes.legend(frameon=False)


def price_of(environment: Environment) -> float:
    """Return the forecast's dollars for a million generated tokens.

    Raises:
        UsageError: the environment's stack was not synthesized.
    """
    found = forecasts()
    if environment.name not in found:
        raise UsageError(f"there is no stack {environment.prefix} in cdktf.out: run `make synth` first")
    return found[environment.name].per_million_tokens


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the tables; what goes wrong is one line on stderr and exit code 1."""
    parser = argparse.ArgumentParser(prog="python -m ops.usage", description=__doc__)
    add_environment(parser)
    parser.add_argument("--csv", type=Path, metavar="FILE", help="write the days as CSV")
    parser.add_argument("--chart", type=Path, metavar="FILE", help="draw the days as PNG")
    parser.add_argument(
        "--price", type=float, metavar="DOLLARS", help="for a million generated tokens (default: the forecast's)"
    )
    options = parser.parse_args(arguments)
    environment: Environment = options.environment
    try:
        price = price_of(environment) if options.price is None else options.price
        logs: Any = boto3.client("logs", region_name=environment.region)
        rows = query_rows(logs, environment, datetime.now(UTC))
        days = by_day(rows, key_names(boto3.client("apigateway", region_name=environment.region)), price)
        print_tables(Console(), days, price)
        if options.csv:
            write_csv(days, options.csv)
        if options.chart:
            draw(days, options.chart)
    except (UsageError, BotoCoreError, ClientError, OSError) as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()
