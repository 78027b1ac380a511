"""Every metric that the dashboard or an alarm reads is one that something publishes, under exactly its dimensions.

A metric that nobody publishes is no error in CloudWatch: a widget stays empty, an alarm never goes off.
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import pytest

from inference_constructs.api.api import ACCESS_LOG_FORMAT
from runtime import metrics as gateway_metrics
from support.boot_files import evaluated_boot_script
from support.dashboard_body import body_of
from support.stack_json import Json, api_acl, only, resources


class Read(NamedTuple):
    """A metric that is read."""

    namespace: str
    name: str
    dimensions: Mapping[str, str]


APPLICATION_ELB: Mapping[tuple[str, ...], set[str]] = {
    ("LoadBalancer",): {"RequestCount", "TargetResponseTime", "HTTPCode_ELB_503_Count", "HTTPCode_ELB_504_Count"},
    ("LoadBalancer", "TargetGroup"): {"HealthyHostCount"},
}
"""https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-cloudwatch-metrics.html"""

API_GATEWAY: Mapping[tuple[str, ...], set[str]] = {("ApiName", "Stage"): {"Count", "Latency", "4XXError", "5XXError"}}
"""https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-metrics-and-dimensions.html"""

WAF: Mapping[tuple[str, ...], set[str]] = {("Region", "Rule", "WebACL"): {"BlockedRequests"}}
"""https://docs.aws.amazon.com/waf/latest/developerguide/waf-metrics.html"""

AUTO_SCALING: Mapping[tuple[str, ...], set[str]] = {
    ("AutoScalingGroupName",): {
        "GroupDesiredCapacity",
        "GroupInServiceInstances",
        "GroupPendingInstances",
        "GroupTotalInstances",
    }
}
"""https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-metrics.html"""

AWS: Mapping[str, Mapping[tuple[str, ...], set[str]]] = {
    "AWS/ApplicationELB": APPLICATION_ELB,
    "AWS/ApiGateway": API_GATEWAY,
    "AWS/WAFV2": WAF,
    "AWS/AutoScaling": AUTO_SCALING,
}


def on_dashboard(stack: Json) -> Iterator[Read]:
    for widget in body_of(stack)["widgets"]:
        for entry in widget["properties"].get("metrics", []):
            if "expression" not in entry[-1]:
                namespace, name, *parts = entry[:-1]
                yield Read(namespace, name, dict(zip(parts[::2], parts[1::2], strict=True)))


def in_alarms(stack: Json) -> Iterator[Read]:
    for alarm in resources(stack, "aws_cloudwatch_metric_alarm").values():
        queries = [query["metric"] for query in alarm.get("metric_query", []) if "metric" in query]
        for watched in queries or [alarm]:
            yield Read(watched["namespace"], watched["metric_name"], watched["dimensions"])


def identity(stack: Json) -> dict[str, set[str]]:
    """The values that each dimension of AWS's namespaces can have in a stack."""

    def attribute(kind: str, name: str) -> str:
        (logical_id,) = resources(stack, kind)
        return f"${{{kind}.{logical_id}.{name}}}"

    firewall = api_acl(stack)
    rules = {rule["visibility_config"]["metric_name"] for rule in firewall["rule"]}
    return {
        "ApiName": {only(stack, "aws_api_gateway_rest_api")["name"]},
        "Stage": {attribute("aws_api_gateway_stage", "stage_name")},
        "LoadBalancer": {attribute("aws_lb", "arn_suffix")},
        "TargetGroup": {attribute("aws_lb_target_group", "arn_suffix")},
        "AutoScalingGroupName": {attribute("aws_autoscaling_group", "name")},
        "WebACL": {firewall["visibility_config"]["metric_name"]},
        "Rule": rules | {"ALL"},
        "Region": {stack["provider"]["aws"][0]["region"]},
    }


def published_by_aws(stack: Json, read: Read) -> bool:
    names = AWS[read.namespace].get(tuple(sorted(read.dimensions)), set[str]())
    known = identity(stack)
    return read.name in names and all(value in known[name] for name, value in read.dimensions.items())


def boot_files(stack: Json) -> dict[str, str]:
    """The files that the hosts' boot script writes, by path."""
    files = r"^cat > (\S+) <<'?END_OF_FILE'?\n(.*?)^END_OF_FILE$"
    return dict(re.findall(files, evaluated_boot_script(stack), re.MULTILINE | re.DOTALL))


