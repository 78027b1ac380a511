"""What a host runs at its first boot. All software is in the image: what is left is to write settings and start."""

import json
from collections.abc import Mapping

DATA_FOLDER = "/var/lib/inference"
"""Mount point of the data volume: container, weights and compile cache."""

MODEL_FOLDER = f"{DATA_FOLDER}/model"

AGENT_CONFIG = "/opt/aws/amazon-cloudwatch-agent/etc/amazon-cloudwatch-agent.json"

_SCRIPT = """\
#!/bin/bash
# Writes this environment's settings and starts what the machine image holds.
set -euo pipefail
umask 022

cat > /etc/inference/gateway.env <<'END_OF_FILE'
{gateway}END_OF_FILE

cat > /etc/inference/host.env <<END_OF_FILE
AWS_REGION={region}
LOG_GROUP={log_group}
LOG_STREAM=$(cat /var/lib/cloud/data/instance-id)
END_OF_FILE

cat > {agent_config} <<'END_OF_FILE'
{agent}
END_OF_FILE

systemctl start --no-block inference.service
/opt/aws/amazon-cloudwatch-agent/bin/amazon-cloudwatch-agent-ctl -a fetch-config -m ec2 -s -c file:{agent_config}
"""


def boot_script(*, gateway_settings: str, region: str, log_group: str, agent: Mapping[str, object]) -> str:
    """Return the script for EC2 user data.

    Args:
        gateway_settings: Lines `GATEWAY_NAME=value`, each with its line break.
        region: AWS region.
        log_group: Log group of the gateway.
        agent: Configuration of the CloudWatch agent.
    """
    return _SCRIPT.format(
        gateway=gateway_settings,
        region=region,
        log_group=log_group,
        agent=json.dumps(agent, indent=2),
        agent_config=AGENT_CONFIG,
    )
