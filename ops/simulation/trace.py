"""Request traces: when requests came, and how many tokens went in and out."""

import csv
import random
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

OWN_COLUMNS = ("arrival_seconds", "input_tokens", "output_tokens")

AZURE_COLUMNS = ("TIMESTAMP", "ContextTokens", "GeneratedTokens")
"""Columns of the public Azure LLM inference traces of 2023 and 2024. https://github.com/Azure/AzurePublicDataset"""

JITTER_SECONDS = 30


class Request(NamedTuple):
    """One request of a trace; `arrival` is in seconds from its beginning."""

    arrival: float
    input_tokens: int
    output_tokens: int


def read_trace(path: Path) -> list[Request]:
    """Return a trace's requests in the order of arrival, the first at 0.

    Args:
        path: CSV file with the columns `arrival_seconds,input_tokens,output_tokens`, or Azure's.

    Raises:
        ValueError: a column is missing, a value is no number or no time, or there is no request.
        OSError: the file cannot be read.
    """
    with path.open(newline="", encoding="utf-8-sig") as file:
        reader = csv.DictReader(file)
        columns = next((c for c in (OWN_COLUMNS, AZURE_COLUMNS) if set(c) <= set(reader.fieldnames or ())), None)
        if columns is None:
            raise ValueError(f"{path} has neither the columns {','.join(OWN_COLUMNS)} nor {','.join(AZURE_COLUMNS)}")
        requests: list[Request] = []
        for row in reader:
            try:
                requests.append(_request(*(row[column] for column in columns)))
            except (TypeError, ValueError) as error:
                raise ValueError(f"{path}, line {reader.line_num}: {error}") from None
    if not requests:
        raise ValueError(f"{path} holds no request")
    requests.sort()
    return [request._replace(arrival=request.arrival - requests[0].arrival) for request in requests]


def _request(arrival: str, input_tokens: str, output_tokens: str) -> Request:
    request = Request(_seconds(arrival), int(input_tokens), max(1, int(output_tokens)))
    if request.input_tokens < 0:
        raise ValueError(f"{input_tokens} input tokens")
    return request


def _seconds(arrival: str) -> float:
    if ":" not in arrival:
        return float(arrival)
    moment = datetime.fromisoformat(arrival)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def scaled(requests: Sequence[Request], factor: float, seed: int = 0) -> list[Request]:
    """Return a trace with `factor` times as many requests, at about the same times.

    Every request comes as often as the factor says, a fraction being a chance; copies are moved by up to half a minute.
    """
    dice = random.Random(seed)  # noqa: S311  no secret

    def copies() -> Iterator[Request]:
        for request in requests:
            yield from [request] * (int(factor) + (dice.random() < factor % 1))

    if factor == 1:
        return list(requests)
    moved = (c._replace(arrival=max(0.0, c.arrival + dice.uniform(-JITTER_SECONDS, JITTER_SECONDS))) for c in copies())
    return sorted(moved)
