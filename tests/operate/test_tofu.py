"""How `tofu` is run."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from ops.deployment import tofu
from support.engine_fixtures import wait_for
from support.paths import ROOT

LOCKING = """#!/bin/sh
cp .terraform.lock.hcl found 2>/dev/null
echo made > .terraform.lock.hcl
"""

SLOW_TO_STOP = """#!/bin/sh
trap 'sleep 1; touch saved; exit 1' INT
touch started
while :; do sleep 0.05; done
"""


def test_ctrl_c_leaves_tofu_the_time_to_save_its_state(tmp_path: Path) -> None:
    command = tmp_path / "tofu"
    command.write_text(SLOW_TO_STOP)
    command.chmod(0o755)
    program = f"from pathlib import Path; from ops.deployment.tofu import Stack; Stack(Path({str(tmp_path)!r})).init()"
    path = os.pathsep.join([str(tmp_path), os.environ["PATH"]])
    with subprocess.Popen(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env=os.environ | {"PATH": path},
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        wait_for((tmp_path / "started").exists, "tofu at work")
        os.killpg(process.pid, signal.SIGINT)
        _, errors = process.communicate(timeout=30)
    assert (tmp_path / "saved").exists()
    assert (process.returncode, len(errors.splitlines())) == (1, 1)


def test_checksums_of_the_providers_are_kept_where_they_can_be_checked_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "tofu").write_text(LOCKING)
    (tmp_path / "tofu").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    monkeypatch.setattr(tofu, "LOCKS", tmp_path / "locks")
    for _ in range(2):
        shutil.rmtree(tmp_path / "stack", ignore_errors=True)
        (tmp_path / "stack").mkdir()
        tofu.Stack(tmp_path / "stack").init()
    assert (tmp_path / "locks" / "stack.terraform.lock.hcl").read_text() == "made\n"
    assert (tmp_path / "stack" / "found").read_text() == "made\n"
