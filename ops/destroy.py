"""Destroy the service of an environment. State and machine images stay: other environments use them.

The plan is shown first, and the name of the stack has to be typed. An environment with deletion protection, as prod
has, is refused until that is switched off and deployed.
"""

import argparse
import sys

from rich.console import Console
from rich.prompt import Prompt

from ops.deploy import account_id, variable_options
from ops.preflight import environment_of
from ops.tofu import STACKS, Stack, synthesize
from stacks.backend import state_bucket_name
from stacks.environments import REGION, Environment

console = Console()


def refuse_protected(environment: Environment) -> None:
    """Exit where the environment refuses to be destroyed."""
    if environment.deletion_protection:
        sys.exit(
            f"error: {environment.name} is protected: set deletion_protection=False in stacks/environments.py, "
            f"run ops.deploy {environment.name}, then this again"
        )


def confirm(stack: Stack, given: str | None) -> None:
    """Exit unless the stack's name was given, or is typed now."""
    typed = given or Prompt.ask(f"This cannot be undone. Type [bold]{stack.name}[/] to destroy it")
    if typed != stack.name:
        sys.exit(f"error: {typed!r} is not {stack.name!r}; nothing was destroyed")


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="python -m ops.destroy", description=__doc__)
    parser.add_argument("environment", type=environment_of, help="dev, staging or prod (stacks/environments.py)")
    parser.add_argument("--var", action="append", default=[], metavar="NAME=VALUE", help="OpenTofu variable")
    parser.add_argument("--var-file", action="append", default=[], metavar="FILE", help="file of OpenTofu variables")
    parser.add_argument("--dry-run", action="store_true", help="show the plan, destroy nothing")
    parser.add_argument("--confirm", metavar="STACK", help="the stack's name, instead of typing it")
    arguments = parser.parse_args()
    refuse_protected(arguments.environment)
    with console.status("synthesizing"):
        synthesize()
    stack = Stack(STACKS / arguments.environment.prefix)
    stack.init("-reconfigure", f"-backend-config=bucket={state_bucket_name(account_id(), REGION)}")
    try:
        if not stack.plan("-destroy", *variable_options(arguments)):
            console.print(f"{stack.name}: nothing is there")
        elif not arguments.dry_run:
            confirm(stack, arguments.confirm)
            stack.apply()
    finally:
        stack.plan_file.unlink(missing_ok=True)


if __name__ == "__main__":
    main()
