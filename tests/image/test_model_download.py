"""The weights are fetched whole, at the digests that were reviewed, or the build ends; a stand-in serves them."""

import hashlib
import os
import re
import subprocess
from pathlib import Path

import pytest

from inference_constructs.image.bundle import RUNTIME

MACHINE = RUNTIME / "machine"


class Hub:
    """A stand-in for the model hub, on disk: a git repository with small files, and the others beside it."""

    small = ("config.json", "generation_config.json", "added_tokens.json", "model.safetensors.index.json")

    def __init__(self, root: Path) -> None:
        self.root, self.repository, self.model = root, root / "hub", root / "model"
        self.repository.mkdir()
        for name in self.small:
            (self.repository / name).write_text(name)
        self._git("init", "--quiet")
        self._git("add", ".")
        self._git("-c", "user.name=x", "-c", "user.email=x@example.org", "commit", "--quiet", "--message", "model")
        self.revision = self._git("rev-parse", "HEAD").strip()
        self.files = self.repository / "resolve" / self.revision
        self.files.mkdir(parents=True)
        self.scripts = root / "machine"
        self.scripts.mkdir()
        self._weights("weights")

    def _git(self, *arguments: str) -> str:
        command = ["git", "-C", str(self.repository), *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout

    def _weights(self, content: str) -> None:
        (self.files / "weights.safetensors").write_text(content)
        digest = hashlib.sha256(content.encode()).hexdigest()
        (self.scripts / "model.sha256").write_text(f"{digest}  weights.safetensors\n")

    def fetch(self) -> subprocess.CompletedProcess[str]:
        """Run model.sh against this hub; `dnf` does nothing."""
        script = (MACHINE / "model.sh").read_text()
        for name, value in (
            ("repository", f"file://{self.repository}"),
            ("revision", self.revision),
            ("model", str(self.model)),
        ):
            script, count = re.subn(rf"^{name}=.*$", f"{name}={value}", script, flags=re.M)
            assert count == 1
        (self.scripts / "model.sh").write_text(script)
        dnf = self.root / "bin" / "dnf"
        dnf.parent.mkdir(exist_ok=True)
        dnf.write_text("#!/bin/bash\n")
        dnf.chmod(0o755)
        (self.root / ".curlrc").write_text("retry-max-time = 1\n")
        return subprocess.run(
            ["bash", str(self.scripts / "model.sh")],
            env={**os.environ, "PATH": f"{dnf.parent}:{os.environ['PATH']}", "CURL_HOME": str(self.root)},
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
    assert {path.name for path in hub.model.iterdir()} == {*Hub.small, "weights.safetensors"}


@pytest.mark.req("R1.1")
def test_weights_with_another_digest_end_the_build(hub: Hub) -> None:
    (hub.files / "weights.safetensors").write_text("other weights")
    done = hub.fetch()
    assert done.returncode != 0
    assert "weights.safetensors: FAILED" in done.stdout


@pytest.mark.req("R1.1")
def test_missing_weights_end_the_build(hub: Hub) -> None:
    (hub.files / "weights.safetensors").unlink()
    assert hub.fetch().returncode != 0


def test_digests_name_both_weight_files() -> None:
    lines = [line.split("  ") for line in (MACHINE / "model.sha256").read_text().splitlines()]
    assert all(re.fullmatch(r"[0-9a-f]{64}", digest) for digest, _ in lines)
    assert {name for _, name in lines} >= {"model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"}
