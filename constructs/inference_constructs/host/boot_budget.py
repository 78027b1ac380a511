"""How long a host takes from launch to ready, stage by stage: an estimate that synthesis holds against R1.2.

Every figure is documented or marked as an estimate. What a boot really took is in the gateway's metrics.
"""

from dataclasses import dataclass

from inference_constructs.host.instance_types import INSTANCE_TYPES, instance_type_of
from inference_constructs.host.models import PHI_3_MINI_4K

BOOT_DEADLINE_SECONDS = 300
"""R1.2: the model is ready within 5 minutes of the start."""

CONTAINER_GB = 9.44 + 0.55 + 0.4
"""Unpacked size of the container, in 10^9 bytes: wheels, bytecode, base with compilers.

The first two are measured: what `uv pip install --target` makes of requirements-gpu.txt, and what compileall adds. The
last one is an estimate. vLLM's own container image has 28.6.
"""

WEIGHTS_GB = PHI_3_MINI_4K.weight_bytes / 1e9
"""Size of the weights, in 10^9 bytes."""

CACHE_GB = 0.5
"""Compile cache (estimate)."""

INITIALIZATION_MIB_PER_SECOND = 300
"""Highest rate at which EBS fills a volume from its snapshot.

https://docs.aws.amazon.com/ebs/latest/userguide/initalize-volume.html
"""

VOLUME_MIB_PER_SECOND = 400
"""Throughput of the data volume: a little below what the instances burst to, so that none is paid for in vain."""


@dataclass(frozen=True, kw_only=True)
class Stage:
    """One stage of a boot.

    Attributes:
        name: What happens.
        seconds: How long it takes.
        source: Where the figure is from.
    """

    name: str
    seconds: float
    source: str


def boot_budget(instance_type: str) -> tuple[Stage, ...]:
    """Return the stages of a boot, as if nothing overlapped but the launch and the volume's initialization.

    Args:
        instance_type: EC2 type of the host.

    Raises:
        ValueError: the type is not of the g4dn or g5 family, or has several GPUs.
    """
    instance = instance_type_of(instance_type)
    if instance.gpu_count > 1:
        single = ", ".join(name for name, each in INSTANCE_TYPES.items() if each.gpu_count == 1)
        raise ValueError(
            f"{instance_type} has {instance.gpu_count} GPUs, and the machine image has kernels that are compiled for "
            f"one; use one of {single}"
        )
    data_gb = CONTAINER_GB + WEIGHTS_GB + CACHE_GB
    mib_per_second = min(VOLUME_MIB_PER_SECOND, instance.ebs_burst_mbps * 1e6 / 8 / 2**20)
    return (
        Stage(
            name="launch; meanwhile EBS fills the data volume",
            seconds=data_gb * 1e9 / 2**20 / INITIALIZATION_MIB_PER_SECOND,
            source=f"{data_gb:.1f} GB at {INITIALIZATION_MIB_PER_SECOND} MiB/s (EBS user guide)",
        ),
        Stage(name="container and gateway", seconds=5, source="estimate"),
        Stage(
            name="imports of vLLM's two processes",
            seconds=24,
            source="21 to 24 s of 2 CPU cores with bytecode, 50 to 55 s without; measured",
        ),
        Stage(
            name="weights into GPU memory",
            seconds=WEIGHTS_GB * 1e9 / 2**20 / mib_per_second,
            source=f"{WEIGHTS_GB:.1f} GB at {mib_per_second:.0f} MiB/s (EC2 instance types guide)",
        ),
        Stage(name="compile from warm cache, CUDA graphs", seconds=35, source="estimate"),
        Stage(name="first token", seconds=5, source="estimate"),
    )


def boot_seconds(instance_type: str) -> float:
    """Return the estimated seconds from launch to ready.

    Raises:
        ValueError: the type is not supported, or would not be ready in time (R1.2).
    """
    seconds = sum(stage.seconds for stage in boot_budget(instance_type))
    if seconds > BOOT_DEADLINE_SECONDS:
        raise ValueError(
            f"instance_type {instance_type!r} would take {seconds:.0f} s until it is ready, "
            f"{BOOT_DEADLINE_SECONDS} s are allowed"
        )
    return seconds


def table(instance_type: str) -> str:
    """Return the budget as a Markdown table."""
    rows = [f"| {stage.name} | {stage.seconds:.0f} s | {stage.source} |" for stage in boot_budget(instance_type)]
    total = f"| **total** | **{boot_seconds(instance_type):.0f} s** | deadline {BOOT_DEADLINE_SECONDS} s |"
    return "\n".join([f"| {instance_type} | time | source |", "|---|---|---|", *rows, total]) + "\n"
