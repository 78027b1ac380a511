"""Draw the dashboard with made-up metrics: what one sees in CloudWatch, without an AWS account."""

import argparse
from pathlib import Path

from inference_constructs.api import STAGE, ApiMetrics
from inference_constructs.fleet import FleetMetrics, alarm_name, group_name
from inference_constructs.foundation import Home
from inference_constructs.host import instance_type_of
from inference_constructs.monitoring import Dashboard, DashboardContent, RunningCost, ServiceMetrics, all_alarms
from ops.picture import draw

FILE = Path("docs/images/dashboard.png")


def sample_content() -> DashboardContent:
    """A dashboard's content with the names and the round figures of an environment that is not there."""
    home = Home(prefix="inference-demo", region="us-east-1", account_id="123456789012", partition="aws")
    fleet = FleetMetrics(
        environment="demo",
        group=group_name(home.prefix),
        load_balancer="app/inference-demo/1",
        target_group="targetgroup/inference-demo/1",
    )
    api = ApiMetrics(region=home.region, api=home.prefix, stage=STAGE, web_acl=home.prefix)
    metrics = ServiceMetrics(fleet=fleet, api=api)
    cost = RunningCost(
        paid_hosts="hosts",
        host_hour=1.006,
        million_requests=4.3,
        fixed_hour="0.2",
        forecast_hour="1.21",
        forecast_month="883",
    )
    names = [alarm.name for alarm in all_alarms(metrics, cost, 2)]
    return DashboardContent(
        title=f"{home.prefix} (sample data)",
        links={"Demo page": "https://demo.example", "Health": "https://api.example/health"},
        metrics=metrics,
        alarms=[home.arn("cloudwatch", f"alarm:{alarm_name(home.prefix, name)}") for name in names],
        max_instances=2,
        gpu_memory_mib=instance_type_of("g5.xlarge").gpu.memory_gib * 1024,
        cost=cost,
    )


def main() -> None:
    """Write the picture."""
    parser = argparse.ArgumentParser(prog="make dashboard", description=__doc__)
    parser.add_argument("file", nargs="?", type=Path, default=FILE, help="PNG to write (%(default)s)")
    file: Path = parser.parse_args().file
    draw(Dashboard(sample_content()).body(), file)
    print(f"dashboard: {file}")


if __name__ == "__main__":
    main()
