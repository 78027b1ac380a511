"""Models: where the weights are, how much memory they take, and what a client gets that asks for nothing."""

from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

Name = Annotated[str, Meta(pattern=r"^[a-z0-9]([a-z0-9._-]{0,46}[a-z0-9])?$")]
"""Of a model: a part of an SSM parameter's name, and of a file's."""
FileName = Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]
Source = Annotated[str, Meta(pattern=r"^(https|http|s3|file)://[^\s'\"\\$`]+[^\s/'\"\\$`]$")]
Commit = Annotated[str, Meta(pattern=r"^[0-9a-f]{40}$")]
Sha256 = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}$")]
Parser = Annotated[str, Meta(pattern=r"^[a-z0-9_]+$")]
Positive = Annotated[int, Meta(ge=1)]
Natural = Annotated[int, Meta(ge=0)]

Format = Literal["awq", "gptq", "fp8", "mxfp4", "compressed-tensors-int4", "compressed-tensors-fp8"]
"""How weights are packed in the files: FP8 in 8 bits, the others in 4."""

Dtype = Literal["bfloat16", "float16"]
"""The 16-bit types."""


class ModelFile(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A file of a model.

    Attributes:
        name: Its name in the source's folder.
        size: Bytes; none where only the commit is known.
        sha256: Digest; none where the file comes out of git, whose commit id covers its content.
    """

    name: FileName
    size: Natural | None = None
    sha256: Sha256 | None = None


class Sampling(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What a request without these gets, from generation_config.json; vLLM's defaults where it is silent.

    https://docs.vllm.ai/en/latest/api/vllm/sampling_params/
    """

    temperature: float = 1.0
    top_p: float = 1.0
    top_k: int = 0
    min_p: float = 0.0
    repetition_penalty: float = 1.0


class Trial(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A question that an image must answer before it is published.

    Attributes:
        prompt: What the model goes on from, at temperature 0.
        answer: What must be among the next 8 tokens; without quotes and backslashes, which JSON would escape.
    """

    prompt: Annotated[str, Meta(min_length=1)]
    answer: Annotated[str, Meta(pattern=r"""^[^\n"\\]+\Z""")]


class Model(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A model, as its file in `stacks/models/` says.

    Attributes:
        name: Name that clients send, and the file's.
        source: Where the weights are: a repository of the Hub, a prefix of a bucket (`s3://`), or a folder of one
            machine (`file://`), which serves there only.
        commit: The repository's commit; none where the source is no repository.
        gated: Whether who fetches the files needs a token of the Hub.
        license: The licence that the owner accepted, by the name that the Hub has for it.
        files: All that vLLM reads.
        architecture: The class that vLLM knows it by.
        parameters: Number of weights.
        embedding_parameters: Those of them in token embeddings and output layer, which quantization leaves alone.
        layers: Number of layers.
        heads: Query heads of a layer.
        kv_heads: Key and value heads of a layer.
        head_size: Size of a head.
        intermediate_size: Inner size of a layer's feed-forward network, of one expert where it has several; not
            known where the config has none.
        context_tokens: Longest context that it was trained for.
        sliding_window: Tokens that a layer attends to; all of the context where none.
        dtypes: 16-bit types that it can be computed in; some models overflow in float16.
        quantization: How the files' weights are packed; none for 16 bits.
        group_size: Weights in a row that share a scale: each GPU's part of a row has whole groups.
        sampling: What a request gets that asks for nothing.
        trial: The question for an image.
        chat_template: Jinja template of chats, in place of the files' own.
        tool_parser: vLLM's parser of tool calls; none where it has none for this model.
        reasoning_parser: vLLM's parser of what the model thinks aloud.
    """

    name: Name
    source: Source
    commit: Commit | None = None
    gated: bool = False
    license: Annotated[str, Meta(min_length=1)]
    files: Annotated[tuple[ModelFile, ...], Meta(min_length=1)]
    architecture: str
    parameters: Positive
    embedding_parameters: Positive
    layers: Positive
    heads: Positive
    kv_heads: Positive
    head_size: Positive
    intermediate_size: Positive | None = None
    context_tokens: Positive
    sliding_window: Positive | None = None
    dtypes: tuple[Dtype, ...] = ("bfloat16", "float16")
    quantization: Format | None = None
    group_size: Positive = 1
    sampling: Sampling = Sampling()
    trial: Trial
    chat_template: str | None = None
    tool_parser: Parser | None = None
    reasoning_parser: Parser | None = None

    def __post_init__(self) -> None:
        """Refuse files that nobody can fetch or check.

        Raises:
            ValueError: one line that says which.
        """
        if self.source.startswith("http") and self.commit is None:
            raise ValueError("a repository of the Hub needs its commit")
        for file in self.files:
            if file.name.endswith(".safetensors") and (file.size is None or file.sha256 is None):
                raise ValueError(f"{file.name} needs its size and its sha256")
            if file.sha256 is None and self.commit is None:
                raise ValueError(f"{file.name} needs its sha256, since no commit covers it")
        if not self.weight_bytes:
            raise ValueError("no file is a .safetensors")

    @property
    def engine_arguments(self) -> list[str]:
        """What vLLM has to be told about this model, beside its tool parser, which the gateway knows too.

        https://docs.vllm.ai/en/latest/cli/serve
        """
        arguments: list[str] = []
        if self.sampling != Sampling():
            arguments += ["--override-generation-config", msgspec.json.encode(self.sampling).decode()]
        if self.reasoning_parser is not None:
            arguments += ["--reasoning-parser", self.reasoning_parser]
        return arguments

    @property
    def weight_bytes(self) -> int:
        """Size of the weights, in the files as in memory."""
        return sum(file.size or 0 for file in self.files if file.name.endswith(".safetensors"))

    @property
    def kv_bytes_per_token(self) -> int:
        """Size of a token's keys and values in 16 bits."""
        return 2 * 2 * self.layers * self.kv_heads * self.head_size


def read_model(path: Path) -> Model:
    """Return the model that a file describes.

    Raises:
        ValueError: the file cannot be read, or is no model; one line that says what is wrong.
    """
    try:
        model = msgspec.json.decode(path.read_bytes(), type=Model)
    except (OSError, msgspec.DecodeError) as error:
        raise ValueError(f"{path}: {error}") from None
    if model.name != path.stem:
        raise ValueError(f"{path}: `name` is {model.name!r}, but a file is named as its model")
    return model
