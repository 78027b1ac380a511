"""Made-up metrics for a picture of the dashboard: an afternoon on which load rises and a second host comes."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inference_constructs.host import gpu_metrics
from ops.picture.metric_math import Series
from runtime import metrics as gateway

_SPREAD = {"p50": 1.0, "p95": 1.8, "p99": 2.3}
"""How much longer than a usual request the slowest take."""

_BOOT = dict(zip(gateway.BOOT_STAGES, (94.0, 3.0, 57.0, 24.0, 36.0, 4.0), strict=True))


class SampleMetrics:
    """Metrics over some time, by name and statistic; the same at every call."""

    def __init__(self, times: NDArray[np.datetime64], period: int) -> None:
        """Make the load.

        Args:
            times: Start of each period, UTC.
            period: Seconds.
        """
        self._period = period
        seconds = times.astype("datetime64[s]").astype(np.int64)
        self._random = np.random.default_rng(7)
        self._now = np.arange(len(times)) == len(times) - 1
        self._age = (seconds[-1] - seconds) / 60
        recent = len(times) > 1 and self._age[0] < 24 * 60
        self._load = self._afternoon() if recent else self._days(seconds)
        self._values: dict[str, Callable[[str], Series | float]] = self._by_name()

    def of(self, name: str, dimensions: dict[str, str], statistic: str) -> Series:
        """Return a metric's values.

        Args:
            name: Metric's name.
            dimensions: Its dimensions.
            statistic: Sum, Average, p99, ...
        """
        key = next((k for k in (f"{name} {v}" for v in dimensions.values()) if k in self._values), name)
        if "Rule" in dimensions:
            key = f"{name} {dimensions['Rule'].rpartition('-')[2]}"
        values = np.asarray(self._values[key](statistic), dtype=np.float64)
        return np.broadcast_to(values, self._load.shape)

    def _afternoon(self) -> Series:
        rise = 1 / (1 + np.exp((self._age - 110) / 9))
        return 0.35 + 1.05 * rise - 0.25 / (1 + np.exp((self._age - 25) / 6)) + self._noise(0.03)

    def _days(self, seconds: NDArray[np.int64]) -> Series:
        hour = seconds / 3600 % 24
        return np.clip(0.7 + 0.5 * np.sin((hour - 9) / 24 * 2 * np.pi), 0.2, None) + self._noise(0.05)

    def _noise(self, scale: float) -> Series:
        return self._random.normal(0, scale, len(self._age))

    @property
    def _hosts(self) -> Series:
        if self._age[0] < 24 * 60:
            return np.where(self._age < 86, 2.0, 1.0)
        return np.where(self._load > 1.0, 2.0, 1.0)

    @property
    def _utilization(self) -> Series:
        return np.clip(62 * self._load / self._hosts + 24 * (self._load / self._hosts > 0.8), 3, 99)

    @property
    def _queue(self) -> Series:
        return np.clip((self._load / self._hosts - 0.95) * 14, 0, None)

    def _latency(self, statistic: str, base: float) -> Series:
        slower = 1 + 1.6 * np.clip(self._load / self._hosts - 0.75, 0, None)
        return base * _SPREAD.get(statistic, 1.0) * slower * (1 + self._noise(0.03))

    def _sum(self, per_second: Series | float) -> Series:
        return np.clip(np.round(per_second * self._period * np.ones_like(self._load)), 0, None)

    def _few(self, per_period: float) -> Series:
        return np.where(self._queue > 0.5, np.round(per_period * (1 + self._noise(0.3))), 0)

    def _by_name(self) -> dict[str, Callable[[str], Series | float]]:
        requests = 1.6 * self._load
        values: dict[str, Callable[[str], Series | float]] = {
            "Count": lambda _: self._sum(requests),
            "RequestCount": lambda _: self._sum(requests * 0.98),
            gateway.REQUESTS.name: lambda _: self._sum(requests * 0.98),
            "Latency": lambda s: self._latency(s, 1500),
            gateway.REQUEST_LATENCY.name: lambda s: self._latency(s, 1440),
            "TargetResponseTime": lambda s: self._latency(s, 0.3),
            gateway.TIME_TO_FIRST_TOKEN.name: lambda s: self._latency(s, 210),
            gateway.GATEWAY_TIME.name: lambda s: self._latency(s, 0.4),
            gateway.OUTPUT_TOKENS.name: lambda _: self._sum(requests * 96),
            gateway.INPUT_TOKENS.name: lambda _: self._sum(requests * 41),
            gateway.READY.name: lambda _: 1.0,
            gateway.IN_FLIGHT.name: lambda _: np.clip(9 * self._load / self._hosts, 0, 12),
            gateway.QUEUE_DEPTH.name: lambda s: self._queue * (2.2 if s == "Maximum" else 1),
            "4XXError": lambda _: self._sum(requests * 0.02),
            "5XXError": lambda _: self._few(9),
            "ServerErrors": lambda _: self._few(9),
            "Responses 429": lambda _: self._few(5),
            "Responses 503": lambda _: self._few(7),
            "Responses 504": lambda _: self._few(2),
            gateway.REJECTIONS.name: lambda _: self._few(7),
            gateway.RESPONSES_5XX.name: lambda _: self._few(9),
            "HTTPCode_ELB_503_Count": lambda _: 0,
            "HTTPCode_ELB_504_Count": lambda _: 0,
            gateway.ENGINE_FAILURES.name: lambda _: 0,
            gateway.DISCONNECTS.name: lambda _: self._sum(requests * 0.006),
            "BlockedRequests limit": lambda _: self._few(5),
            "BlockedRequests size": lambda _: 0,
            "BlockedRequests ALL": lambda _: self._few(5) + 1,
            gpu_metrics.UTILIZATION: lambda s: np.clip(self._utilization * (1.05 if s == "Maximum" else 1), 0, 100),
            gpu_metrics.MEMORY_USED: lambda s: (20_700 if s == "Maximum" else 20_560) + self._noise(20),
            "GroupDesiredCapacity": lambda _: np.where(self._age < 92, 2.0, 1.0),
            "GroupInServiceInstances": lambda _: self._hosts,
            "GroupPendingInstances": lambda _: np.where((self._age < 92) & (self._age >= 86), 1.0, 0.0),
            "HealthyHostCount": lambda _: self._hosts,
            gateway.BOOT_SECONDS.name: lambda _: sum(_BOOT.values()),
        }
        stages: dict[str, Callable[[str], Series | float]] = {
            gateway.BOOT_STAGE_SECONDS[stage].name: lambda _, seconds=seconds: seconds
            for stage, seconds in _BOOT.items()
        }
        return values | stages


def sample(times: NDArray[np.datetime64], period: int) -> Callable[[list[Any]], Series]:
    """Return what a dashboard's entry of a metric shows in these times."""
    metrics = SampleMetrics(times, period)

    def values(entry: list[Any]) -> Series:
        _namespace, name, *dimensions, options = entry
        return metrics.of(name, dict(zip(dimensions[::2], dimensions[1::2], strict=True)), options["stat"])

    return values
