"""The hosts' GPU metrics: one definition for the agent that publishes them and for the alarms that read them."""

NAMESPACE = "InferenceHost"

DIMENSION = "AutoScalingGroupName"
"""The one dimension that the group's alarms and the dashboard read by.

The agent adds up all GPUs of the group under it (`aggregation_dimensions`), whatever other dimensions each one has.
"""

UTILIZATION = "nvidia_smi_utilization_gpu"
"""Percent of the last second or less in which a kernel ran on the GPU.

https://docs.nvidia.com/deploy/nvidia-smi/index.html
"""

MEMORY_USED = "nvidia_smi_memory_used"
"""Mebibytes of GPU memory in use."""

MEASUREMENTS = (UTILIZATION, MEMORY_USED)

PERIOD_SECONDS = 60

SAMPLE_SECONDS = 10
"""Each sample sees a second at most, so a minute's average takes several of them."""

_PLUGIN_PREFIX = "nvidia_smi_"
"""What the agent's plugin puts before the name of each measurement."""


def agent_config(*, group_name: str, region: str) -> dict[str, object]:
    """Return the CloudWatch agent's configuration of a host.

    The group's name is written out instead of `${aws:AutoScalingGroupName}`: the agent would resolve that through
    the EC2 API, which the hosts cannot reach.
    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch-Agent-NVIDIA-GPU.html

    Args:
        group_name: Name of the Auto Scaling group, the dimension's value.
        region: AWS region to publish to.
    """
    return {
        "agent": {"metrics_collection_interval": PERIOD_SECONDS, "region": region, "run_as_user": "cwagent"},
        "metrics": {
            "namespace": NAMESPACE,
            "aggregation_dimensions": [[DIMENSION]],
            "metrics_collected": {
                "nvidia_gpu": {
                    "measurement": [name.removeprefix(_PLUGIN_PREFIX) for name in MEASUREMENTS],
                    "metrics_collection_interval": SAMPLE_SECONDS,
                    "append_dimensions": {DIMENSION: group_name},
                }
            },
        },
    }
