"""From an EC2 instance type and a model to vLLM's arguments: what fits into the GPU, and what that GPU can compute."""

import shlex
from dataclasses import dataclass, replace

from inference_constructs.host.engine import Engine
from inference_constructs.host.gpus import MIN_CAPABILITY
from inference_constructs.host.models import Format, Model
from inference_constructs.host.step_time import StepTime, step_time
from runtime.validation import MAX_SEQUENCES

GIB = 2**30

OVERHEAD_GIB = 1.2
"""Activations, CUDA graphs and the CUDA context. An estimate; vLLM measures the real figure when it starts."""

PLANNED_SEQUENCE_TOKENS = 1024
"""Prompt and answer of a usual request: how many of them fit is how many run at once. Longer ones still work, since
vLLM preempts when its cache is full."""

USUAL_PROMPT_TOKENS = USUAL_ANSWER_TOKENS = 200
"""A usual request; also the defaults of the forecast's variables for them."""

CONTEXT_SHARE = 0.8
"""Share of the cache that one request may fill, where the model's whole context does not fit into it. The rest is for
what the estimate is wrong by: vLLM does not start with a context that its cache cannot hold."""

LEAST_CONTEXT_TOKENS = 4096
"""A shorter context than this, of a model that has a longer one, is not worth a host."""

