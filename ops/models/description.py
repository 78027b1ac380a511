"""From a model's files to the file that describes it: figures from config.json, digests, and what is refused."""

import json
import math
import shlex
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePath
from typing import Any

import msgspec

from inference_constructs.host import Format, Model, Sampling, Trial
from ops.models.sources import Source, SourceError, Tensor

KNOWN: Mapping[str, Any] = json.loads(Path(__file__).with_name("engine.json").read_text())
"""What vLLM knows (ops/maintain/engine_registry.py)."""

READ_BY_VLLM = {".json", ".jinja", ".model", ".txt", ".tiktoken"}
"""Ends of the small files that vLLM and its tokenizers read."""

GROUP_SIZES = {-1, 32, 64, 128}
"""Weights that share a scale, as the Marlin kernels take them (vllm/model_executor/layers/quantization/utils/
marlin_utils.py)."""

PACKED = {"qweight", "weight_packed", "blocks"}
SCALES = {
    *("qzeros", "scales", "g_idx", "weight_scale", "weight_scale_inv", "weight_zero_point", "weight_shape"),
    *("weight_g_idx", "input_scale"),
}
"""Tensors that hold no weights, but what it takes to unpack them."""

BITS: dict[Format | None, int] = {"awq": 4, "gptq": 4, "compressed-tensors-int4": 4, "mxfp4": 4}


def describe(
    source: Source,
    *,
    name: str | None,
    license: str | None,
    trial: Trial,
    chat_template: str | None,
    tool_parser: str | None,
    reasoning_parser: str | None,
) -> Model:
    """Return the model whose files these are.

    Args:
        source: The files.
        name: Name that clients send; the source's own unless given.
        license: The licence that the owner accepts.
        trial: The question for an image.
        chat_template: Jinja template of chats, in place of the files' own.
        tool_parser: vLLM's parser of tool calls.
        reasoning_parser: vLLM's parser of what the model thinks aloud.

    Raises:
        SourceError: it cannot be served; one line that says why.
    """
    weights = _weights(source)
    config = _json(source, "config.json")
    architecture = _architecture(config)
    _refuse_code(source, config)
    for option, parser, known in (
        ("--tool-parser", tool_parser, KNOWN["tool_parsers"]),
        ("--reasoning-parser", reasoning_parser, KNOWN["reasoning_parsers"]),
    ):
        if parser is not None and parser not in known:
            raise SourceError(f"vLLM has no {option} {parser}; it has {', '.join(known)}")
    if source.license is not None and license != source.license:
        accepting = f"--license {shlex.quote(source.license)}"
        raise SourceError(f"{source.uri} is under {source.license}: to accept this licence, say {accepting}")
    small = [each for each in source.names if PurePath(each).suffix in READ_BY_VLLM and "/" not in each]
    try:
        quantization, group_size = _quantization(config.get("quantization_config"))
        heads, size = config["num_attention_heads"], config["hidden_size"]
        tensors = [item for each in weights for item in source.tensors(each).items()]
        return Model(
            name=name or source.title.lower(),
            source=source.uri,
            commit=source.commit,
            gated=source.gated,
            license=license or "own",
            files=tuple(source.file(each) for each in sorted([*weights, *small])),
            architecture=architecture,
            parameters=_parameters(tensors, BITS.get(quantization, 16)),
            embedding_parameters=config["vocab_size"] * size * (1 if config.get("tie_word_embeddings") else 2),
            layers=config["num_hidden_layers"],
            heads=heads,
            kv_heads=config.get("num_key_value_heads") or heads,
            head_size=config.get("head_dim") or size // heads,
            intermediate_size=config.get("moe_intermediate_size") or config.get("intermediate_size"),
            context_tokens=config["max_position_embeddings"],
            sliding_window=config.get("sliding_window") if config.get("use_sliding_window", True) else None,
            dtypes=("bfloat16",) if config.get("model_type") in KNOWN["no_float16"] else ("bfloat16", "float16"),
            quantization=quantization,
            group_size=group_size,
            sampling=_sampling(source),
            trial=trial,
            chat_template=chat_template,
            tool_parser=tool_parser,
            reasoning_parser=reasoning_parser,
        )
    except KeyError as error:
        raise SourceError(f"config.json of {source.uri} has no {error.args[0]}") from None
    except (TypeError, AttributeError, IndexError) as error:
        raise SourceError(f"config.json of {source.uri} is of no form that is known: {error}") from None


def has_chat_template(source: Source) -> bool:
    """Whether the model brings a template for chats."""
    if "chat_template.jinja" in source.names:
        return True
    return "tokenizer_config.json" in source.names and "chat_template" in _json(source, "tokenizer_config.json")


