"""Synthesize every stack to `cdktf.out/stacks/<name>/cdk.tf.json`: `python main.py`, or `cdktf synth`."""

import sys

from stacks.app import synthesize


def main() -> None:
    """Synthesize; a configuration that cannot work is one line on stderr and exit code 1."""
    try:
        synthesize()
    except ValueError as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()
