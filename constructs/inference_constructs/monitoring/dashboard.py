"""The dashboard's body as data, read from top to bottom: is it up, how slow, how busy, why, and what does it cost."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from inference_constructs.fleet import BUSY_PERCENT, IDLE_PERCENT
from inference_constructs.host import BOOT_DEADLINE_SECONDS, gpu_metrics
from inference_constructs.monitoring import running_cost
from inference_constructs.monitoring.alarms import P99_SECONDS
from inference_constructs.monitoring.metrics import ServiceMetrics
from inference_constructs.monitoring.running_cost import RunningCost
from inference_constructs.monitoring.widgets import (
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    PURPLE,
    RED,
    Line,
    Widget,
    chart,
    formula,
    line,
    percentiles,
    placed,
    section,
    text,
)
from runtime import metrics as gateway

HOUR_SECONDS = 3600


@dataclass(frozen=True, kw_only=True)
class DashboardContent:
    """What a dashboard shows.

    Attributes:
        title: First line.
        links: Addresses by name, beside the title.
        metrics: The environment's metrics.
        alarms: ARNs of the alarms.
        max_instances: Greatest size of the group; a number or an expression.
        gpu_memory_mib: Memory of the hosts' GPUs together, each host having one.
        cost: What the service costs.
    """

    title: str
    links: Mapping[str, str]
    metrics: ServiceMetrics
    alarms: Sequence[str]
    max_instances: object
    gpu_memory_mib: float
    cost: RunningCost


class Dashboard:
    """The widgets of one environment's dashboard."""

    def __init__(self, content: DashboardContent) -> None:
        self._content = content
        self._metrics = content.metrics
        self._chart = partial(chart, region=content.metrics.api.region)

    def body(self) -> dict[str, Any]:
        """Return the dashboard's body; periods stay as they are, whatever time range is chosen."""
        return {"start": "-PT3H", "periodOverride": "inherit", "widgets": placed(self._rows())}

    def _rows(self) -> list[list[Widget]]:
        return [
            [self._header()],
            [section("Is it up?")],
            [self._alarms(), self._now()],
            [section("How slow is it?")],
            [self._api_latency(), self._host_latency(), self._first_token(), self._gateway_time()],
            [section("How busy is it?")],
            [self._requests(), self._tokens(), self._queue()],
            [section("What fails?")],
            [self._statuses(), self._origins(), self._firewall()],
            [section("Why?")],
            [self._gpu_utilization(), self._gpu_memory(), self._hosts(), self._boot()],
            [section("What does it cost?")],
            [self._hourly_cost(), self._month_to_date()],
        ]

    def _header(self) -> Widget:
        links = " · ".join(f"[{name}]({url})" for name, url in self._content.links.items())
        return text(f"# {self._content.title}\nRead from top to bottom. {links}", height=2)

    def _alarms(self) -> Widget:
        properties = {"title": "Alarms", "alarms": list(self._content.alarms), "sortBy": "stateUpdatedTimestamp"}
        return {"type": "alarm", "width": 8, "height": 5, "properties": properties}

    def _now(self) -> Widget:
        m = self._metrics
        return self._chart(
            "The last 5 minutes",
            [
                line(m.fleet.of_targets("HealthyHostCount"), "Maximum", "Healthy hosts", GREEN),
                line(m.fleet.of_gateway(gateway.READY), "Average", "Engines ready", id="ready"),
                formula("100 * ready", "Engines ready, %", GREEN),
                line(m.api.of_api("Count"), "Sum", "Requests", id="requests"),
                formula("requests / PERIOD(requests)", "Requests a second", BLUE),
                line(m.api.of_api("Latency"), "p99", "p99 latency, ms", RED),
                line(m.server_errors, "Sum", "5xx", id="errors"),
                formula("100 * errors / requests", "5xx, %", RED),
                line(m.fleet.of_gpus(gpu_metrics.UTILIZATION), "Average", "GPU, %", PURPLE),
            ],
            view="singleValue",
            width=16,
            height=5,
        )

    def _api_latency(self) -> Widget:
        return self._chart(
            "Latency at the API, ms",
            percentiles(self._metrics.api.of_api("Latency")),
            thresholds=[(f"alarm: p99 above {P99_SECONDS} s", P99_SECONDS * 1000, RED)],
            width=6,
        )

    def _host_latency(self) -> Widget:
        """Part of the API's latency: what is missing here went by on the way."""
        return self._chart(
            "Latency on the host, ms",
            [
                *percentiles(self._metrics.fleet.of_gateway(gateway.REQUEST_LATENCY)),
                line(self._metrics.fleet.of_load_balancer("TargetResponseTime"), "p99", "until headers", id="headers"),
                formula("1000 * headers", "load balancer p99, until headers", GREY),
            ],
            width=6,
        )

    def _first_token(self) -> Widget:
        return self._chart(
            "Time to first token of streams, ms",
            percentiles(self._metrics.fleet.of_gateway(gateway.TIME_TO_FIRST_TOKEN)),
            width=6,
        )

    def _gateway_time(self) -> Widget:
        """Part of the latency on the host: neither the wait for a turn nor the engine."""
        return self._chart(
            "The gateway's own share, ms", percentiles(self._metrics.fleet.of_gateway(gateway.GATEWAY_TIME)), width=6
        )

    def _requests(self) -> Widget:
        m = self._metrics
        counts = {
            "api": (m.api.of_api("Count"), "API", BLUE),
            "balancer": (m.fleet.of_load_balancer("RequestCount"), "load balancer", GREY),
            "gateway": (m.fleet.of_gateway(gateway.REQUESTS), "gateway", GREEN),
        }
        return self._chart(
            "Requests a second",
            [
                entry
                for name, (metric, label, color) in counts.items()
                for entry in (line(metric, "Sum", label, id=name), formula(f"{name} / PERIOD({name})", label, color))
            ],
        )

    def _tokens(self) -> Widget:
        m = self._metrics
        return self._chart(
            "Tokens a second",
            [
                line(m.fleet.of_gateway(gateway.OUTPUT_TOKENS), "Sum", "generated", id="output"),
                formula("output / PERIOD(output)", "generated", BLUE),
                line(m.fleet.of_gateway(gateway.INPUT_TOKENS), "Sum", "read", id="input"),
                formula("input / PERIOD(input)", "read", GREY),
            ],
        )

    def _queue(self) -> Widget:
        m = self._metrics
        return self._chart(
            "Requests on a host: in the engine, and waiting",
            [
                line(m.fleet.of_gateway(gateway.IN_FLIGHT), "Average", "in the engine, average", BLUE),
                line(m.fleet.of_gateway(gateway.QUEUE_DEPTH), "Average", "waiting, average", ORANGE),
                line(m.fleet.of_gateway(gateway.QUEUE_DEPTH), "Maximum", "waiting, most", RED),
            ],
        )

    def _statuses(self) -> Widget:
        m = self._metrics
        return self._chart(
            "Answers by status, as clients got them",
            [
                line(m.api.of_api("4XXError"), "Sum", "4xx and changed 5xx", id="changed"),
                line(m.api.of_api("5XXError"), "Sum", "unchanged 5xx", id="unchanged"),
                line(m.server_errors, "Sum", "5xx", id="errors"),
                formula("changed + unchanged - errors", "all 4xx", GREY),
                line(m.of_status(429), "Sum", "429 too many requests", ORANGE),
                formula("errors", "all 5xx", RED),
                line(m.of_status(503), "Sum", "503 full or loading", PURPLE),
                line(m.of_status(504), "Sum", "504 too slow", BLUE),
            ],
        )

    def _origins(self) -> Widget:
        m = self._metrics
        return self._chart(
            "Who failed",
            [
                line(m.fleet.of_gateway(gateway.REJECTIONS), "Sum", "gateway: not let in (503)", PURPLE),
                line(m.fleet.of_gateway(gateway.RESPONSES_5XX), "Sum", "gateway: all 5xx", RED),
                line(m.fleet.of_load_balancer("HTTPCode_ELB_503_Count"), "Sum", "load balancer: no host (503)", ORANGE),
                line(
                    m.fleet.of_load_balancer("HTTPCode_ELB_504_Count"), "Sum", "load balancer: silent host (504)", BLUE
                ),
                line(m.fleet.of_gateway(gateway.ENGINE_FAILURES), "Sum", "engine failed", "#000000"),
                line(m.fleet.of_gateway(gateway.DISCONNECTS), "Sum", "client left", GREY),
            ],
        )

    def _firewall(self) -> Widget:
        m = self._metrics
        return self._chart(
            "Blocked by the firewall",
            [
                line(m.api.of_firewall("rate-limit"), "Sum", "too many requests (429)", ORANGE),
                line(m.api.of_firewall("body-size"), "Sum", "body too large (413)", BLUE),
                line(m.api.of_firewall(), "Sum", "all rules", GREY),
            ],
        )

    def _gpu_utilization(self) -> Widget:
        metric = self._metrics.fleet.of_gpus(gpu_metrics.UTILIZATION)
        return self._chart(
            "GPU utilisation, %",
            [line(metric, "Average", "average", PURPLE), line(metric, "Maximum", "busiest host", GREY)],
            thresholds=[
                (f"above {BUSY_PERCENT} %: busy", BUSY_PERCENT, RED),
                (f"below {IDLE_PERCENT} %: idle", IDLE_PERCENT, GREEN),
            ],
            top=100,
            width=6,
        )

    def _gpu_memory(self) -> Widget:
        metric = self._metrics.fleet.of_gpus(gpu_metrics.MEMORY_USED)
        return self._chart(
            "GPU memory in use, MiB",
            [line(metric, "Average", "average", PURPLE), line(metric, "Maximum", "fullest host", GREY)],
            thresholds=[("all of it", self._content.gpu_memory_mib, RED)],
            width=6,
        )

    def _hosts(self) -> Widget:
        m = self._metrics
        return self._chart(
            "Hosts",
            [
                line(m.fleet.of_group("GroupDesiredCapacity"), "Maximum", "wanted", GREY),
                line(m.fleet.of_group("GroupInServiceInstances"), "Minimum", "in service", GREEN),
                line(m.fleet.of_group("GroupPendingInstances"), "Maximum", "starting", ORANGE),
                line(m.fleet.of_targets("HealthyHostCount"), "Maximum", "healthy", BLUE),
            ],
            thresholds=[("max_instances", self._content.max_instances, RED)],
            width=6,
        )

    def _boot(self) -> Widget:
        """The longest of the last week: hosts boot seldom."""
        fleet = self._metrics.fleet
        stages = {"ready": gateway.BOOT_SECONDS, **gateway.BOOT_STAGE_SECONDS}
        labels = {stage: stage.replace("_", " ") for stage in stages}
        labels["ready"] = f"until ready (limit {BOOT_DEADLINE_SECONDS} s)"
        return self._chart(
            "Longest boot in 7 days by stage, s",
            [line(fleet.of_gateway(metric), "Maximum", labels[stage]) for stage, metric in stages.items()],
            view="bar",
            whole_range="-P7D",
            width=6,
        )

    def _cost_terms(self) -> list[Line]:
        m = self._metrics
        return [
            line(m.fleet.of_group("GroupInServiceInstances"), "Average", "hosts", id=running_cost.HOSTS),
            line(m.api.of_api("Count"), "Sum", "requests", id=running_cost.REQUESTS),
        ]

    def _hourly_cost(self) -> Widget:
        """Stacked, so that the top of the area is the whole."""
        cost = self._content.cost
        return self._chart(
            "Estimated cost in each hour, dollars",
            [
                *self._cost_terms(),
                formula(f"{running_cost.HOSTS} * 0 + {cost.fixed_hour}", "all else, as forecast", GREY),
                formula(cost.of_hosts, "hosts that ran", BLUE),
                formula(cost.of_requests, "requests", ORANGE),
            ],
            thresholds=[("forecast", cost.forecast_hour, RED)],
            stacked=True,
            period=HOUR_SECONDS,
            start="-P7D",
            width=12,
        )

    def _month_to_date(self) -> Widget:
        """Hours of this month (UTC) among those of the last 31 days, added up: the sum begins anew with each month."""
        cost = self._content.cost
        return self._chart(
            "Estimated cost of this month so far, dollars",
            [
                *self._cost_terms(),
                formula(cost.of_everything, "dollars in the hour", id="spent"),
                formula("YEAR(spent) * 12 + MONTH(spent)", "month", id="month"),
                formula("RUNNING_SUM(IF(month == MAX(month), spent, 0))", "spent so far", BLUE),
            ],
            thresholds=[("forecast for the month", cost.forecast_month, RED)],
            period=HOUR_SECONDS,
            start="-P31D",
            width=12,
        )
