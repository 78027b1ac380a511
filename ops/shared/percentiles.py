"""One definition of a percentile, for all figures that are compared with each other."""

from collections.abc import Sequence
from statistics import quantiles


def percentile(values: Sequence[float], percent: int) -> float:
    """Return a percentile from 1 to 99, interpolated between the two nearest values, as numpy does it.

    Raises:
        ValueError: there are no values.
    """
    if not values:
        raise ValueError("no values have no percentile")
    return quantiles(values, n=100, method="inclusive")[percent - 1] if len(values) > 1 else values[0]
