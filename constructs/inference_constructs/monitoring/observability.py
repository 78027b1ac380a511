"""Monitoring: the dashboard, the alarms and where they go, and the budget."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Protocol

from cdktf import TerraformLocal, TerraformVariable, Token
from cdktf_cdktf_provider_aws.budgets_budget import (
    BudgetsBudget,
    BudgetsBudgetCostFilter,
    BudgetsBudgetNotification,
)
from cdktf_cdktf_provider_aws.cloudwatch_dashboard import CloudwatchDashboard
from cdktf_cdktf_provider_aws.cloudwatch_log_group import CloudwatchLogGroup
from cdktf_cdktf_provider_aws.cloudwatch_log_metric_filter import (
    CloudwatchLogMetricFilter,
    CloudwatchLogMetricFilterMetricTransformation,
)
from constructs import Construct

from inference_constructs.api import ApiMetrics
from inference_constructs.cost import prices_of
from inference_constructs.fleet import FleetMetrics
from inference_constructs.foundation import EncryptedHome
from inference_constructs.host import instance_type_of
from inference_constructs.monitoring.alarm_topic import AlarmTopic
from inference_constructs.monitoring.alarms import all_alarms
from inference_constructs.monitoring.dashboard import Dashboard, DashboardContent
from inference_constructs.monitoring.metrics import (
    SERVER_ERRORS,
    STATUS_DIMENSION,
    STATUS_METRIC,
    ServiceMetrics,
)
from inference_constructs.monitoring.running_cost import RunningCost, running_cost
from inference_constructs.monitoring.service_alarm import ServiceAlarm


@dataclass(frozen=True, kw_only=True)
class MonitoredService:
    """What is monitored.

    Attributes:
        instance_type: EC2 type of the hosts.
        model: Name of the model that they serve.
        fleet: What the hosts publish; its environment is also the tag by which the budget finds the cost.
        api: What the API publishes.
        access_log_group: The API's access log, one line of JSON with a `status` for each request.
        monthly_forecast_usd: Expression of the forecast at `min_instances`: the budget.
        links: Addresses by name, for the dashboard's first line.
        spot_above_minimum: Whether hosts above `min_instances` are spot hosts.
        office_hours: Whether there are hosts in office hours only.
    """

    instance_type: str
    model: str
    fleet: FleetMetrics
    api: ApiMetrics
    access_log_group: CloudwatchLogGroup
    monthly_forecast_usd: str
    links: Mapping[str, str]
    spot_above_minimum: bool = False
    office_hours: bool = False

    @property
    def metrics(self) -> ServiceMetrics:
        """All its metrics."""
        return ServiceMetrics(fleet=self.fleet, api=self.api)


class MonitoringVariables(Protocol):
    """What an operator decides at apply, and monitoring goes by.

    Attributes:
        min_instances: Hosts that always run.
        max_instances: Hosts that are never exceeded.
        alarm_email: Address that gets the alarms; empty for none.
    """

    min_instances: TerraformVariable
    max_instances: TerraformVariable
    alarm_email: TerraformVariable


class Observability(Construct):
    """What shows that the service is well, and tells when it is not.

    Attributes:
        dashboard_url: The dashboard in AWS's console.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        home: EncryptedHome,
        service: MonitoredService,
        variables: MonitoringVariables,
    ) -> None:
        """Create dashboard, alarms and budget.

        Args:
            home: Where it is. Its prefix is the name of dashboard and budget, its key that of the alarms' messages.

        Raises:
            ValueError: the region or the instance type has no known price.
        """
        super().__init__(scope, id)
        self._home, self._service, self._variables = home, service, variables
        self._count_answers()
        metrics, cost = service.metrics, self._cost()
        self._topic = AlarmTopic(self, "Topic", home=home, email=variables.alarm_email)
        least, most = variables.min_instances.fqn, variables.max_instances.fqn
        # a group of fixed size is always at its maximum: there the threshold is out of reach
        maximum = Token.as_number(f"${{{most} > {least} ? {most} : {most} + 1}}")
        alarms = all_alarms(metrics, cost, maximum, spot=service.spot_above_minimum, office_hours=service.office_hours)
        arns = [ServiceAlarm(self, alarm=alarm, prefix=home.prefix, topic=self._topic).arn for alarm in alarms]
        self._budget()
        self._dashboard(metrics, arns, cost)
        console = f"https://{home.region}.console.aws.amazon.com/cloudwatch/home?region={home.region}"
        self.dashboard_url = f"{console}#dashboards/dashboard/{home.prefix}"

    def _cost(self) -> RunningCost:
        """The cost, whose expressions are locals: they stand within texts."""
        prices = prices_of(self._home.region)
        service = self._service
        cost = running_cost(
            prices, service.instance_type, service.monthly_forecast_usd, spot=service.spot_above_minimum
        )
        return replace(
            cost,
            fixed_hour=TerraformLocal(self, "FixedCostHour", cost.fixed_hour).as_string,
            forecast_hour=TerraformLocal(self, "ForecastHour", cost.forecast_hour).as_string,
        )

    def _count_answers(self) -> None:
        """Count in the access log what API Gateway itself does not: every HTTP status, and all 5xx."""
        self._count("Statuses", "statuses", '{ $.status = "*" }', STATUS_METRIC, by={STATUS_DIMENSION: "$.status"})
        # ACCESS_DENIED is a 5xx with office hours only: closed
        failed = '{ $.status = "5*" && $.errorType != "ACCESS_DENIED" }'
        self._count("ServerErrors", "server-errors", failed, SERVER_ERRORS, otherwise="0")

    def _count(
        self,
        id: str,
        name: str,
        pattern: str,
        metric: str,
        *,
        by: Mapping[str, str] | None = None,
        otherwise: str | None = None,
    ) -> None:
        CloudwatchLogMetricFilter(
            self,
            id,
            name=self._home.name(name),
            log_group_name=self._service.access_log_group.name,
            pattern=pattern,
            metric_transformation=CloudwatchLogMetricFilterMetricTransformation(
                namespace=self._service.metrics.status_namespace,
                name=metric,
                value="1",
                default_value=otherwise,
                unit="Count",
                dimensions=by,
            ),
        )

    def _dashboard(self, metrics: ServiceMetrics, alarms: list[str], cost: RunningCost) -> None:
        service = self._service
        content = DashboardContent(
            title=f"{self._home.prefix}: {service.model}",
            links=service.links,
            metrics=metrics,
            alarms=alarms,
            max_instances=self._variables.max_instances.number_value,
            gpu_memory_mib=instance_type_of(service.instance_type).gpu.memory_gib * 1024,
            cost=cost,
        )
        # a local, since cdktf warns of a composed string inside jsonencode
        body = TerraformLocal(self, "DashboardBody", Dashboard(content).body())
        CloudwatchDashboard(
            self, "Dashboard", dashboard_name=self._home.prefix, dashboard_body=f"${{jsonencode({body.fqn})}}"
        )

    def _budget(self) -> None:
        """Tell when the month's bill is above the forecast, and as soon as AWS expects that it will be."""
        tag = f"user:Environment${self._service.fleet.environment}"
        BudgetsBudget(
            self,
            "Budget",
            name=self._home.prefix,
            budget_type="COST",
            time_unit="MONTHLY",
            limit_unit="USD",
            limit_amount=self._service.monthly_forecast_usd,
            cost_filter=[BudgetsBudgetCostFilter(name="TagKeyValue", values=[tag])],
            notification=[
                BudgetsBudgetNotification(
                    notification_type=kind,
                    comparison_operator="GREATER_THAN",
                    threshold=100,
                    threshold_type="PERCENTAGE",
                    subscriber_sns_topic_arns=[self._topic.arn],
                )
                for kind in ("ACTUAL", "FORECASTED")
            ],
        )
