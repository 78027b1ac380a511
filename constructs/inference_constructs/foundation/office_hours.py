"""The hours of the week in which an environment has hosts, where it does not need them around the clock."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from math import ceil
from typing import Literal, TypeAlias, get_args
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

Day: TypeAlias = Literal["MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN"]

WORKING_DAYS: tuple[Day, ...] = ("MON", "TUE", "WED", "THU", "FRI")

LEAD_MINUTES = 10
"""How long before the opening hosts start: a boot of five minutes, and the load balancer's two checks after it."""

WEEKS_PER_MONTH = 365 / 12 / 7

_ANY_DAY = datetime(2000, 1, 1)


@dataclass(frozen=True, kw_only=True)
class OfficeHours:
    """When hosts run; at all other times there is none, and the API is closed.

    This switches R3.3 off: at least one host at all times.

    Attributes:
        time_zone: IANA's name of the zone whose clock counts, such as `Europe/Berlin`; summer time is followed.
        days: Days of the week.
        opening: When the hosts are ready, from 00:10 on.
        closing: When they go, later on the same day.
    """

    time_zone: str
    days: tuple[Day, ...] = WORKING_DAYS
    opening: time
    closing: time

    def __post_init__(self) -> None:
        """Refuse what cannot work.

        Raises:
            ValueError: one line that says what and why.
        """
        try:
            ZoneInfo(self.time_zone)
        except (ZoneInfoNotFoundError, ValueError):
            raise ValueError(
                f"office_hours: there is no time zone {self.time_zone!r}; use a name as in IANA's "
                "database, such as 'Europe/Berlin'"
            ) from None
        if not self.days:
            raise ValueError("office_hours: days are missing")
        if not set(self.days) <= set(get_args(Day)):
            raise ValueError(f"office_hours: days must be some of {', '.join(get_args(Day))}; got {self.days!r}")
        if not self._start < self.opening < self.closing:
            raise ValueError(
                f"office_hours: opening must be before closing, and not before 00:{LEAD_MINUTES} since hosts start "
                f"{LEAD_MINUTES} minutes earlier; got {self.opening:%H:%M} to {self.closing:%H:%M}"
            )

    @property
    def _start(self) -> time:
        """When the hosts are started; on the day before where that is after the opening."""
        return (datetime.combine(_ANY_DAY, self.opening) - timedelta(minutes=LEAD_MINUTES)).time()

    @property
    def start_cron(self) -> str:
        """When the hosts are started, as a cron expression in the time zone.

        https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-scheduled-scaling.html
        """
        return self._cron(self._start)

    @property
    def close_cron(self) -> str:
        """When they go, as a cron expression in the time zone."""
        return self._cron(self.closing)

    def _cron(self, at: time) -> str:
        return f"{at.minute} {at.hour} * * {','.join(self.days)}"

    @property
    def hours_per_month(self) -> int:
        """Hours a month in which hosts run, their start included, rounded up."""
        day = datetime.combine(_ANY_DAY, self.closing) - datetime.combine(_ANY_DAY, self._start)
        return ceil(len(self.days) * WEEKS_PER_MONTH * day / timedelta(hours=1))

    @property
    def openings_per_month(self) -> int:
        """How often a month hosts are started, rounded up."""
        return ceil(len(self.days) * WEEKS_PER_MONTH)
