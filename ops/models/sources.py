"""Where a model's files are: the Hub, a bucket, a folder. Each gives names, digests, content, and heads of weights."""

# boto3 ships no types.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false
import hashlib
import json
import os
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import boto3
from botocore.exceptions import BotoCoreError, ClientError
from huggingface_hub import HfApi, get_token
from huggingface_hub.errors import (
    GatedRepoError,
    HFValidationError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)

from inference_constructs.host import ModelFile

BLOCK = 2**23
"""Bytes that are read at once."""


class SourceError(Exception):
    """The source cannot be read, or what is there cannot be served; one line that says why and what to do."""


class Tensor(NamedTuple):
    """What the head of a weight file says of one tensor."""

    dtype: str
    shape: tuple[int, ...]


class Source(Protocol):
    """A model's files.

    Attributes:
        uri: Where they are, as a model's file says it.
        commit: The repository's commit; none where it is no repository.
        title: What one would name the model.
        license: The licence that is stated there; none where none is.
        gated: Whether who fetches the files needs a token.
        names: Names of the files.
    """

    uri: str
    commit: str | None
    title: str
    license: str | None
    gated: bool
    names: frozenset[str]

    def file(self, name: str) -> ModelFile:
        """Return size and digest of a file."""
        ...

    def read(self, name: str) -> bytes:
        """Return the content of a small file."""
        ...

    def tensors(self, name: str) -> dict[str, Tensor]:
        """Return what a weight file holds, by the head of the file."""
        ...


class Hub:
    """A repository of the Hugging Face Hub, at one commit."""

    def __init__(self, repository: str, revision: str | None) -> None:
        self._api = HfApi(endpoint=os.environ.get("HF_ENDPOINT"))
        try:
            info = self._api.model_info(repository, revision=revision, files_metadata=True)
        except RevisionNotFoundError:
            raise SourceError(f"{repository} has no revision {revision}") from None
        except (RepositoryNotFoundError, HFValidationError):
            missing = f"there is no model {repository} on {self._api.endpoint}, or HF_TOKEN may not see it"
            raise SourceError(missing) from None
        except Exception as error:  # the library lets those of its HTTP client through
            raise SourceError(f"{self._api.endpoint} does not answer: {_first_line(error)}") from None
        self._repository, self._siblings = info.id, {each.rfilename: each for each in info.siblings or []}
        if info.sha is None:
            raise SourceError(f"{self._api.endpoint} names no commit of {repository}")
        self.uri = f"{self._api.endpoint}/{info.id}"
        self.commit: str | None = info.sha
        self.title = info.id.rpartition("/")[2]
        card: Any = info.card_data or {}
        stated = card.get("license") or "unknown"
        stated = card.get("license_name") or stated if stated == "other" else stated
        self.license: str | None = " and ".join(stated) if isinstance(stated, list) else stated
        self.gated = bool(info.gated)
        self.names = frozenset(self._siblings)
        if self.gated and get_token() is None:
            raise SourceError(f"{repository} is gated: ask for access at {self.uri}, then set HF_TOKEN")

    def file(self, name: str) -> ModelFile:
        """See `Source`."""
        lfs = self._siblings[name].lfs
        if lfs is not None:
            return ModelFile(name=name, size=lfs.size, sha256=lfs.sha256)
        content = self.read(name)
        return ModelFile(name=name, size=len(content), sha256=hashlib.sha256(content).hexdigest())

    def read(self, name: str) -> bytes:
        """See `Source`."""
        with tempfile.TemporaryDirectory() as folder:
            try:
                path = self._api.hf_hub_download(self._repository, name, revision=self.commit, local_dir=folder)
            except GatedRepoError:
                raise SourceError(f"HF_TOKEN has no access to {self._repository}: ask for it at {self.uri}") from None
            except Exception as error:  # the library lets those of its HTTP client through
                raise SourceError(f"{self.uri}: {name}: {_first_line(error)}") from None
            return Path(path).read_bytes()

    def tensors(self, name: str) -> dict[str, Tensor]:
        """See `Source`."""
        try:
            head = self._api.parse_safetensors_file_metadata(self._repository, name, revision=self.commit)
        except Exception as error:  # the library lets those of its HTTP client through
            raise SourceError(f"{self.uri}: {name}: {_first_line(error)}") from None
        return {tensor: Tensor(info.dtype, tuple(info.shape)) for tensor, info in head.tensors.items()}


