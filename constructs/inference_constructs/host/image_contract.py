"""Names and sizes that the machine image and the hosts that are launched from it agree on."""

from dataclasses import dataclass, replace

from inference_constructs.host.boot_budget import VOLUME_MIB_PER_SECOND
from inference_constructs.host.engine import Engine

ROOT_DEVICE = "/dev/xvda"
ROOT_GIB = 100
"""Operating system and GPU driver; the base image itself needs 75."""

DATA_DEVICE = "/dev/sdf"
DATA_GIB = 60
"""Container, weights and compile cache. A volume of its own, so that no block of it waits behind the base image's."""

VERSION_TAG, FAMILY_TAG = "Version", "Family"
"""Tags of an image, by which the hosts' stack knows what it finds under the parameter."""


@dataclass(frozen=True, kw_only=True)
class Volume:
    """A gp3 volume. Throughput is in MiB/s, gp3's own where it is None."""

    device: str
    gibibytes: int
    throughput: int | None = None


VOLUMES = (
    Volume(device=ROOT_DEVICE, gibibytes=ROOT_GIB),
    Volume(device=DATA_DEVICE, gibibytes=DATA_GIB, throughput=VOLUME_MIB_PER_SECOND),
)
"""The volumes of a build host, and so of the image."""


def family_of(instance_type: str) -> str:
    """Return the family of an EC2 type: g5 of g5.xlarge."""
    return instance_type.partition(".")[0]


def build_engine(engine: Engine) -> Engine:
    """Return the same engine on the type of host that its image is built on: the smallest of the family."""
    return replace(engine, instance_type=f"{family_of(engine.instance_type)}.xlarge")


def image_name(engine: Engine) -> str:
    """Return the name of an engine's image: the family, and what its environment decided of the engine.

    There is an image for each, since compiled kernels fit one kind of GPU, and vLLM's compile cache the arguments that
    it was started with.
    """
    places = f"{engine.max_num_seqs}places" if engine.max_num_seqs else None
    return "-".join(filter(None, [family_of(engine.instance_type), engine.quantization, places]))


def ami_parameter(version: str, instance_type: str) -> str:
    """Return the name of the SSM parameter with the AMI id of an image version for a GPU host.

    The version follows from what is built, the engine's arguments included. Image Builder's own role may write
    parameters below `/imagebuilder/`.
    https://docs.aws.amazon.com/imagebuilder/latest/userguide/cr-upd-ami-distribution-settings.html
    """
    return f"/imagebuilder/inference/{version}/{family_of(instance_type)}/ami-id"
