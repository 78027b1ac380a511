"""What the service costs while it runs, from what CloudWatch sees: running hosts and requests (R4.3)."""

from dataclasses import dataclass

from inference_constructs.cost import HOURS_PER_MONTH, Prices

HOSTS = "hosts"
"""Id of the metric of running hosts in an expression."""

REQUESTS = "requests"
"""Id of the metric of requests in an hour."""


@dataclass(frozen=True, kw_only=True)
class RunningCost:
    """Dollars, as terms of CloudWatch's metric math over hourly periods.

    What does not depend on hosts or requests is the forecast without its hosts and its requests, so that the estimate
    meets the forecast when both are as forecast. Volumes of hosts above the minimum are left out: 1 to 2 % of a host.

    Attributes:
        host_hour: A host on demand for an hour.
        paid_hosts: Metric math of the running hosts, a spot host counted as the part of one that it costs.
        million_requests: A million requests: API Gateway, firewall and key authorizer.
        fixed_hour: All that runs in any case for an hour; a number or an OpenTofu expression.
        forecast_hour: The forecast for an hour; the same.
        forecast_month: The forecast for a month; the same.
    """

    host_hour: float
    paid_hosts: str
    million_requests: float
    fixed_hour: str
    forecast_hour: str
    forecast_month: str

    @property
    def of_hosts(self) -> str:
        """Dollars an hour for the hosts."""
        return f"{self.paid_hosts} * {self.host_hour}"

    @property
    def of_requests(self) -> str:
        """Dollars for the hour's requests; API Gateway says nothing in an hour without any."""
        return f"FILL({REQUESTS}, 0) * {self.million_requests} / 1000000"

    @property
    def of_everything(self) -> str:
        """Dollars for the hour; only where hosts were counted, so that an hour without data costs nothing."""
        return f"{self.of_hosts} + {self.of_requests} + {self.fixed_hour}"

    @property
    def percent_of_forecast(self) -> str:
        """The hour's dollars in percent of the forecast."""
        return f"100 * ({self.of_everything}) / {self.forecast_hour}"


def running_cost(prices: Prices, instance_type: str, forecast_month: str, *, spot: bool = False) -> RunningCost:
    """Return the cost of a stack whose variables are `min_instances`, `requests_per_month` and `hours_per_month`.

    Args:
        prices: Prices of the region.
        instance_type: EC2 type of the hosts.
        forecast_month: OpenTofu expression of the forecast at `min_instances`, such as `${local.monthly_cost_usd}`.
        spot: Whether hosts above the minimum are spot hosts, by the variables `spot_share` and `spot_discount`.

    Raises:
        ValueError: the instance type has no known price.
    """
    host_hour = prices.instance_hour(instance_type)
    million_requests = round(
        sum(prices[f"{part}_million_requests"] for part in ("rest_api", "web_acl", "lambda")),
        2,
    )
    hosts = f"var.min_instances * var.hours_per_month * {host_hour}"
    requests = f"var.requests_per_month * {million_requests} / 1000000"
    forecast = forecast_month.removeprefix("${").removesuffix("}")
    rest = f"({forecast} - {hosts} - {requests}) / {HOURS_PER_MONTH}"
    return RunningCost(
        host_hour=host_hour,
        paid_hosts=_with_spot("${var.min_instances}") if spot else HOSTS,
        million_requests=million_requests,
        fixed_hour=_rounded(f"max({rest}, 0)"),
        forecast_hour=_rounded(f"{forecast} / {HOURS_PER_MONTH}"),
        forecast_month=forecast_month,
    )


def _with_spot(base: str) -> str:
    price = _rounded("1 - var.spot_share * var.spot_discount")
    return f"IF({HOSTS} > {base}, {base} + ({HOSTS} - {base}) * {price}, {HOSTS})"


def _rounded(formula: str) -> str:
    """OpenTofu expression of the amount to a hundredth of a cent: it would write out hundreds of digits."""
    return f"${{floor(({formula}) * 10000 + 0.5) / 10000}}"
