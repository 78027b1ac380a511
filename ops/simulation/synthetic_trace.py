"""Write the synthetic traces.

`traces/diurnal.csv` is a day in three hours, with a sudden burst on its way down; `traces/burst.csv` is a quiet hour
and a half in which three bursts come. Requests arrive at random (Poisson), in the first at a rate that follows a sine
from night to noon and back. Tokens are log-normal, as in the public traces. The same seed gives the same files.
"""

import argparse
import math
import random
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

from ops.simulation.trace import OWN_COLUMNS, Request

TRACES = Path(__file__).parent / "traces"
TRACE, BURST_TRACE = TRACES / "diurnal.csv", TRACES / "burst.csv"
SECONDS = 3 * 3600
NIGHT_RATE, NOON_RATE, BURST_RATE = 0.1, 2.4, 3.5
"""Requests a second."""

BURST = range(8400, 9000)
"""Seconds of the burst."""

BURST_SECONDS = 5400
QUIET_RATE, HIGH_RATE = 0.2, 3.5
BURSTS = (range(1200, 1500), range(2700, 3300), range(4200, 4260))
"""Seconds of the burst trace's bursts: five minutes, ten, and one."""

MEDIAN_INPUT_TOKENS, MEDIAN_OUTPUT_TOKENS, SPREAD = 200, 120, 0.7


def daily_rate(second: float) -> float:
    """Return the requests a second at this second of the day."""
    if int(second) in BURST:
        return BURST_RATE
    return NIGHT_RATE + (NOON_RATE - NIGHT_RATE) * (1 - math.cos(2 * math.pi * second / SECONDS)) / 2


def bursty_rate(second: float) -> float:
    """Return the requests a second at this second of the burst trace."""
    return HIGH_RATE if any(int(second) in burst for burst in BURSTS) else QUIET_RATE


def usual_tokens(dice: random.Random) -> tuple[int, int]:
    """Return a request's tokens, of the prompt and of the answer."""
    return (_log_normal(dice, MEDIAN_INPUT_TOKENS), _log_normal(dice, MEDIAN_OUTPUT_TOKENS))


def _log_normal(dice: random.Random, median: int) -> int:
    return min(2000, max(1, round(median * dice.lognormvariate(0, SPREAD))))


def poisson_requests(
    rate: Callable[[float], float], seconds: float, highest: float, seed: int = 0
) -> Iterator[Request]:
    """Yield the requests, by thinning a Poisson process of the highest rate.

    Args:
        rate: Requests a second at a second.
        seconds: Length of the trace.
        highest: What the rate never exceeds.
        seed: The same one gives the same requests.
    """
    dice = random.Random(seed)  # noqa: S311  no secret
    second = 0.0
    while (second := second + dice.expovariate(highest)) < seconds:
        if dice.random() < rate(second) / highest:
            yield Request(round(second, 2), *usual_tokens(dice))


def daily_trace() -> Iterator[Request]:
    """Yield the requests of a day in three hours."""
    return poisson_requests(daily_rate, SECONDS, max(NOON_RATE, BURST_RATE))


def burst_trace() -> Iterator[Request]:
    """Yield the requests of the burst trace."""
    return poisson_requests(bursty_rate, BURST_SECONDS, HIGH_RATE)


SYNTHETIC: Mapping[Path, Callable[[], Iterator[Request]]] = {TRACE: daily_trace, BURST_TRACE: burst_trace}


def csv_text(requests: Iterable[Request]) -> str:
    """Return a trace as CSV."""
    return "".join(",".join(str(value) for value in row) + "\n" for row in (OWN_COLUMNS, *requests))


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="python -m ops.simulation.synthetic_trace", description=__doc__)
    parser.add_argument("--dry-run", action="store_true", help="count the requests, write nothing")
    dry_run: bool = parser.parse_args().dry_run
    for path, requests in SYNTHETIC.items():
        if not dry_run:
            path.write_text(csv_text(requests()))
        print(f"{path}: {sum(1 for _ in requests())} requests")


if __name__ == "__main__":
    main()
