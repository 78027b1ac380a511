"""From an EC2 instance type and a model to vLLM's arguments: what fits into the GPU, and what that GPU can compute."""

import shlex
from dataclasses import dataclass

from inference_constructs.host.instance_types import instance_type_of
from inference_constructs.host.models import PHI_3_MINI_4K, Model

GIB = 2**30

OVERHEAD_GIB = 1.2
"""Activations, CUDA graphs and the CUDA context. An estimate; vLLM measures the real figure when it starts."""

PLANNED_SEQUENCE_TOKENS = 1024
"""Prompt and answer of a usual request: how many of them fit is how many run at once. Longer ones still work, since
vLLM preempts when its cache is full."""

DEADLINE_MARGIN = 0.75
"""Share of the deadline in which the longest answer must be written; waiting and reading the prompt take the rest."""


@dataclass(frozen=True, kw_only=True)
class EngineProfile:
    """How vLLM runs a model on an instance type.

    Attributes:
        dtype: Data type of weights and computation.
        max_model_len: Longest context, in tokens.
        gpu_memory_utilization: Share of the GPU's memory that vLLM takes.
        max_num_seqs: Requests that run at once.
        tensor_parallel_size: GPUs that share the model.
        attention_backend: vLLM's backend, or its own choice.
        kv_cache_tokens: Tokens that the cache holds, an estimate.
        tokens_per_second: Ceiling of one stream, by memory bandwidth.
    """

    dtype: str
    max_model_len: int
    gpu_memory_utilization: float
    max_num_seqs: int
    tensor_parallel_size: int
    attention_backend: str | None
    kv_cache_tokens: int
    tokens_per_second: float

    def max_output_tokens(self, request_timeout_seconds: float) -> int:
        """Return the longest answer that fits into the deadline, at most the context."""
        return min(self.max_model_len, int(self.tokens_per_second * request_timeout_seconds * DEADLINE_MARGIN))

    @property
    def engine_args(self) -> str:
        """The arguments, quoted for a shell: the value of GATEWAY_ENGINE_ARGS.

        https://docs.vllm.ai/en/latest/cli/serve
        """
        arguments = [
            *("--dtype", self.dtype),
            *("--max-model-len", str(self.max_model_len)),
            *("--gpu-memory-utilization", str(self.gpu_memory_utilization)),
            *("--max-num-seqs", str(self.max_num_seqs)),
            *("--tensor-parallel-size", str(self.tensor_parallel_size)),
        ]
        if self.attention_backend is not None:
            arguments += ["--attention-backend", self.attention_backend]
        return shlex.join(arguments)


def engine_profile(
    instance_type: str,
    model: Model = PHI_3_MINI_4K,
    *,
    dtype: str | None = None,
    max_model_len: int | None = None,
    gpu_memory_utilization: float = 0.9,
) -> EngineProfile:
    """Return how vLLM runs `model` on `instance_type`: in the GPU's own data type, with the model's whole context.

    Raises:
        ValueError: the combination is impossible; the text says why and what to use.
    """
    instance = instance_type_of(instance_type)
    gpu, count = instance.gpu, instance.gpu_count
    where = f"{instance_type} ({gpu.name})"
    dtype = dtype or gpu.dtypes[0]
    if dtype not in gpu.dtypes:
        raise ValueError(f"{where} has no {dtype}; use {' or '.join(gpu.dtypes)}, got {dtype}")
    context = max_model_len or model.context_tokens
    if context > model.context_tokens:
        raise ValueError(f"{model.name} has a context of {model.context_tokens} tokens, got max_model_len {context}")
    if not 0 < gpu_memory_utilization <= 1:
        raise ValueError(f"gpu_memory_utilization is a share above 0 and up to 1, got {gpu_memory_utilization}")
    if model.kv_heads % count:
        raise ValueError(f"{model.name} has {model.kv_heads} heads, which {count} GPUs of {where} cannot share")
    usable = (gpu.memory_gib * gpu_memory_utilization - OVERHEAD_GIB) * GIB * count
    tokens = int((usable - model.weight_bytes) / model.kv_bytes_per_token)
    if tokens < context:
        raise ValueError(
            f"{where} has room for {max(tokens, 0)} tokens beside the weights of {model.name} "
            f"({model.weight_bytes / GIB:.1f} GiB), fewer than max_model_len {context}"
        )
    return EngineProfile(
        dtype=dtype,
        max_model_len=context,
        gpu_memory_utilization=gpu_memory_utilization,
        max_num_seqs=max(1, tokens // PLANNED_SEQUENCE_TOKENS),
        tensor_parallel_size=count,
        attention_backend=gpu.attention_backend,
        kv_cache_tokens=tokens,
        tokens_per_second=gpu.bandwidth_gb_per_second * 1e9 * count / model.weight_bytes,
    )
