"""What a host runs at its first boot. All software is in the image: what is left is to write settings and start."""

import json
from collections.abc import Mapping

DATA_FOLDER = "/var/lib/inference"
"""Mount point of the data volume: container, weights and compile cache."""

MODEL_FOLDER = f"{DATA_FOLDER}/model"

AGENT_CONFIG = "/etc/inference/cloudwatch-agent.json"

_SCRIPT = """\
#!/bin/bash
# Writes this environment's settings and starts what the machine image holds.
set -euo pipefail
umask 022

cat > /etc/inference/gateway.env <<'END_OF_FILE'
{gateway}END_OF_FILE

cat > /etc/inference/host.env <<END_OF_FILE
LOG_OPTIONS={log_options}
LEAVE_SECONDS={leave_seconds}
END_OF_FILE

cat > {agent_config} <<'END_OF_FILE'
{agent}
END_OF_FILE

systemctl start --no-block inference.service leave.service
/opt/aws/amazon-cloudwatch-agent/bin/amazon-cloudwatch-agent-ctl -a fetch-config -m ec2 -s -c file:{agent_config}
"""


def _log_options(region: str, log_group: str) -> str:
    """Docker's options that send the container's output to CloudWatch, in a stream named after the instance.

    Non-blocking, so that a slow CloudWatch never holds up the gateway. CloudWatch finds the embedded metrics by itself.
    https://docs.docker.com/engine/logging/drivers/awslogs/
    """
    options = {
        "awslogs-region": region,
        "awslogs-group": log_group,
        "awslogs-stream": "$(cat /var/lib/cloud/data/instance-id)",
        "mode": "non-blocking",
        "max-buffer-size": "8m",
    }
    return " ".join(["--log-driver=awslogs", *(f"--log-opt={name}={value}" for name, value in options.items())])


def boot_script(
    *, gateway_settings: str, region: str, log_group: str, leave_seconds: int, agent: Mapping[str, object]
) -> str:
    """Return the script for EC2 user data.

    Args:
        gateway_settings: Lines `GATEWAY_NAME=value`, each with its line break.
        region: AWS region.
        log_group: Log group of the gateway.
        leave_seconds: How long a host that goes still takes requests, while the load balancer notices.
        agent: Configuration of the CloudWatch agent.
    """
    return _SCRIPT.format(
        gateway=gateway_settings,
        log_options=_log_options(region, log_group),
        leave_seconds=leave_seconds,
        agent=json.dumps(agent, indent=2),
        agent_config=AGENT_CONFIG,
    )
