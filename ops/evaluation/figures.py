"""How far chance alone may explain a score, or the difference between two."""

from math import comb, sqrt
from statistics import NormalDist
from typing import NamedTuple

CONFIDENCE = 0.95


class Interval(NamedTuple):
    """Bounds of a share, from 0 to 1."""

    low: float
    high: float


def wilson(right: int, total: int) -> Interval:
    """Return Wilson's score interval of a share at 95 % confidence.

    https://www.itl.nist.gov/div898/handbook/prc/section2/prc241.htm

    Args:
        right: Right answers.
        total: All answers, above 0.
    """
    z = NormalDist().inv_cdf((1 + CONFIDENCE) / 2)
    share = right / total
    middle = share + z**2 / (2 * total)
    reach = z * sqrt(share * (1 - share) / total + z**2 / (4 * total**2))
    return Interval((middle - reach) / (1 + z**2 / total), (middle + reach) / (1 + z**2 / total))


def mcnemar(lost: int, won: int) -> float:
    """Return the exact p value of McNemar's test, two-sided: how likely so uneven a change is by chance.

    Where both runs are equally good, a question whose answer changed was as likely won as lost.

    Args:
        lost: Questions that only the earlier run answered rightly.
        won: Questions that only the later run did.
    """
    changed = lost + won
    return min(1.0, 2 * sum(comb(changed, count) for count in range(min(lost, won) + 1)) / 2**changed)