def published_by_gateway(stack: Json, read: Read) -> bool:
    """The gateway's own names, under the environment that the hosts' settings give it."""
    metrics = [value for value in vars(gateway_metrics).values() if isinstance(value, gateway_metrics.Metric)]
    names = {metric.name for metric in [*metrics, *gateway_metrics.BOOT_STAGE_SECONDS.values()]}
    environment = re.findall(
        r"^GATEWAY_ENVIRONMENT=(.+)$", boot_files(stack)["/etc/inference/gateway.env"], re.MULTILINE
    )
    return read.name in names and read.dimensions == {gateway_metrics.DIMENSION: environment[0]}


def published_by_agent(stack: Json, read: Read) -> bool:
    """What the CloudWatch agent's configuration on the hosts says; the group's name is written into it."""
    config = json.loads(boot_files(stack)["/etc/inference/cloudwatch-agent.json"])["metrics"]
    plugin = config["metrics_collected"]["nvidia_gpu"]
    aggregated = [[*read.dimensions]] == config["aggregation_dimensions"]
    names = {f"nvidia_smi_{measurement}" for measurement in plugin["measurement"]}
    group = resources(stack, "aws_autoscaling_group")
    values = {plugin["append_dimensions"]["AutoScalingGroupName"], *(g["name"] for g in group.values())}
    address = {f"${{aws_autoscaling_group.{name}.name}}" for name in group}
    same_group = len(values) == 1 and set(read.dimensions.values()) <= address
    return config["namespace"] == read.namespace and read.name in names and aggregated and same_group


def published_by_access_log(stack: Json, read: Read) -> bool:
    """A metric filter on the group that the stage logs to, whose field is in the log's format."""
    filters = resources(stack, "aws_cloudwatch_log_metric_filter").values()
    log_filter = next(each for each in filters if each["metric_transformation"]["name"] == read.name)
    made = log_filter["metric_transformation"]
    group = log_filter["log_group_name"].removesuffix(".name}")
    logged = only(stack, "aws_api_gateway_stage")["access_log_settings"]["destination_arn"].removesuffix(".arn}")
    fields = {name: field.removeprefix("$.") for name, field in made.get("dimensions", {}).items()}
    return (
        (made["namespace"], made["name"]) == (read.namespace, read.name)
        and group == logged
        and fields.keys() == read.dimensions.keys()
        and all(ACCESS_LOG_FORMAT[field] == "$context.status" for field in fields.values())
    )


def is_published(stack: Json, read: Read) -> bool:
    if read.namespace in AWS:
        return published_by_aws(stack, read)
    publishers: Any = {
        gateway_metrics.NAMESPACE: published_by_gateway,
        "InferenceHost": published_by_agent,
    }
    return publishers.get(read.namespace, published_by_access_log)(stack, read)


@pytest.mark.req("R4.5")
def test_everything_on_the_dashboard_is_published(inference: Json) -> None:
    read = list(on_dashboard(inference))
    assert [metric for metric in read if not is_published(inference, metric)] == []
    assert len({metric.namespace for metric in read}) == 7


@pytest.mark.req("R4.4")
def test_everything_that_alarms_watch_is_published(inference: Json) -> None:
    assert [metric for metric in in_alarms(inference) if not is_published(inference, metric)] == []


def test_group_publishes_what_is_read_of_it(inference: Json) -> None:
    read = {metric.name for metric in (*on_dashboard(inference), *in_alarms(inference)) if "AutoSc" in metric.namespace}
    assert read <= set(only(inference, "aws_autoscaling_group")["enabled_metrics"])


def test_firewall_publishes_metrics_of_every_rule(inference: Json) -> None:
    firewall = api_acl(inference)
    parts = [firewall, *firewall["rule"]]
    assert all(part["visibility_config"]["cloudwatch_metrics_enabled"] for part in parts)


@pytest.mark.req("R4.4")
def test_errors_are_counted_as_clients_get_them_and_closed_hours_are_none(inference: Json) -> None:
    filters = resources(inference, "aws_cloudwatch_log_metric_filter").values()
    (errors,) = [each for each in filters if each["metric_transformation"]["name"] == "ServerErrors"]
    assert errors["pattern"] == '{ $.status = "5*" && $.errorType != "ACCESS_DENIED" }'
    assert ACCESS_LOG_FORMAT["errorType"] == "$context.error.responseType"
    # with a default a minute without errors is 0, not missing; CloudWatch takes one without dimensions only
    assert errors["metric_transformation"]["default_value"] == "0"
    assert "dimensions" not in errors["metric_transformation"]
