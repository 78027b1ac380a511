"""Destroy the service of an environment. State and machine images stay: other environments use them.

The plan is shown first, and the name of the stack has to be typed. An environment with deletion protection, as prod
has, is refused until that is switched off and deployed.
"""

import argparse
import contextlib
import sys

from rich.console import Console
from rich.prompt import Prompt

from ops.deployment.tofu import Stack, synthesize
from ops.shared.account import account_id
from ops.shared.arguments import add_environment, add_variables, variable_options
from ops.shared.paths import STACKS
from stacks.environments import REGION, Environment
from stacks.state_names import state_bucket_name

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
    typed = given or ""
    with contextlib.suppress(EOFError, KeyboardInterrupt):
        typed = given or Prompt.ask(f"This cannot be undone. Type [bold]{stack.name}[/] to destroy it")
    if typed != stack.name:
        sys.exit(f"error: {typed!r} is not {stack.name!r}; nothing was destroyed")


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="python -m ops.destroy", description=__doc__)
    add_environment(parser)
    add_variables(parser)
    parser.add_argument("--dry-run", action="store_true", help="show the plan, destroy nothing")
    parser.add_argument("--confirm", metavar="STACK", help="the stack's name, instead of typing it")
    arguments = parser.parse_args()
    refuse_protected(arguments.environment)
    with console.status("synthesizing"):
        synthesize()
    stack = Stack(STACKS / arguments.environment.prefix)
    stack.init("-reconfigure", f"-backend-config=bucket={state_bucket_name(account_id(), REGION)}")
    # a refresh would read the image of this source tree, which may never have been built
    with stack.plan("-destroy", "-refresh=false", *variable_options(arguments)) as changes:
        if not changes:
            console.print(f"{stack.name}: nothing is there")
        elif not arguments.dry_run:
            confirm(stack, arguments.confirm)
            stack.apply()


if __name__ == "__main__":
    main()
