"""What the service costs a month, as formulas that OpenTofu and Python both evaluate.

A formula is an arithmetic text such as `var.requests_per_month / 1000000 * 3.5`: inside `${...}` it is an OpenTofu
expression, so that `-var` changes the forecast; `ops.cost` evaluates the same text for tables and charts.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from inference_constructs.api import AUTHORIZER_MIB, OPERATIONS
from inference_constructs.cost.prices import HOURS_PER_MONTH, Prices
from inference_constructs.host import StepTime
from runtime.metrics import GAUGE_SECONDS

BYTES_PER_TOKEN = 250
"""Bytes of a streamed answer for each token, measured with vLLM 0.32: each token is an event of JSON."""

BYTES_PER_INPUT_TOKEN = 4
"""Bytes of a prompt for each token: English text has about four characters a token (https://platform.openai.com/tokenizer)."""

BYTES_PER_REQUEST = 2_000
"""Estimate: headers and TLS of one answer."""

LOG_BYTES_PER_REQUEST = 3_000
"""Estimate: gateway, access, firewall, flow and load balancer log lines of one request, all as if CloudWatch kept them.

What an idle network logs is not counted: cents a month."""

GAUGE_BYTES = 400
"""Bytes of one document of a host's gauges as CloudWatch counts it, an upper bound: 26 of them are its own.

https://aws.amazon.com/cloudwatch/pricing/ counts the bytes; a test measures the document.
"""

GAUGE_GB_PER_MONTH = HOURS_PER_MONTH * 3600 / GAUGE_SECONDS * GAUGE_BYTES / 1e9
"""Of one host."""

PAGE_BYTES = 46_000
"""Size of the demo page before compression; its test keeps it below that."""

PAGE_REQUESTS = 14
"""Files that a visit of the demo page loads, config.json among them."""

INITIALIZED_GIB = 0.0036
"""Estimate: dollars for a GiB that EBS fetches ahead at 300 MiB/s, the highest rate, in us-east-1.

The figure is of a published walkthrough (C. Cooley, "EBS Provisioned Rate", 2025), not of AWS's price list, where it
stands under "Provisioned Rate for Volume Initialization". AWS bills a snapshot's data, whatever the volume's size:
https://docs.aws.amazon.com/ebs/latest/userguide/initalize-volume.html#consistent-rate-billing
"""

LAUNCHES = 8
"""Estimate: launches in a month for each host, by scaling, rollouts and replacements; default of a variable."""

SPOT_DISCOUNT = 0.55
"""Estimate: part of the on-demand price that a spot host does not cost; default of a variable.

Spot prices of us-east-1 in SkyPilot's catalog were 55 to 58 % below on demand for g5.xlarge, and 59 to 62 % for
g4dn.xlarge, by zone: https://github.com/skypilot-org/skypilot-catalog, catalogs/v8/aws/vms.csv at commit 00148f2.
"""

HOST_METRICS = 9
"""CloudWatch metrics of each host: 7 of EC2's detailed monitoring and 2 of its GPU."""

AUTHORIZER_GB_SECONDS = AUTHORIZER_MIB / 1024 * 0.01
"""Estimate of one call of it: 10 ms."""

STATUSES = 6
"""Estimate: HTTP statuses that occur, each a metric of its own in a metric filter of the access log."""

API_METRICS = 5 * len(OPERATIONS)
"""Estimate: detailed metrics of the API, 5 for each of its routes."""


@dataclass(frozen=True, kw_only=True)
class Inventory:
    """What a stack contains, counted in its construct tree, and what its hosts are.

    Attributes:
        instance_type: EC2 type of the hosts.
        host_gib: Gibibytes of gp3 storage of a host.
        host_mibps: Throughput of its data volume, MiB/s; 125 of it are included.
        initialized_gib: Gibibytes that EBS fetches ahead at each launch, at most.
        image_gib: Gibibytes of snapshots of the machine image.
        endpoint_zones: Interface endpoints, times the zones each one is in.
        alarms: Metrics that CloudWatch alarms watch, which is what an alarm costs by.
        dashboards: CloudWatch dashboards.
        metrics: Custom metrics, apart from those of each host.
        keys: KMS keys.
        firewall_rules: Rules of the web ACLs.
        site_firewalls: Web ACLs of the demo page.
        places: Requests that run at once on a host.
        step_time: How long its steps and prompts take.
    """

    instance_type: str
    host_gib: int
    host_mibps: int
    initialized_gib: int
    image_gib: int
    endpoint_zones: int
    alarms: int
    dashboards: int
    metrics: int
    keys: int
    firewall_rules: int
    site_firewalls: int = 0
    places: int
    step_time: StepTime


def gigabytes(bytes_per_request: str) -> str:
    """Formula of the gigabytes a month."""
    return f"(var.requests_per_month * ({bytes_per_request}) / 1000000000)"


def paid_hosts(hosts: str) -> str:
    """Formula of the on-demand hosts that cost as much as `hosts` hosts, those above the minimum partly on spot."""
    return f"(var.min_instances + ({hosts} - var.min_instances) * (1 - var.spot_share * var.spot_discount))"


def monthly_costs(have: Inventory, prices: Prices, hosts: str) -> Mapping[str, str]:
    """Formulas of dollars a month by resource type, for `hosts` running hosts.

    Args:
        have: What the stack contains.
        prices: Prices of its region.
        hosts: Formula of the number of hosts, such as `var.min_instances`.
    """
    million_requests = "var.requests_per_month / 1000000"
    payload = gigabytes(f"var.output_tokens_per_request * {BYTES_PER_TOKEN} + {BYTES_PER_REQUEST}")
    prompts = gigabytes(f"var.input_tokens_per_request * {BYTES_PER_INPUT_TOKEN} + {BYTES_PER_REQUEST}")
    logged = gigabytes(str(LOG_BYTES_PER_REQUEST))
    gauges = f"{hosts} * {GAUGE_GB_PER_MONTH}"
    authorized = f"{prices['lambda_million_requests']} + {AUTHORIZER_GB_SECONDS * 1e6} * {prices['lambda_gb_second']}"
    throughput = max(have.host_mibps - 125, 0)
    visited_gb = f"var.page_views_per_month * {PAGE_BYTES} / 1000000000"
    running = f"var.hours_per_month / {HOURS_PER_MONTH}"
    metrics = f"({have.metrics + API_METRICS} + {hosts} * {HOST_METRICS} * {running})"
    logs = prices["logs_ingested_gb"] + prices["logs_stored_gb_month"]
    return {
        "GPU instances": f"{paid_hosts(hosts)} * var.hours_per_month * {prices.instance_hour(have.instance_type)}",
        "EBS volumes": f"{hosts} * (({have.host_gib} * {prices['gp3_gib_month']}"
        f" + {throughput} * {prices['gp3_mibps_month']}) * {running}"
        f" + var.launches_per_month * {have.initialized_gib} * {INITIALIZED_GIB})",
        "Machine image": f"{have.image_gib} * {prices['snapshot_gib_month']}",
        "Load balancer": f"{prices['load_balancer_month']}"
        f" + {prices['load_balancer_lcu_month']} * ({payload} + {prompts}) / {HOURS_PER_MONTH}",
        "VPC endpoints": f"{have.endpoint_zones} * {prices['interface_endpoint_month']}"
        f" + ({logged} + {gauges}) * {prices['interface_endpoint_gb']}",
        "API Gateway": f"{million_requests} * {prices['rest_api_million_requests']}",
        "Key authorizer": f"{million_requests} * ({authorized})",
        "Web ACL": f"{1 + have.site_firewalls} * {prices['web_acl_month']}"
        f" + {have.firewall_rules} * {prices['web_acl_rule_month']}"
        f" + {million_requests} * {prices['web_acl_million_requests']}"
        f" + {have.site_firewalls} * var.page_views_per_month * {PAGE_REQUESTS} / 1000000"
        f" * {prices['web_acl_million_requests']}",
        "CloudWatch": f"{metrics} * {prices['metric_month']} + {have.alarms} * {prices['alarm_month']}"
        f" + {have.dashboards} * {prices['dashboard_month']} + ({logged} + {gauges}) * {logs}",
        "Data transfer": f"{payload} * {prices['data_out_gb']}",
        "CloudFront": f"{visited_gb} * {prices['cloudfront_gb']}"
        f" + var.page_views_per_month * {PAGE_REQUESTS} / 10000 * {prices['cloudfront_10k_requests']}",
        "S3": f"(0.1 + {logged}) * {prices['s3_gb_month']}",
        "KMS": f"{have.keys} * {prices['kms_key_month']}",
    }


def total(costs: Mapping[str, str]) -> str:
    """Formula of the sum."""
    return " + ".join(f"({formula})" for formula in costs.values())


def tokens_per_second(have: Inventory) -> str:
    """Formula of the tokens that a host writes a second: `StepTime.tokens_per_second` of the variables."""
    time, prompt, answer = have.step_time, "var.input_tokens_per_request", "var.output_tokens_per_request"
    streams = f"min(var.concurrent_streams, {have.places})"
    computing = f"max({time.weights_seconds}, {time.prompt_token_seconds} * {streams})"
    step = f"({computing} + {time.token_seconds} * {streams} * ({prompt} + {answer} / 2))"
    reading = f"({time.prompt_token_seconds} * {prompt} + {time.attention_seconds} * {prompt} * {prompt} / 2)"
    return f"({streams} / ({step} + {streams} * {reading} / {answer}))"


def dollars_per_million_tokens(costs: Mapping[str, str], have: Inventory, hosts: str) -> str:
    """Formula of dollars for a million generated tokens while the hosts are busy for `utilization` of the time."""
    rate = f"{hosts} * {tokens_per_second(have)} * var.utilization"
    return f"({total(costs)}) / ({rate} * var.hours_per_month * 3600 / 1000000)"


def cents(formula: str) -> str:
    """Formula of the amount rounded to whole cents."""
    return f"floor(({formula}) * 100 + 0.5) / 100"
