"""GPUs: what bounds what a model can do on one."""

from dataclasses import dataclass

MIN_CAPABILITY = {
    "awq": 7.5,
    "gptq": 7.5,
    "fp8": 7.5,
    "compressed-tensors-int4": 7.5,
    "compressed-tensors-fp8": 7.5,
    "mxfp4": 8.0,
}
"""Compute capability from which on vLLM runs weights that are packed so, computing in 16 bits.

What `get_min_capability` returns in vllm/model_executor/layers/quantization/, and for GPTQ the Marlin kernel's own, in
vllm/model_executor/kernels/linear/mixed_precision/marlin.py.
"""


@dataclass(frozen=True, kw_only=True)
class Gpu:
    """A GPU. Speeds and data types are from NVIDIA's data sheets, dense where there is a choice.

    Attributes:
        name: NVIDIA's name.
        memory_gib: Memory of one GPU as torch sees it, which is what vLLM takes a share of, in GiB.
        bandwidth_gb_per_second: Memory bandwidth, in GB (10^9 bytes) a second.
        tensor_teraflops: 16-bit operations of the tensor cores, in 10^12 a second.
        attention_teraflops: Those that the attention backend computes with, in 10^12 a second.
        capability: Compute capability: https://developer.nvidia.com/cuda-gpus
        dtypes: The 16-bit types that it computes with, the preferred one first.
        quantizations: Ways to make weights smaller that vLLM has kernels for on this GPU.
        attention_backend: vLLM's backend, where its own choice does not run on this GPU.
    """

    name: str
    memory_gib: float
    bandwidth_gb_per_second: float
    tensor_teraflops: float
    attention_teraflops: float
    capability: float
    dtypes: tuple[str, ...]
    quantizations: tuple[str, ...]
    attention_backend: str | None = None


T4 = Gpu(
    name="T4",
    memory_gib=14.58,
    bandwidth_gb_per_second=320,
    tensor_teraflops=65,
    # Triton takes tensor cores from compute capability 8.0 on; a T4, with 7.5, gets multiplications in 32 bits
    # https://github.com/triton-lang/triton/pull/5066
    attention_teraflops=8.1,
    capability=7.5,
    dtypes=("float16",),
    # Marlin, which unpacks 8 bits as it multiplies in 16: from compute capability 7.5 on
    # https://docs.vllm.ai/en/stable/features/quantization/llm_compressor/fp8/
    quantizations=("fp8",),
    attention_backend="TRITON_ATTN",
)
A10G = Gpu(
    name="A10G",
    memory_gib=22.06,
    bandwidth_gb_per_second=600,
    tensor_teraflops=70,
    attention_teraflops=70,
    capability=8.6,
    dtypes=("bfloat16", "float16"),
    quantizations=("fp8",),
)
