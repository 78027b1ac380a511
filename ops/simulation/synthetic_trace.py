"""Write the synthetic trace `traces/diurnal.csv`: a day in three hours, with a sudden burst on its way down.

Requests arrive at random (Poisson) at a rate that follows a sine from night to noon and back. Tokens are log-normal, as
in the public traces. The same seed gives the same file.
"""

import argparse
import math
import random
from collections.abc import Iterator
from pathlib import Path

from ops.simulation.trace import OWN_COLUMNS, Request

TRACE = Path(__file__).parent / "traces" / "diurnal.csv"
SECONDS = 3 * 3600
NIGHT_RATE, NOON_RATE, BURST_RATE = 0.1, 2.4, 3.5
"""Requests a second."""

BURST = range(8400, 9000)
"""Seconds of the burst."""

MEDIAN_INPUT_TOKENS, MEDIAN_OUTPUT_TOKENS, SPREAD = 200, 120, 0.7


def rate(second: float) -> float:
    """Return the requests a second at this second."""
    if int(second) in BURST:
        return BURST_RATE
    return NIGHT_RATE + (NOON_RATE - NIGHT_RATE) * (1 - math.cos(2 * math.pi * second / SECONDS)) / 2


def synthetic_trace(seed: int = 0) -> Iterator[Request]:
    """Yield the requests, by thinning a Poisson process of the highest rate."""
    dice = random.Random(seed)  # noqa: S311  no secret
    second, highest = 0.0, max(NOON_RATE, BURST_RATE)
    while (second := second + dice.expovariate(highest)) < SECONDS:
        if dice.random() < rate(second) / highest:
            tokens = (
                min(2000, max(1, round(median * dice.lognormvariate(0, SPREAD))))
                for median in (MEDIAN_INPUT_TOKENS, MEDIAN_OUTPUT_TOKENS)
            )
            yield Request(round(second, 2), *tokens)


def csv_text() -> str:
    """Return the trace as CSV."""
    return "".join(",".join(str(value) for value in row) + "\n" for row in (OWN_COLUMNS, *synthetic_trace()))


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="python -m ops.simulation.synthetic_trace", description=__doc__)
    parser.add_argument("--dry-run", action="store_true", help="count the requests, write nothing")
    if not parser.parse_args().dry_run:
        TRACE.write_text(csv_text())
    print(f"{TRACE}: {sum(1 for _ in synthetic_trace())} requests")


if __name__ == "__main__":
    main()
