"""Arguments that the commands on an environment share."""

import argparse
from pathlib import Path

from stacks.environments import ENVIRONMENTS, Environment


def environment_of(name: str) -> Environment:
    """Return the environment of this name.

    Raises:
        argparse.ArgumentTypeError: there is none.
    """
    by_name = {environment.name: environment for environment in ENVIRONMENTS}
    if name not in by_name:
        raise argparse.ArgumentTypeError(f"there is no environment {name!r}; choose from {', '.join(by_name)}")
    return by_name[name]


def add_environment(parser: argparse.ArgumentParser) -> None:
    """Add the argument that names the environment."""
    names = ", ".join(environment.name for environment in ENVIRONMENTS)
    parser.add_argument("environment", type=environment_of, help=f"{names} (stacks/environments.py)")


def add_variables(parser: argparse.ArgumentParser) -> None:
    """Add the options for OpenTofu's variables."""
    parser.add_argument("--var", action="append", default=[], metavar="NAME=VALUE", help="OpenTofu variable")
    parser.add_argument(
        "--var-file", action="append", default=[], type=Path, metavar="FILE", help="file of OpenTofu variables"
    )


def variable_options(arguments: argparse.Namespace) -> list[str]:
    """Return what `add_variables` was given, as options for `tofu` in any folder."""
    values = [f"-var={pair}" for pair in arguments.var]
    return values + [f"-var-file={path.absolute()}" for path in arguments.var_file]
