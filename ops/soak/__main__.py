"""Load the real gateway with clients of every kind, in front of a stand-in engine that fails, for minutes.

All of it runs on this machine's loopback interface. The engine dies and hangs, and the gateway is stopped and started,
while requests come. How each of them ends is counted, and held to the API's contract. Ends with an error if a request
has no ending, or one that the gateway must not give, or if descriptors or tasks are left over at the end.
"""

import argparse
import asyncio
import shutil
import signal
import sys
import tempfile
from pathlib import Path

from ops.soak.run import Soak

MOST_SECONDS = 6 * 3600
MOST_CLIENTS_PER_SECOND = 2000


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="python -m ops.soak", description=__doc__)
    parser.add_argument("--seconds", type=float, default=900, help="how long clients come (default: %(default)s)")
    parser.add_argument("--rate", type=float, default=500, help="clients that come in a second (default: %(default)s)")
    parser.add_argument("--log", type=Path, help="where to keep the gateway's log")
    arguments = parser.parse_args()
    if not (0 < arguments.seconds <= MOST_SECONDS and 0 < arguments.rate <= MOST_CLIENTS_PER_SECOND):
        sys.exit(f"error: --seconds takes up to {MOST_SECONDS}, --rate up to {MOST_CLIENTS_PER_SECOND}, both above 0")
    with tempfile.TemporaryDirectory(prefix="soak-") as folder:
        soak = Soak(Path(folder), rate=arguments.rate, seconds=arguments.seconds)
        # told to stop, it ends as at Ctrl-C: with what it has found so far, and without its gateway
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        try:
            asyncio.run(soak.run())
        except KeyboardInterrupt:
            soak.report.broke("stopped before its end")
        finally:
            print("\n".join(soak.report.lines()))
            if arguments.log:
                shutil.copy(Path(folder) / "log", arguments.log)
    if soak.report.broken:
        sys.exit(1)


if __name__ == "__main__":
    main()
