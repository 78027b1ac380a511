"""Least squares for times, which are never negative."""

from collections.abc import Sequence

import numpy as np


def non_negative_fit(rows: Sequence[Sequence[float]], values: Sequence[float]) -> list[float]:
    """Return the coefficients with which the rows' numbers add up to the values, as nearly as may be.

    Errors count as shares of the values, since longer times scatter more. A number whose coefficient would be negative
    is noise: it gets 0, and the others are fitted without it.

    Args:
        rows: The numbers of each measurement.
        values: What was measured, above 0.
    """
    matrix, kept = np.array(rows) / np.array(values)[:, None], list(range(len(rows[0])))
    while True:
        found, *_ = np.linalg.lstsq(matrix[:, kept], np.ones(len(values)), rcond=None)
        if (found >= 0).all():
            coefficients = dict(zip(kept, found.tolist(), strict=True))
            return [coefficients.get(column, 0.0) for column in range(len(rows[0]))]
        del kept[int(found.argmin())]