QUANTIZATION_ARGUMENT = {"fp8": "fp8_per_tensor"}
"""vLLM's names. `fp8` itself is for weights that are in 8 bits already; a scale for each channel is refused without
arithmetic in 8 bits. https://docs.vllm.ai/en/stable/features/quantization/online/
"""

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
        quantization: vLLM's name of how weights are made smaller when they are loaded, or none.
        kv_cache_tokens: Tokens that the cache holds, an estimate.
        step_time: How long steps and prompts take, an estimate.
    """

    dtype: str
    max_model_len: int
    gpu_memory_utilization: float
    max_num_seqs: int
    tensor_parallel_size: int
    attention_backend: str | None
    quantization: str | None
    kv_cache_tokens: int
    step_time: StepTime

    def max_output_tokens(self, request_timeout_seconds: float) -> int:
        """Return the longest answer that is written within the deadline while all places are taken.

        So many of them are in memory at once, each beside a usual prompt.
        """
        room = self.kv_cache_tokens // self.max_num_seqs
        held = self.max_num_seqs * min(PLANNED_SEQUENCE_TOKENS, room)
        step = self.step_time.step_seconds(streams=self.max_num_seqs, tokens=held)
        writable = int(request_timeout_seconds * DEADLINE_MARGIN / step)
        return min(self.max_model_len, writable, room - USUAL_PROMPT_TOKENS)

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
        if self.quantization is not None:
            arguments += ["--quantization", self.quantization]
        return shlex.join(arguments)


def engine_profile(
    engine: Engine,
    *,
    dtype: str | None = None,
    gpu_memory_utilization: float = 0.9,
) -> EngineProfile:
    """Return how vLLM runs an engine: in the GPU's own data type, with as much of the model's context as fits.

    Raises:
        ValueError: the combination is impossible; the text says why and what to use.
    """
    model, instance = engine.model, engine.instance
    gpu, count = instance.gpu, instance.gpu_count
    where = f"{engine.instance_type} ({gpu.name})"
    if model.quantization is not None:
        _refuse_format(model.quantization, engine)
    common = [each for each in gpu.dtypes if each in model.dtypes]
    if not common:
        raise ValueError(f"{model.name} is computed in {' or '.join(model.dtypes)}, which {where} does not support")
    dtype = dtype or common[0]
    if dtype not in gpu.dtypes:
        raise ValueError(f"{where} does not compute in {dtype}; use {' or '.join(gpu.dtypes)}, got {dtype}")
    if engine.quantization is not None and engine.quantization not in gpu.quantizations:
        known = ", ".join(gpu.quantizations)
        raise ValueError(f"{where} runs no quantization {engine.quantization}; use {known}, or none")
    if not 0 < gpu_memory_utilization <= 1:
        raise ValueError(f"gpu_memory_utilization is a share above 0 and up to 1, got {gpu_memory_utilization}")
    if count > 1 and not _shareable(model, count):
        raise ValueError(
            f"{model.name} has {model.heads} heads, {model.kv_heads} of keys and values, {model.intermediate_size} "
            f"weights in a row and {model.group_size} in a group, which {count} GPUs of {where} cannot share"
        )
    usable = (gpu.memory_gib * gpu_memory_utilization - OVERHEAD_GIB) * GIB * count
    copies = max(model.kv_heads, count) // model.kv_heads
    tokens = int((usable - engine.weight_bytes) / (model.kv_bytes_per_token * copies))
    context = model.context_tokens
    if tokens < context:
        context = int(tokens * CONTEXT_SHARE) // 1024 * 1024
    if context < min(LEAST_CONTEXT_TOKENS, model.context_tokens):
        raise ValueError(
            f"{where} has room for {max(tokens, 0)} tokens beside the weights of {model.name} "
            f"({engine.weight_bytes / GIB:.1f} GiB), too few for a context of "
            f"{min(LEAST_CONTEXT_TOKENS, model.context_tokens)}"
        )
    return EngineProfile(
        dtype=dtype,
        max_model_len=context,
        gpu_memory_utilization=gpu_memory_utilization,
        max_num_seqs=_places(engine, tokens),
        tensor_parallel_size=count,
        attention_backend=gpu.attention_backend,
        quantization=engine.quantization and QUANTIZATION_ARGUMENT[engine.quantization],
        kv_cache_tokens=tokens,
        step_time=step_time(engine),
    )


def _shareable(model: Model, gpus: int) -> bool:
    """Whether each GPU gets whole heads, and whole groups of the weights that share a scale.

    vLLM refuses anything else when it starts: vllm/config/model.py, verify_with_parallel_config; vllm/model_executor/
    layers/quantization/auto_awq.py and utils/fp8_utils.py, validate_fp8_block_shape. GPUs beyond the number of key and
    value heads have copies of them.
    """
    more, fewer = max(model.kv_heads, gpus), min(model.kv_heads, gpus)
    rows = (model.heads * model.head_size, model.intermediate_size or 0)
    return not (model.heads % gpus or more % fewer or any(row % (gpus * model.group_size) for row in rows))


def _refuse_format(format: Format, engine: Engine) -> None:
    """Refuse weights that are packed in a way that the GPU, or the environment's own wish, does not go with."""
    gpu = engine.instance.gpu
    if gpu.capability < MIN_CAPABILITY[format]:
        raise ValueError(
            f"{engine.instance_type} ({gpu.name}) runs no {format} weights, which {engine.model.name} has: vLLM has "
            f"kernels for them from compute capability {MIN_CAPABILITY[format]} on, this GPU has {gpu.capability}"
        )
    if engine.quantization is not None:
        raise ValueError(f"the weights of {engine.model.name} are {format} already; leave out quantization")


def _places(engine: Engine, tokens: int) -> int:
    """Return how many requests run at once.

    With more than the GPU computes a token for while it reads the weights, each gets slower and all of them no faster.
    What was measured changes nothing here, since the image's compile cache is for this number.

    Raises:
        ValueError: as many usual requests do not fit into memory, or a client's widest request has no room.
    """
    if engine.max_num_seqs is None:
        times = step_time(replace(engine, measured=None))
        computed = max(MAX_SEQUENCES, int(times.weights_seconds / times.prompt_token_seconds))
        return max(1, min(computed, tokens // PLANNED_SEQUENCE_TOKENS))
    most = tokens // (USUAL_PROMPT_TOKENS + USUAL_ANSWER_TOKENS)
    if not MAX_SEQUENCES <= engine.max_num_seqs <= most:
        raise ValueError(
            f"max_num_seqs must be {MAX_SEQUENCES}, the sequences of the widest request, to {most}, what "
            f"{engine.instance_type} has memory for, got {engine.max_num_seqs}"
        )
    return engine.max_num_seqs
