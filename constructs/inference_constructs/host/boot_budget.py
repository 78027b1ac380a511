"""How long a host takes from launch to ready, stage by stage: an estimate that synthesis holds against R1.2.

Every figure is documented or marked as an estimate. What a boot really took is in the gateway's metrics.
"""

from dataclasses import dataclass

from inference_constructs.host.engine import Engine

BOOT_DEADLINE_SECONDS = 300
"""R1.2: the model is ready within 5 minutes of the start."""

CONTAINER_GB = 9.44 + 0.55 + 0.4
"""Unpacked size of the container, in 10^9 bytes: wheels, bytecode, base with compilers.

The first two are measured: what `uv pip install --target` makes of requirements-gpu.txt, and what compileall adds. The
last one is an estimate. vLLM's own container image has 28.6.
"""

QUANTIZATION_SECONDS = 10
"""What it takes to quantize the weights on the GPU, a layer at a time (estimate)."""

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


def boot_budget(engine: Engine) -> tuple[Stage, ...]:
    """Return the stages of a boot, as if nothing overlapped but the launch and the volume's initialization.

    Raises:
        ValueError: the host's type is not of the g4dn or g5 family, or a server of its own.
    """
    instance = engine.instance
    if engine.instance_type.endswith(".metal"):
        raise ValueError(
            f"{engine.instance_type} takes too long to start: a server of its own takes more than the "
            f"{BOOT_DEADLINE_SECONDS} s that are allowed (estimate); use another size"
        )
    if engine.measured and engine.measured.boot:
        return tuple(
            Stage(name=name, seconds=seconds, source=engine.measured.source)
            for name, seconds in engine.measured.boot.items()
        )
    # read as they are, in 16 bits, whatever is made of them
    weights_gb = engine.model.weight_bytes / 1e9
    data_gb = CONTAINER_GB + weights_gb + CACHE_GB
    mib_per_second = min(VOLUME_MIB_PER_SECOND, instance.ebs_burst_mbps * 1e6 / 8 / 2**20)
    quantizing = [Stage(name="weights into 8 bits", seconds=QUANTIZATION_SECONDS, source="estimate")]
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
            seconds=weights_gb * 1e9 / 2**20 / mib_per_second,
            source=f"{weights_gb:.1f} GB at {mib_per_second:.0f} MiB/s (EC2 instance types guide)",
        ),
        *(quantizing if engine.quantization else []),
        Stage(name="compile from warm cache, CUDA graphs", seconds=35, source="estimate"),
        Stage(name="first token", seconds=5, source="estimate"),
    )


def boot_seconds(engine: Engine) -> float:
    """Return the estimated seconds from launch to ready.

    Raises:
        ValueError: the host's type is not supported, or it would not be ready in time (R1.2).
    """
    seconds = sum(stage.seconds for stage in boot_budget(engine))
    if seconds > BOOT_DEADLINE_SECONDS:
        raise ValueError(
            f"instance_type {engine.instance_type!r} would take {seconds:.0f} s until it is ready, "
            f"{BOOT_DEADLINE_SECONDS} s are allowed"
        )
    return seconds


def table(engine: Engine) -> str:
    """Return the budget as a Markdown table."""
    rows = [f"| {stage.name} | {stage.seconds:.0f} s | {stage.source} |" for stage in boot_budget(engine)]
    total = f"| **total** | **{boot_seconds(engine):.0f} s** | deadline {BOOT_DEADLINE_SECONDS} s |"
    return "\n".join([f"| {engine.instance_type} | time | source |", "|---|---|---|", *rows, total]) + "\n"
