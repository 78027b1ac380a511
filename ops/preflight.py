"""Say what an AWS account still lacks before an environment can be deployed to it. It only reads.

Each line of the table is ok, or something that `ops.deploy` makes, or something that only you can do, with the way to
do it. The exit code is 1 where there is any of the latter.
"""

import argparse
import sys

from rich.console import Console

from ops.deployment.account_checks import preflight
from ops.shared.arguments import add_environment


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="python -m ops.preflight", description=__doc__)
    add_environment(parser)
    if not preflight(parser.parse_args().environment, Console()):
        sys.exit("error: what is marked `to do` stands in the way of a deployment")


if __name__ == "__main__":
    main()