def _json(source: Source, name: str) -> dict[str, Any]:
    if name not in source.names:
        raise SourceError(f"{source.uri} has no {name}")
    try:
        return json.loads(source.read(name))
    except ValueError as error:
        raise SourceError(f"{name} of {source.uri} is no JSON: {error}") from None


def _weights(source: Source) -> list[str]:
    """Return the files that vLLM loads: those of the index, where there is one."""
    if "model.safetensors.index.json" in source.names:
        files = sorted(set(_json(source, "model.safetensors.index.json").get("weight_map", {}).values()))
        missing = [each for each in files if each not in source.names]
        if missing:
            raise SourceError(f"{source.uri} has no {missing[0]}, which its index names")
        return files
    if "model.safetensors" in source.names:
        return ["model.safetensors"]
    raise SourceError(f"{source.uri} has no safetensors: other formats can run code when they are loaded")


def _architecture(config: Mapping[str, Any]) -> str:
    names = config.get("architectures") or ["none"]
    if names[0] not in KNOWN["architectures"]:
        raise SourceError(f"vLLM {KNOWN['version']} has no text model of the architecture {names[0]}")
    return names[0]


def _refuse_code(source: Source, config: Mapping[str, Any]) -> None:
    """Refuse what only works with Python files of the repository, which would run on the hosts."""
    tokenizer = _json(source, "tokenizer_config.json") if "tokenizer_config.json" in source.names else {}
    needs = "auto_map" in tokenizer or ("auto_map" in config and config.get("model_type") not in KNOWN["model_types"])
    if needs:
        raise SourceError(f"{source.uri} needs code of its own (auto_map), which no host runs")


def _quantization(config: Mapping[str, Any] | None) -> tuple[Format | None, int]:
    """Return how the weights are packed, and how many in a row share a scale that a GPU needs whole.

    vLLM reads the same: vllm/model_executor/layers/quantization/.
    """
    if not config:
        return None, 1
    if config.get("kv_cache_scheme"):
        raise SourceError("its config packs the cache too (kv_cache_scheme), for which these GPUs have no arithmetic")
    method, bits = config.get("quant_method"), config.get("bits") or config.get("w_bit")
    group = config.get("group_size", -1)
    found: Format | None = None
    if method == "awq" and bits == 4 and config.get("zero_point") is True:
        found = "awq"
    elif method == "gptq" and bits == 4 and config.get("sym") is True:
        found = "gptq"
    elif method == "fp8":
        found, group = "fp8", (config.get("weight_block_size") or [-1])[-1]
    elif method == "mxfp4":
        # parts of a group are filled up: vllm/model_executor/layers/quantization/mxfp4.py
        found, group = "mxfp4", -1
    elif method == "compressed-tensors":
        schemes = list(config["config_groups"].values())
        weights = schemes[0]["weights"]
        group = weights.get("group_size") or (weights.get("block_structure") or [-1])[-1]
        kinds = {(each["weights"]["type"], each["weights"]["num_bits"]) for each in schemes}
        if kinds == {("int", 4)} and not any(each.get("input_activations") for each in schemes):
            found = "compressed-tensors-int4"
        elif kinds == {("float", 8)}:
            found = "compressed-tensors-fp8"
    if found is None or (found in BITS and group not in GROUP_SIZES):
        detail = ", ".join(f"{key} {config[key]}" for key in ("bits", "group_size", "sym", "format") if key in config)
        raise SourceError(
            f"quantization {method} ({detail}) is none that is supported: AWQ with zero points and symmetric GPTQ in 4 "
            "bits, FP8, MXFP4, and compressed-tensors of these"
        )
    return found, max(group, 1)


def _parameters(tensors: Iterable[tuple[str, Tensor]], bits: int) -> int:
    """Count weights: several of them are packed into each number of a quantized tensor."""
    count = 0
    for name, tensor in tensors:
        kind = name.rpartition(".")[2].rpartition("_")[2] if name.endswith("_blocks") else name.rpartition(".")[2]
        if kind not in SCALES:
            per_number = {"I32": 32, "U8": 8}.get(tensor.dtype, bits) // bits if kind in PACKED else 1
            count += per_number * math.prod(tensor.shape)
    return count


def _sampling(source: Source) -> Sampling:
    stated = _json(source, "generation_config.json") if "generation_config.json" in source.names else {}
    names = msgspec.structs.fields(Sampling)
    return Sampling(**{field.name: stated[field.name] for field in names if stated.get(field.name) is not None})
