"""Deploy an environment: state, machine image and service, in this order, each after its plan was shown.

It can be repeated at any time: what is already there is left alone, and what was interrupted is finished. It ends when
the API has answered a real completion.
"""

import argparse
import os
import sys

from botocore.exceptions import BotoCoreError, ClientError  # pyright: ignore[reportMissingTypeStubs]
from rich.console import Console

from ops.deployment.account_checks import preflight
from ops.deployment.deployment import Deployment, refuse_silence
from ops.deployment.tofu import Stack, synthesize
from ops.deployment.wait_until_ready import closed, wait_until_ready
from ops.shared.account import account_id
from ops.shared.api_url import KEY_VARIABLE
from ops.shared.arguments import add_environment, add_variables, variable_options
from ops.smoke import Api, check_completion, run_check

READY_SECONDS = 15 * 60
"""A host has 5 minutes to get ready, and may be replaced once."""

console = Console()


def check_service(stack: Stack) -> None:
    """Wait until the API answers a completion, unless its office hours are over.

    Raises:
        SystemExit: it does not.
    """
    outputs = stack.outputs()
    url = outputs["api_url"]
    if message := closed(url):
        console.print(f"{message} make wake opens it sooner")
        return
    console.print(f"waiting for {url}")
    if not wait_until_ready(url, READY_SECONDS, console):
        sys.exit(
            f"error: the API is not ready after {READY_SECONDS // 60} minutes: see docs/runbook.md, no-healthy-host"
        )
    api = Api(url, os.environ.get(KEY_VARIABLE))
    result = run_check("completion", check_completion, api)
    if not result.passed and not api.keyed and "401" in result.detail:
        console.print(f"keys are on: make one (make keys), export it as {KEY_VARIABLE}, then make smoke URL={url}")
    elif not result.passed:
        sys.exit(f"error: the API is ready, but a completion failed: {result.detail}")
    else:
        console.print(f"first completion: {result.detail}")
    console.print(f"API: [bold]{url}[/]\npage: [bold]{outputs['site_url']}[/]")


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="python -m ops.deploy", description=__doc__)
    add_environment(parser)
    add_variables(parser)
    parser.add_argument("--dry-run", action="store_true", help="show plans, change nothing")
    parser.add_argument("--yes", action="store_true", help="apply without asking")
    arguments = parser.parse_args()
    refuse_silence(arguments.environment, variable_options(arguments))
    if not preflight(arguments.environment, console):
        sys.exit("error: what is marked `to do` above comes first")
    with console.status("synthesizing"):
        synthesize()
    deployment = Deployment(
        variables=variable_options(arguments),
        dry_run=arguments.dry_run,
        assume_yes=arguments.yes,
        account_id=account_id(),
    )
    try:
        service = deployment.run(arguments.environment)
    except (BotoCoreError, ClientError) as error:
        sys.exit(f"error: {error}; the same command goes on from where this one stopped")
    if service:
        check_service(service)


if __name__ == "__main__":
    main()
