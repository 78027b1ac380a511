"""EC2 instance types of the g4dn and g5 families (R1.3), one row each. What they cost is in `cost/prices.json`."""

from dataclasses import dataclass

from inference_constructs.host.gpus import A10G, T4, Gpu


@dataclass(frozen=True)
class InstanceType:
    """An EC2 instance type with GPUs.

    Attributes:
        gpu: Its GPU.
        gpu_count: Number of these.
        vcpus: Number of virtual CPUs.
        memory_gib: Memory of the host, in GiB.
        ebs_baseline_mbps: Bandwidth to EBS that lasts, in megabits a second.
        ebs_burst_mbps: The same for at least 30 minutes a day.
    """

    gpu: Gpu
    gpu_count: int
    vcpus: int
    memory_gib: int
    ebs_baseline_mbps: int
    ebs_burst_mbps: int


INSTANCE_TYPES = {
    "g4dn.xlarge": InstanceType(T4, 1, 4, 16, 950, 3_500),
    "g4dn.2xlarge": InstanceType(T4, 1, 8, 32, 1_150, 3_500),
    "g4dn.4xlarge": InstanceType(T4, 1, 16, 64, 4_750, 4_750),
    "g4dn.8xlarge": InstanceType(T4, 1, 32, 128, 9_500, 9_500),
    "g4dn.12xlarge": InstanceType(T4, 4, 48, 192, 9_500, 9_500),
    "g4dn.16xlarge": InstanceType(T4, 1, 64, 256, 9_500, 9_500),
    "g4dn.metal": InstanceType(T4, 8, 96, 384, 19_000, 19_000),
    "g5.xlarge": InstanceType(A10G, 1, 4, 16, 700, 3_500),
    "g5.2xlarge": InstanceType(A10G, 1, 8, 32, 850, 3_500),
    "g5.4xlarge": InstanceType(A10G, 1, 16, 64, 4_750, 4_750),
    "g5.8xlarge": InstanceType(A10G, 1, 32, 128, 16_000, 16_000),
    "g5.12xlarge": InstanceType(A10G, 4, 48, 192, 16_000, 16_000),
    "g5.16xlarge": InstanceType(A10G, 1, 64, 256, 16_000, 16_000),
    "g5.24xlarge": InstanceType(A10G, 4, 96, 384, 19_000, 19_000),
    "g5.48xlarge": InstanceType(A10G, 8, 192, 768, 19_000, 19_000),
}
"""https://docs.aws.amazon.com/ec2/latest/instancetypes/ac.html"""


def instance_type_of(name: str) -> InstanceType:
    """Return what an instance type has.

    Raises:
        ValueError: it is not of the g4dn or g5 family (R1.3).
    """
    try:
        return INSTANCE_TYPES[name]
    except KeyError:
        sizes = ", ".join(INSTANCE_TYPES)
        raise ValueError(f"{name} is not a GPU instance of the g4dn or g5 family; use one of {sizes}") from None
