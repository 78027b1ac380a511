"""How long a GPU takes for prompts and answers: a model of vLLM's continuous batching, from data sheets.

Every step of the engine writes one token for each request that runs. It reads all weights once, and each request's keys
and values; the memory's bandwidth bounds it. A prompt is read at once, bounded by what the GPU computes.
"""

from dataclasses import dataclass

from inference_constructs.host import PHI_3_MINI_4K, Model, engine_profile, instance_type_of

BANDWIDTH_SHARE = 0.7
"""Share of the data sheet's bandwidth that is reached (estimate; not measured on these GPUs)."""

COMPUTE_SHARE = 0.4
"""Share of the data sheet's arithmetic that is reached (estimate; not measured on these GPUs)."""


@dataclass(frozen=True)
class ServiceTime:
    """Times of one host.

    Attributes:
        places: Requests that run at once.
        weights_seconds: A step's time for the weights.
        token_seconds: A step's time for each token that the running requests hold.
        prompt_token_seconds: Time to read one token of a prompt.
    """

    places: int
    weights_seconds: float
    token_seconds: float
    prompt_token_seconds: float

    def step_seconds(self, tokens: float) -> float:
        """Return the time of one step while the running requests hold this many tokens."""
        return self.weights_seconds + self.token_seconds * tokens


def service_time(instance_type: str, model: Model = PHI_3_MINI_4K) -> ServiceTime:
    """Return the times of a host of this type.

    Raises:
        ValueError: it is not of the g4dn or g5 family, or cannot run the model.
    """
    instance = instance_type_of(instance_type)
    bandwidth = instance.gpu.bandwidth_gb_per_second * 1e9 * instance.gpu_count * BANDWIDTH_SHARE
    flops = instance.gpu.tensor_teraflops * 1e12 * instance.gpu_count * COMPUTE_SHARE
    return ServiceTime(
        places=engine_profile(instance_type, model).max_num_seqs,
        weights_seconds=model.weight_bytes / bandwidth,
        token_seconds=model.kv_bytes_per_token / bandwidth,
        # a multiplication and an addition for each weight
        prompt_token_seconds=2 * model.parameters / flops,
    )
