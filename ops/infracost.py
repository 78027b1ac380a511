"""Infracost's configuration for synthesized stacks: the forecast's assumptions, as its usage files want them.

    python -m ops.infracost cdktf.out/stacks

Infracost's own figures come from its price service; this only tells it how much is used.
https://www.infracost.io/docs/features/usage_based_resources/
"""

import argparse
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from inference_constructs.cost import (
    BYTES_PER_REQUEST,
    BYTES_PER_TOKEN,
    HOURS_PER_MONTH,
    LOG_BYTES_PER_REQUEST,
    PAGE_BYTES,
    PAGE_REQUESTS,
)

USAGE_FILE = "infracost-usage.yml"


def usage(stack: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Usage by resource type of an inference stack, at the defaults of its variables.

    What several resources of a type share is divided among them, since a default counts for each one.

    Args:
        stack: Parsed cdk.tf.json.
    """
    assumed = {name: variable["default"] for name, variable in stack["variable"].items()}
    requests, views = assumed["requests_per_month"], assumed["page_views_per_month"]
    answer_bytes = assumed["output_tokens_per_request"] * BYTES_PER_TOKEN + BYTES_PER_REQUEST
    logged_gb = requests * LOG_BYTES_PER_REQUEST / 1e9

    def share(amount: float, kind: str) -> float:
        return amount / len(stack["resource"][kind])

    return {
        "aws_autoscaling_group": {"instances": assumed["min_instances"]},
        "aws_lb": {
            "new_connections": requests / HOURS_PER_MONTH / 3600,
            "processed_bytes_gb": requests * answer_bytes / 1e9,
        },
        "aws_api_gateway_rest_api": {"monthly_requests": requests},
        "aws_lambda_function": {"monthly_requests": requests},
        "aws_wafv2_web_acl": {"monthly_requests": requests},
        "aws_vpc_endpoint": {"monthly_data_processed_gb": share(logged_gb, "aws_vpc_endpoint")},
        "aws_cloudwatch_log_group": {
            "monthly_data_ingested_gb": share(logged_gb, "aws_cloudwatch_log_group"),
            "storage_gb": share(logged_gb, "aws_cloudwatch_log_group"),
        },
        "aws_cloudfront_distribution": {
            "monthly_data_transfer_to_internet_gb": {"us": views * PAGE_BYTES / 1e9},
            "monthly_https_requests": {"us": views * PAGE_REQUESTS},
        },
    }


def write(stacks: Path) -> list[str]:
    """Write a usage file for each inference stack, and the configuration that names them; return the stacks' names.

    Both are JSON, which is YAML too.
    """
    names = sorted(path.parent.name for path in stacks.glob("inference-*/cdk.tf.json"))
    for name in names:
        found = usage(json.loads((stacks / name / "cdk.tf.json").read_text()))
        content = {"version": "0.1", "resource_type_default_usage": found}
        (stacks / name / USAGE_FILE).write_text(json.dumps(content, indent=2) + "\n")
    projects = [{"path": name, "name": name, "usage_file": f"{name}/{USAGE_FILE}"} for name in names]
    (stacks / "infracost.yml").write_text(json.dumps({"version": "0.1", "projects": projects}, indent=2) + "\n")
    return names


def main() -> None:
    """Write the files."""
    parser = argparse.ArgumentParser(prog="python -m ops.infracost", description=__doc__)
    parser.add_argument("stacks", type=Path, help="folder of the synthesized stacks")
    stacks: Path = parser.parse_args().stacks
    names = write(stacks) if stacks.is_dir() else []
    if not names:
        sys.exit(f"error: {stacks} holds no inference stack: run `make synth` first")
    print(f"{stacks}/infracost.yml is written, for {', '.join(names)}")


if __name__ == "__main__":
    main()
