"""How `tofu` is run."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from engine_fixtures import ROOT, wait_for

SLOW_TO_STOP = """#!/bin/sh
trap 'sleep 1; touch saved; exit 1' INT
touch started
while :; do sleep 0.05; done
"""


def test_ctrl_c_leaves_tofu_the_time_to_save_its_state(tmp_path: Path) -> None:
    tofu = tmp_path / "tofu"
    tofu.write_text(SLOW_TO_STOP)
    tofu.chmod(0o755)
    program = f"from pathlib import Path; from ops.tofu import Stack; Stack(Path({str(tmp_path)!r})).init()"
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
