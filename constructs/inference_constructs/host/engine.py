"""What an environment decides about its engine: hosts, their machine image and every estimate start from it."""

from dataclasses import KW_ONLY, dataclass
from typing import Literal

from inference_constructs.host.instance_types import InstanceType, instance_type_of
from inference_constructs.host.measured import Measured
from inference_constructs.host.models import Model

Quantization = Literal["fp8"]
"""How weights are made smaller when they are loaded: to 8 bits, computed with in 16."""


@dataclass(frozen=True)
class Engine:
    """A model on a type of host.

    Attributes:
        instance_type: EC2 type of the host.
        model: The model.
        quantization: How its weights are made smaller when they are loaded; not at all unless given.
        max_num_seqs: Requests that run at once; as many of a usual length as the memory holds unless given, and no
            more than make all of them together faster.
        measured: What such a host was measured to do; estimated from data sheets unless given.
    """

    instance_type: str
    _: KW_ONLY
    model: Model
    quantization: Quantization | None = None
    max_num_seqs: int | None = None
    measured: Measured | None = None

    @property
    def instance(self) -> InstanceType:
        """What the host has.

        Raises:
            ValueError: its type is not of the g4dn or g5 family (R1.3).
        """
        return instance_type_of(self.instance_type)

    @property
    def weight_bytes(self) -> int:
        """Size of the weights in the GPU's memory."""
        if self.quantization is None:
            return self.model.weight_bytes
        # embeddings and output layer stay in 16 bits
        return self.model.parameters + self.model.embedding_parameters
