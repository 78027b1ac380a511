"""The weights are fetched whole, at the digests that were reviewed, or the build ends; stand-ins serve them."""

import hashlib
import os
import re
import subprocess
import zipfile
from io import BytesIO
from pathlib import Path

import msgspec
import pytest

from inference_constructs.host.models import ModelFile
from inference_constructs.image.bundle import image_bundle
from ops.model import main
from stacks import model_files
from stacks.model_files import model_named
from support.hub import REPOSITORY, serving_hub
from support.models import PHI_3

SMALL = ("config.json", "generation_config.json", "added_tokens.json", "model.safetensors.index.json")
WEIGHTS = b"weights"
CHECKED = ModelFile(name="model.safetensors", size=len(WEIGHTS), sha256=hashlib.sha256(WEIGHTS).hexdigest())


class Hub:
    """A stand-in for the model hub, on disk: a git repository with small files, and the weights beside it."""

    def __init__(self, root: Path) -> None:
        self.root, self.repository, self.model = root, root / "hub", root / "var"
        self.repository.mkdir()
        for name in SMALL:
            (self.repository / name).write_text(name)
        self._git("init", "--quiet")
        self._git("add", ".")
        self._git("-c", "user.name=x", "-c", "user.email=x@example.org", "commit", "--quiet", "--message", "model")
        commit = self._git("rev-parse", "HEAD").strip()
        files = self.repository / "resolve" / commit
        files.mkdir(parents=True)
        self.weights = files / CHECKED.name
        self.weights.write_bytes(WEIGHTS)
        self.described = msgspec.structs.replace(
            PHI_3,
            source=f"file://{self.repository}",
            commit=commit,
            files=(CHECKED, *(ModelFile(name=name) for name in SMALL)),
        )

    def _git(self, *arguments: str) -> str:
        command = ["git", "-C", str(self.repository), *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout

    def command(self, name: str, script: str) -> None:
        """Put a stand-in for a command of the build host on its PATH."""
        path = self.root / "bin" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"#!/bin/bash\n{script}\n")
        path.chmod(0o755)

    def fetch(self) -> subprocess.CompletedProcess[str]:
        """Run model.sh out of the model's bundle; `dnf` does nothing."""
        zipfile.ZipFile(BytesIO(image_bundle(self.described))).extractall(self.root)
        script = self.root / "runtime/machine/model.sh"
        text, count = re.subn(r"^model=.*$", f"model={self.model}", script.read_text(), flags=re.M)
        assert count == 1
        script.write_text(text)
        self.command("dnf", "")
        (self.root / ".curlrc").write_text("retry-max-time = 1\n")
        return subprocess.run(
            ["bash", str(script)],
            env={**os.environ, "PATH": f"{self.root}/bin:{os.environ['PATH']}", "CURL_HOME": str(self.root)},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )


@pytest.fixture
def hub(tmp_path: Path) -> Hub:
    return Hub(tmp_path)


@pytest.mark.req("R1.1")
def test_model_is_fetched_whole(hub: Hub) -> None:
    done = hub.fetch()
    assert done.returncode == 0, done.stderr
    assert {path.name for path in hub.model.iterdir()} == {*SMALL, CHECKED.name}


@pytest.mark.req("R1.1")
def test_weights_with_another_digest_end_the_build(hub: Hub) -> None:
    hub.weights.write_text("other weights")
    done = hub.fetch()
    assert done.returncode != 0
    assert f"{CHECKED.name}: FAILED" in done.stdout


@pytest.mark.req("R1.1")
def test_missing_weights_end_the_build(hub: Hub) -> None:
    hub.weights.unlink()
    assert hub.fetch().returncode != 0


def test_weights_of_a_bucket_are_fetched_from_there(hub: Hub) -> None:
    hub.described = msgspec.structs.replace(
        hub.described, source="s3://weights/mine", commit=None, files=(CHECKED,), chat_template="{{ messages }}"
    )
    hub.command("aws", f'[ "$*" = "s3 cp --only-show-errors s3://weights/mine/{CHECKED.name} ${{@: -1}}" ] && '
                f'cp {hub.weights} "${{@: -1}}"')  # fmt: skip
    done = hub.fetch()
    assert done.returncode == 0, done.stderr
    assert (hub.model / CHECKED.name).read_bytes() == WEIGHTS
    assert (hub.model / "chat_template.jinja").read_text() == "{{ messages }}"


def test_a_model_that_the_command_added_is_fetched_from_its_hub(
    hub: Hub, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(model_files, "MODELS", tmp_path)
    with serving_hub() as served:
        monkeypatch.setenv("HF_ENDPOINT", served.url)
        main(["add", REPOSITORY, "--license", "apache-2.0"])
        hub.described = model_named("qwen2-7b-instruct-awq")
        done = hub.fetch()
    assert done.returncode == 0, done.stderr
    assert {path.name for path in hub.model.iterdir()} == {file.name for file in hub.described.files}
