"""Monitoring: the dashboard, the alarms and where they go, and the budget."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from cdktf import TerraformLocal, TerraformVariable, Token
from cdktf_cdktf_provider_aws.budgets_budget import (
    BudgetsBudget,
    BudgetsBudgetCostFilter,
    BudgetsBudgetNotification,
)
from cdktf_cdktf_provider_aws.cloudwatch_dashboard import CloudwatchDashboard
from cdktf_cdktf_provider_aws.cloudwatch_log_metric_filter import (
    CloudwatchLogMetricFilter,
    CloudwatchLogMetricFilterMetricTransformation,
)
from constructs import Construct

from inference_constructs.api import RateLimitedApi
from inference_constructs.cost import prices_of
from inference_constructs.fleet import GpuFleet
from inference_constructs.foundation import Account, EncryptionKey
from inference_constructs.host import instance_type_of
from inference_constructs.monitoring.alarm_topic import AlarmTopic
from inference_constructs.monitoring.alarms import ServiceAlarm, all_alarms
from inference_constructs.monitoring.dashboard import Dashboard, DashboardContent
from inference_constructs.monitoring.metrics import STATUS_DIMENSION, STATUS_METRIC, ServiceMetrics, status_namespace
from inference_constructs.monitoring.running_cost import RunningCost, running_cost


@dataclass(frozen=True, kw_only=True)
class MonitoredService:
    """What is monitored.

    Attributes:
        environment: Name of the environment: the tag by which the budget finds its cost.
        instance_type: EC2 type of the hosts.
        fleet: The hosts.
        api: The API.
        min_instances: Hosts that always run.
        max_instances: Hosts that are never exceeded.
        monthly_forecast_usd: Expression of the forecast at `min_instances`: the budget.
        links: Addresses by name, for the dashboard's first line.
    """

    environment: str
    instance_type: str
    fleet: GpuFleet
    api: RateLimitedApi
    min_instances: TerraformVariable
    max_instances: TerraformVariable
    monthly_forecast_usd: str
    links: Mapping[str, str]


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
        prefix: str,
        account: Account,
        key: EncryptionKey,
        service: MonitoredService,
        alarm_email: TerraformVariable,
    ) -> None:
        """Create dashboard, alarms and budget.

        Args:
            scope: Parent construct.
            id: Construct id.
            prefix: Name of the dashboard and the budget, first part of other names.
            account: Where the stack is applied.
            key: Key of the alarms' messages.
            service: What is monitored.
            alarm_email: Address that gets the alarms; empty for none.

        Raises:
            ValueError: the region or the instance type has no known price.
        """
        super().__init__(scope, id)
        self._prefix, self._service = prefix, service
        self._count_statuses()
        metrics = self._metrics(account.region)
        cost = self._cost(account.region)
        self._topic = AlarmTopic(self, "Topic", prefix=prefix, account=account, key=key, email=alarm_email)
        least, most = service.min_instances.fqn, service.max_instances.fqn
        # a group of fixed size is always at its maximum: there the threshold is out of reach
        maximum = Token.as_number(f"${{{most} > {least} ? {most} : {most} + 1}}")
        alarms = all_alarms(metrics, cost, maximum)
        arns = [ServiceAlarm(self, alarm=alarm, prefix=prefix, topic=self._topic).arn for alarm in alarms]
        self._budget()
        self._dashboard(metrics, arns, cost)
        console = f"https://{account.region}.console.aws.amazon.com/cloudwatch/home?region={account.region}"
        self.dashboard_url = f"{console}#dashboards/dashboard/{prefix}"

    def _metrics(self, region: str) -> ServiceMetrics:
        fleet, api = self._service.fleet, self._service.api
        return ServiceMetrics(
            environment=self._service.environment,
            region=region,
            api=api.name,
            stage=api.stage.stage_name,
            web_acl=self._prefix,
            load_balancer=fleet.load_balancer.arn_suffix,
            target_group=fleet.target_group.arn_suffix,
            group=fleet.group.name,
        )

    def _cost(self, region: str) -> RunningCost:
        """The cost, whose expressions are locals: they stand within texts."""
        cost = running_cost(prices_of(region), self._service.instance_type, self._service.monthly_forecast_usd)
        return replace(
            cost,
            fixed_hour=TerraformLocal(self, "FixedCostHour", cost.fixed_hour).as_string,
            forecast_hour=TerraformLocal(self, "ForecastHour", cost.forecast_hour).as_string,
        )

    def _count_statuses(self) -> None:
        """Count every HTTP status in the access log: API Gateway itself only tells 4xx from 5xx."""
        CloudwatchLogMetricFilter(
            self,
            "Statuses",
            name=f"{self._prefix}-statuses",
            log_group_name=self._service.api.access_log_group.name,
            pattern='{ $.status = "*" }',
            metric_transformation=CloudwatchLogMetricFilterMetricTransformation(
                namespace=status_namespace(self._service.environment),
                name=STATUS_METRIC,
                value="1",
                unit="Count",
                dimensions={STATUS_DIMENSION: "$.status"},
            ),
        )

    def _dashboard(self, metrics: ServiceMetrics, alarms: list[str], cost: RunningCost) -> None:
        service = self._service
        content = DashboardContent(
            title=self._prefix,
            links=service.links,
            metrics=metrics,
            alarms=alarms,
            max_instances=service.max_instances.number_value,
            gpu_memory_mib=instance_type_of(service.instance_type).gpu.memory_gib * 1024,
            cost=cost,
        )
        # a local, since cdktf warns of a composed string inside jsonencode
        body = TerraformLocal(self, "DashboardBody", Dashboard(content).body())
        CloudwatchDashboard(
            self, "Dashboard", dashboard_name=self._prefix, dashboard_body=f"${{jsonencode({body.fqn})}}"
        )

    def _budget(self) -> None:
        """Tell when the month's bill is above the forecast, and as soon as AWS expects that it will be."""
        BudgetsBudget(
            self,
            "Budget",
            name=self._prefix,
            budget_type="COST",
            time_unit="MONTHLY",
            limit_unit="USD",
            limit_amount=self._service.monthly_forecast_usd,
            cost_filter=[
                BudgetsBudgetCostFilter(name="TagKeyValue", values=[f"user:Environment${self._service.environment}"])
            ],
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