class Folder:
    """A folder of this machine."""

    commit: str | None = None
    license: str | None = None
    gated = False

    def __init__(self, folder: Path) -> None:
        if not folder.is_dir():
            raise SourceError(f"{folder} is no folder")
        self._folder = folder.resolve()
        self.uri, self.title = self._folder.as_uri(), self._folder.name
        self.names = frozenset(path.name for path in self._folder.iterdir() if path.is_file())

    def file(self, name: str) -> ModelFile:
        """See `Source`."""
        with (self._folder / name).open("rb") as content:
            return _hashed(name, iter(lambda: content.read(BLOCK), b""))

    def read(self, name: str) -> bytes:
        """See `Source`."""
        return (self._folder / name).read_bytes()

    def tensors(self, name: str) -> dict[str, Tensor]:
        """See `Source`."""
        with (self._folder / name).open("rb") as content:
            return _head(name, content.read(int.from_bytes(content.read(8), "little")))


class Bucket:
    """A prefix of an S3 bucket."""

    commit: str | None = None
    license: str | None = None
    gated = False

    def __init__(self, uri: str) -> None:
        self.uri = uri.rstrip("/")
        self._bucket, _, self._prefix = self.uri.removeprefix("s3://").partition("/")
        if not self._prefix:
            raise SourceError(f"{uri} names no folder of the bucket: give s3://BUCKET/PREFIX")
        self.title = self._prefix.rpartition("/")[2]
        try:
            self._s3: Any = boto3.client("s3")
            pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=f"{self._prefix}/")
            keys = [entry["Key"] for page in pages for entry in page.get("Contents", [])]
        except (BotoCoreError, ClientError) as error:
            raise SourceError(f"{uri}: {_first_line(error)}") from None
        self.names = frozenset(key.removeprefix(f"{self._prefix}/") for key in keys)

    def _get(self, name: str, **options: str) -> Any:
        try:
            return self._s3.get_object(Bucket=self._bucket, Key=f"{self._prefix}/{name}", **options)["Body"]
        except (BotoCoreError, ClientError) as error:
            raise SourceError(f"{self.uri}/{name}: {_first_line(error)}") from None

    def file(self, name: str) -> ModelFile:
        """See `Source`."""
        return _hashed(name, self._get(name).iter_chunks(BLOCK))

    def read(self, name: str) -> bytes:
        """See `Source`."""
        return self._get(name).read()

    def tensors(self, name: str) -> dict[str, Tensor]:
        """See `Source`."""
        size = int.from_bytes(self._get(name, Range="bytes=0-7").read(), "little")
        return _head(name, self._get(name, Range=f"bytes=8-{size + 7}").read())


def open_source(address: str) -> Source:
    """Return the files at an address: `OWNER/REPOSITORY[@REVISION]`, `s3://BUCKET/PREFIX`, or a folder's path.

    Raises:
        SourceError: there are none, or they cannot be read.
    """
    if address.startswith("s3://"):
        return Bucket(address)
    if address.startswith((".", "/", "~")):
        return Folder(Path(address).expanduser())
    repository, _, revision = address.partition("@")
    return Hub(repository, revision or None)


def _hashed(name: str, blocks: Iterable[bytes] | Iterator[bytes]) -> ModelFile:
    digest, size = hashlib.sha256(), 0
    for block in blocks:
        digest.update(block)
        size += len(block)
    return ModelFile(name=name, size=size, sha256=digest.hexdigest())


def _head(name: str, text: bytes) -> dict[str, Tensor]:
    """Read the head of a weight file: JSON, by tensor. https://huggingface.co/docs/safetensors/index#format."""
    try:
        head = json.loads(text)
        head.pop("__metadata__", None)
        return {tensor: Tensor(info["dtype"], tuple(info["shape"])) for tensor, info in head.items()}
    except (ValueError, KeyError, TypeError, AttributeError):
        raise SourceError(f"{name} has no head of a safetensors file") from None


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
