"""Ctrl-C ends a command without a traceback."""

import signal
import socket
import subprocess
import sys

import pytest

from support.paths import ROOT


@pytest.mark.parametrize("command", ["evaluate", "load", "smoke"])
def test_ctrl_c_ends_a_command_without_a_traceback(command: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        process = subprocess.Popen(
            [sys.executable, "-m", f"ops.{command}", url], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        # it has begun to ask
        with silent.accept()[0]:
            process.send_signal(signal.SIGINT)
            _, errors = process.communicate(timeout=60)
    assert (process.returncode, errors.decode().strip()) == (-signal.SIGINT, "interrupted")
