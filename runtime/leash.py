"""Runs a command that never outlives the process that started it: `python leash.py COMMAND...`, standard input a pipe.

The command's whole process group is killed once it ends, or once the other end of the pipe is closed, which the
kernel does even for a starter that was killed with SIGKILL. vLLM needs this: its engine process goes on for ever
when its API server is killed.
"""

import os
import select
import signal
import subprocess
import sys


def main() -> None:
    """Lead a process group of its own, wait for either end, then kill the group, this process included."""
    os.setpgid(0, 0)
    process = subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL)
    ended = os.pidfd_open(process.pid)
    readable, _, _ = select.select([sys.stdin.fileno(), ended], [], [])
    if ended in readable:
        print(f"engine ended with code {process.wait()}", file=sys.stderr, flush=True)
    os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    main()
