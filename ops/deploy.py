"""Deploy an environment: state, machine image and service, in this order, each after its plan was shown.

It can be repeated at any time: what is already there is left alone, and what was interrupted is finished. It ends when
the API has answered a real completion.
"""

# boto3 has no types of its own
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false
import argparse
import contextlib
import os
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import ClientError
from rich.console import Console
from rich.prompt import Confirm
from rich.table import Table

from inference_constructs.fleet import ROLLOUT_ALARMS, alarm_name, group_name
from ops import smoke
from ops.deployment import Rollout, Stack, bootstrap, local_state_path, synthesize, wait_until_ready
from ops.preflight import preflight
from ops.shared.account import account_id
from ops.shared.arguments import add_environment, add_variables, variable_options
from ops.shared.paths import STACKS
from stacks.environments import REGION, Environment
from stacks.state_names import state_bucket_name

READY_SECONDS = 15 * 60
"""A host has 5 minutes to get ready, and may be replaced once."""

console = Console()


class Deployment:
    """What was asked for, and the account that it goes to.

    Args:
        variables: Options for `tofu`, of the service's stack.
        dry_run: Whether plans are only shown.
        assume_yes: Whether plans are applied without asking.
        account_id: The AWS account.
    """

    def __init__(self, *, variables: Sequence[str], dry_run: bool, assume_yes: bool, account_id: str) -> None:
        self._variables, self._dry_run, self._assume_yes = variables, dry_run, assume_yes
        self._account_id = account_id
        self._bucket = state_bucket_name(account_id, REGION)
        self.backend_config = f"-backend-config=bucket={self._bucket}"

    def approve(self, what: str) -> bool:
        """Ask whether the plan above may be applied.

        Raises:
            SystemExit: it may not.
        """
        with contextlib.suppress(EOFError, KeyboardInterrupt):
            if self._assume_yes or Confirm.ask(f"Apply this plan to {what}?", default=False):
                return True
        sys.exit(f"nothing was changed in {what}")

    def state(self, stack: Stack) -> None:
        """Make the bucket and the table, or bring them up to date."""
        local_state = local_state_path(self._account_id, REGION)
        if self._bucket_exists() and not local_state.exists():
            self.apply(stack)
        elif self._dry_run:
            console.print(f"{stack.name}: would make the bucket {self._bucket} and the lock table")
        else:
            bootstrap(stack, local_state, self.backend_config, lambda: self.approve(stack.name))

    def _bucket_exists(self) -> bool:
        try:
            boto3.client("s3", region_name=REGION).head_bucket(
                Bucket=self._bucket, ExpectedBucketOwner=self._account_id
            )
        except ClientError as error:
            if error.response["Error"]["Code"] == "404":
                return False
            sys.exit(f"error: {self._bucket} cannot be reached, or is another account's: {error}")
        return True

    def apply(self, stack: Stack, variables: Sequence[str] = ()) -> None:
        """Show the plan of a stack, and apply it once it is approved."""
        stack.init("-reconfigure", self.backend_config)
        try:
            if not stack.plan(*variables):
                console.print(f"{stack.name}: nothing to change")
                return
            print_forecast(stack.planned_outputs())
            if not self._dry_run:
                self.approve(stack.name)
                outdated = stack.outdated_by_plan()
                stack.apply()
                self._replace(stack, outdated, variables)
        finally:
            stack.plan_file.unlink(missing_ok=True)

    @staticmethod
    def _replace(stack: Stack, addresses: Sequence[str], variables: Sequence[str]) -> None:
        """Deploy an API once more that lost a route: its new deployment was made before the route was removed."""
        if addresses:
            console.print(f"{stack.name}: once more, since what was removed is still in {', '.join(addresses)}")
            stack.plan(*(f"-replace={address}" for address in addresses), *variables)
            stack.apply()

    def run(self, environment: Environment) -> None:
        """Deploy everything that the environment needs."""
        self.state(Stack(STACKS / "state"))
        if self._dry_run and not self._bucket_exists():
            console.print("image and service: cannot be planned before the state bucket is there")
            return
        self.apply(Stack(STACKS / "image"))
        service = Stack(STACKS / environment.prefix)
        if self._dry_run:
            self.apply(service, self._variables)
            return
        rollout = Rollout(
            boto3.client("autoscaling", region_name=environment.region),
            boto3.client("cloudwatch", region_name=environment.region),
            group=group_name(environment.prefix),
            alarms=[alarm_name(environment.prefix, alarm) for alarm in ROLLOUT_ALARMS],
            console=console,
        )
        before = rollout.before()
        self.apply(service, self._variables)
        rollout.follow(before)
        check_service(service)


def refuse_silence(environment: Environment, variables: Sequence[str]) -> None:
    """Exit where alarms would reach nobody, before an image is built; the plan itself would refuse it last.

    Raises:
        SystemExit: the environment is protected, and nothing that was given names an `alarm_email`.
    """
    given = "\n".join(
        Path(value).read_text() if option == "-var-file" else value
        for option, _, value in (variable.partition("=") for variable in variables)
    )
    # HCL, JSON, or an option's NAME=VALUE; a comment or an empty value names nobody
    written = re.search(r'^[\s{]*"?alarm_email"?\s*[=:]\s*"?[^"\s]', given, re.MULTILINE)
    named = written or os.environ.get("TF_VAR_alarm_email")  # noqa: SIM112  OpenTofu's name for it
    if environment.deletion_protection and not named:
        sys.exit(
            f"error: {environment.name} is protected, so its alarms must reach somebody: "
            "give --var alarm_email=ADDRESS, or --var-file"
        )


def print_forecast(outputs: Mapping[str, Any]) -> None:
    """Print what a plan says that a month will cost, by resource type; nothing where it says nothing."""
    least, most = (outputs.get(f"monthly_cost_breakdown{at}_usd", {}) for at in ("", "_at_maximum"))
    if not least:
        return
    table = Table("dollars a month", "fewest hosts", "most hosts", title="Estimated cost", title_justify="left")
    for kind in least:
        table.add_row(kind, f"{least[kind]:,.2f}", f"{most[kind]:,.2f}")
    table.add_section()
    table.add_row("Total", f"{sum(least.values()):,.2f}", f"{sum(most.values()):,.2f}", style="bold")
    console.print(table)


def check_service(stack: Stack) -> None:
    """Wait until the API answers a completion.

    Raises:
        SystemExit: it does not.
    """
    outputs = stack.outputs()
    url = outputs["api_url"]
    console.print(f"waiting for {url}")
    if not wait_until_ready(url, READY_SECONDS, console):
        sys.exit(
            f"error: the API is not ready after {READY_SECONDS // 60} minutes: see docs/runbook.md, no-healthy-host"
        )
    api = smoke.Api(url, os.environ.get(smoke.KEY_VARIABLE))
    result = smoke.run_check("completion", smoke.check_completion, api)
    if not result.passed and not api.keyed and "401" in result.detail:
        console.print(f"keys are on: make one with ops.keys, set {smoke.KEY_VARIABLE}, run python -m ops.smoke {url}")
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
    Deployment(
        variables=variable_options(arguments),
        dry_run=arguments.dry_run,
        assume_yes=arguments.yes,
        account_id=account_id(),
    ).run(arguments.environment)


if __name__ == "__main__":
    main()
