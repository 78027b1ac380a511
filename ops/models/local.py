"""A model whose weights are on this machine, for the local demo."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import url2pathname

from huggingface_hub import snapshot_download  # pyright: ignore[reportUnknownVariableType]
from huggingface_hub.errors import LocalEntryNotFoundError

from inference_constructs.host import Model
from ops.models.sources import SourceError
from stacks.model_files import model_named


@dataclass(frozen=True, kw_only=True)
class LocalModel:
    """What it takes to serve a model here.

    Attributes:
        name: Name that clients send.
        folder: Folder of the weights.
        temperature: What a request gets without one.
        context_tokens: Longest context that it was trained for.
        tool_parser: vLLM's parser of tool calls; empty where it has none.
        engine_arguments: What vLLM has to be told besides.
    """

    name: str
    folder: Path
    temperature: float = 1.0
    context_tokens: int = 2**31
    tool_parser: str = ""
    engine_arguments: tuple[str, ...] = ()


def local_model(address: str) -> LocalModel:
    """Return a model by its folder (`./FOLDER`), or by the name of its file in `stacks/models/`.

    Raises:
        SourceError: its weights are not here; one line that says what to do.
        ValueError: no model has this name.
    """
    if address.startswith((".", "/", "~")):
        return _of_folder(Path(address).expanduser().resolve())
    model = model_named(address)
    template = () if model.chat_template is None else ("--chat-template", model.chat_template)
    return LocalModel(
        name=model.name,
        folder=_folder_of(model),
        temperature=model.sampling.temperature,
        context_tokens=model.context_tokens,
        tool_parser=model.tool_parser or "",
        engine_arguments=(*model.engine_arguments, *template),
    )


def _of_folder(folder: Path) -> LocalModel:
    try:
        config: dict[str, Any] = json.loads((folder / "config.json").read_text())
        generation = folder / "generation_config.json"
        stated: dict[str, Any] = json.loads(generation.read_text()) if generation.exists() else {}
    except (OSError, ValueError) as error:
        raise SourceError(f"{folder} is no model's folder: {error}") from None
    return LocalModel(
        name=folder.name,
        folder=folder,
        temperature=stated.get("temperature", 1.0),
        context_tokens=config.get("max_position_embeddings", 2**31),
    )


def _folder_of(model: Model) -> Path:
    if model.source.startswith("file://"):
        return Path(url2pathname(model.source.removeprefix("file://")))
    if model.source.startswith("s3://"):
        raise SourceError(f"copy {model.source} into a folder, and call make demo MODEL=./FOLDER")
    repository = "/".join(model.source.split("/")[-2:])
    try:
        # only what the Hub's own cache has: nothing is downloaded here
        return Path(snapshot_download(repository, revision=model.commit, local_files_only=True))
    except LocalEntryNotFoundError:
        raise SourceError(
            f"the weights of {model.name} are not on this machine: call .venv/bin/hf download {repository} "
            f"--revision {model.commit}, which takes {model.weight_bytes / 1e9:.1f} GB"
        ) from None
