"""Time a whole synthesis with the fast import of the provider and with the stock one, in the same run."""

import argparse
import os
import subprocess
import sys
import tempfile
import time

FAST = "import main; main.main()"
STOCK = f"import cdktf_cdktf_provider_aws; {FAST}"


def seconds(program: str) -> float:
    """Wall-clock seconds that a fresh interpreter takes for the program."""
    with tempfile.TemporaryDirectory() as out:
        started = time.perf_counter()
        subprocess.run([sys.executable, "-c", program], env=os.environ | {"CDKTF_OUTDIR": out}, check=True)
        return time.perf_counter() - started


def main() -> None:
    """Print both times, the best of three and of one, and their ratio."""
    argparse.ArgumentParser(prog="make bench-synth", description=__doc__).parse_args()
    fast = min(seconds(FAST) for _ in range(3))
    stock = seconds(STOCK)
    print(f"fast import   {fast:6.1f} s\nstock import  {stock:6.1f} s\nratio         {stock / fast:6.1f}")


if __name__ == "__main__":
    main()
