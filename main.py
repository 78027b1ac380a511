"""Synthesize every stack to `cdktf.out/stacks/<name>/cdk.tf.json`: `python main.py`, or `cdktf synth`."""

import os
import sys

# jsii's Node prints a deprecation of its own dependencies, which nobody here can act on
os.environ.setdefault("NODE_OPTIONS", "--no-deprecation")

from cdktf import App

from stacks.app import add_stacks


def main() -> None:
    """Synthesize; a configuration that cannot work is one line on stderr and exit code 1."""
    app = App()
    try:
        add_stacks(app)
    except ValueError as error:
        sys.exit(f"error: {error}")
    app.synth()


if __name__ == "__main__":
    main()
