"""Names and sizes that the machine image and the hosts that are launched from it agree on."""

import math
from dataclasses import dataclass, replace

from inference_constructs.host.boot_budget import VOLUME_MIB_PER_SECOND
from inference_constructs.host.engine import Engine
from inference_constructs.host.instance_types import INSTANCE_TYPES
from inference_constructs.host.models import Model

ROOT_DEVICE = "/dev/xvda"
ROOT_GIB = 100
"""Operating system and GPU driver; the base image itself needs 75."""

DATA_DEVICE = "/dev/sdf"
SPARE_GIB = 52
"""Container and compile cache, and as much again for what a build needs beside them."""


@dataclass(frozen=True, kw_only=True)
class Volume:
    """A gp3 volume. Throughput is in MiB/s, gp3's own where it is None."""

    device: str
    gibibytes: int
    throughput: int | None = None


def data_gib(model: Model) -> int:
    """Return the size of the data volume: container, weights and compile cache.

    It is a volume of its own, so that no block of it waits behind the base image's.
    """
    return SPARE_GIB + math.ceil(model.weight_bytes / 2**30)


def volumes(model: Model) -> tuple[Volume, ...]:
    """Return the volumes of a build host, and so of the image."""
    return (
        Volume(device=ROOT_DEVICE, gibibytes=ROOT_GIB),
        Volume(device=DATA_DEVICE, gibibytes=data_gib(model), throughput=VOLUME_MIB_PER_SECOND),
    )


def family_of(instance_type: str) -> str:
    """Return the family of an EC2 type: g5 of g5.xlarge."""
    return instance_type.partition(".")[0]


def build_engine(engine: Engine) -> Engine:
    """Return the same engine on the type of host that its image is built on.

    It is the smallest that has the same GPUs, and as many: so many processes share the model, each with kernels and
    caches for its part. What was measured is no part of it, since an image does not change with it.
    """
    instance = engine.instance
    same = {name: each for name, each in INSTANCE_TYPES.items() if each.gpu == instance.gpu}
    alike = [name for name, each in same.items() if each.gpu_count == instance.gpu_count]
    return replace(engine, instance_type=min(alike, key=lambda name: same[name].vcpus), measured=None)


def image_name(engine: Engine) -> str:
    """Return the name of an engine's image: family, GPUs, model, and what its environment decided besides.

    There is an image for each, since compiled kernels fit one kind of GPU, and vLLM's compile cache the arguments that
    it was started with.
    """
    places = f"{engine.max_num_seqs}places" if engine.max_num_seqs else None
    # Image Builder's names have no dots
    model = engine.model.name.replace(".", "-")
    count = engine.instance.gpu_count
    gpus = f"{count}gpus" if count > 1 else None
    return "-".join(filter(None, [family_of(engine.instance_type), gpus, model, engine.quantization, places]))


def ami_parameter(version: str, engine: Engine) -> str:
    """Return the name of the SSM parameter with the AMI id of an image version for an engine.

    The version follows from what is built, the engine's arguments included. Image Builder's own role may write
    parameters below `/imagebuilder/`.
    https://docs.aws.amazon.com/imagebuilder/latest/userguide/cr-upd-ami-distribution-settings.html
    """
    return f"/imagebuilder/inference/{engine.model.name}/{version}/{family_of(engine.instance_type)}/ami-id"


def image_tags(version: str, engine: Engine) -> dict[str, str]:
    """Return the tags of an image, by which the hosts' stack knows what it finds under the parameter."""
    return {"Model": engine.model.name, "Version": version, "Family": family_of(engine.instance_type)}
