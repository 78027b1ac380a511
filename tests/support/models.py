"""The model that the environments serve, for tests that need one that is real."""

from inference_constructs.host.engine import Engine, Quantization
from stacks.model_files import model_named

PHI_3 = model_named("phi-3-mini-4k-instruct")


def phi_3_on(
    instance_type: str, *, quantization: Quantization | None = None, max_num_seqs: int | None = None
) -> Engine:
    """Return it on hosts of this type."""
    return Engine(instance_type, model=PHI_3, quantization=quantization, max_num_seqs=max_num_seqs)
