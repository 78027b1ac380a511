"""Set-up: what a new user meets first."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from ops.maintain.install import TORCH, Environment, install_torch
from support.paths import ROOT

NEEDED = (
    *("Pipfile.lock", "constructs/pyproject.toml", "runtime/requirements-cpu.txt"),
    *("ops/maintain/requirements-tools.txt", "ops/maintain/install.py"),
)


def make(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Call make on a copy of the Makefile in an otherwise empty folder."""
    (folder / "Makefile").write_text((ROOT / "Makefile").read_text())
    for name in NEEDED:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("")
    without_outer_make = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    return subprocess.run(
        ["make", *arguments], cwd=folder, env=without_outer_make | environment, capture_output=True, text=True
    )


def fake_python(folder: Path, answer: str) -> str:
    """A stand-in for a Python that set-up refuses: it runs the check under a changed `sys` or `platform`."""
    path = folder / "python"
    path.write_text(f'#!/bin/sh\nexec python3 -c "{answer}; exec(__import__(\'sys\').argv[2])" "$@"\n')
    path.chmod(0o755)
    return str(path)


@pytest.mark.parametrize("version", [(3, 10, 1), (3, 14, 0)])
def test_an_untried_python_is_one_clear_line(tmp_path: Path, version: tuple[int, int, int]) -> None:
    old = fake_python(tmp_path, f"import sys; sys.version_info = {version}; sys.version = 'this (main)'")
    done = make(tmp_path, "synth", f"PYTHON={old}")
    assert done.returncode != 0
    assert done.stderr.splitlines()[0].startswith("error: Python 3.11, 3.12 or 3.13 is needed")
    assert not (tmp_path / ".venv").exists()


def test_an_unsupported_machine_is_one_clear_line(tmp_path: Path) -> None:
    riscv = fake_python(tmp_path, "import platform; platform.machine = lambda: 'riscv64'")
    done = make(tmp_path, ".venv-engine/.complete", f"PYTHON={riscv}")
    assert done.returncode != 0
    assert done.stderr.splitlines()[0] == (
        "error: the local engine needs Linux on x86_64 or aarch64, this is Linux on riscv64"
    )


SAYS = r"""[ -t 2 ] && echo "to a terminal" >&2
for part in "Resolved 2 packages\n" "Installed" " 2 packages\n" " " "+ a==1\n" " - b==1\n" "   Building c\n"; do
    printf "$part" >&2
done
exit 3
"""


RUN = """
import os, sys
from ops.maintain import install

install.QUIET_SECONDS = 3600
sys.exit(install.run_shown(sys.argv[1:], os.environ))
"""


@pytest.mark.parametrize("is_terminal", [False, True])
def test_what_uv_says_is_shown_without_a_line_for_each_package(is_terminal: bool) -> None:
    ours, its = os.openpty() if is_terminal else os.pipe()
    done = subprocess.run([sys.executable, "-c", RUN, "bash", "-c", SAYS], cwd=ROOT, stderr=its)
    said = os.read(ours, 4096).decode().replace("\r", "").splitlines()
    os.close(its)
    os.close(ours)
    assert done.returncode == 3
    assert said == ["to a terminal"] * is_terminal + ["Resolved 2 packages", "Installed 2 packages", "   Building c"]


FAKE_UV = """#!/bin/bash
echo "$*" >> "$CALLS"
case "$*" in
    *--dry-run*--torch-backend*) exit "$BACKEND" ;;
    *--dry-run*) echo "$PLANNED" >&2 ;;
esac
"""
CUDA = "+ nvidia-cublas==13.1.1.3\n+ torch==2.13.0"


@pytest.mark.parametrize(
    ("planned", "backend", "installed", "said"),
    [
        ("+ torch==2.13.0+cpu", 0, f"--no-deps {TORCH}", "from where pip is set up to look"),
        (CUDA, 0, f"--no-deps --torch-backend cpu {TORCH}", "from PyTorch's own index"),
        (CUDA, 2, TORCH, "the CUDA build, with all that it needs"),
    ],
)
def test_torch_is_taken_from_the_first_place_that_has_a_build_for_the_cpu(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, planned: str, backend: int, installed: str, said: str
) -> None:
    (tmp_path / "uv").write_text(FAKE_UV)
    (tmp_path / "uv").chmod(0o755)
    calls = tmp_path / "calls"
    for name, value in (("CALLS", calls), ("PLANNED", planned), ("BACKEND", backend)):
        monkeypatch.setenv(name, str(value))
    monkeypatch.setattr("ops.maintain.install.TOOLS", tmp_path)
    environment = Environment("unused", {"find-links": ["/wheels"], "extra-index-url": ["https://a", "https://b"]})
    assert said in install_torch(environment)
    last = calls.read_text().splitlines()[-1]
    assert last.endswith(f"--index https://a --index https://b --find-links /wheels {installed}")


@pytest.mark.parametrize(("file", "address"), [("Pipfile.lock", '"url"'), ("package-lock.json", '"resolved"')])
def test_lock_files_name_no_registry(file: str, address: str) -> None:
    assert address not in (ROOT / file).read_text()
