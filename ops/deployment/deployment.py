"""One deployment: state, machine image and service, each after its plan was shown and approved."""

# boto3 has no types of its own
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false
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
from ops.deployment.bootstrap import bootstrap, local_state_path
from ops.deployment.rollout import Rollout
from ops.deployment.tofu import Stack
from ops.shared.paths import STACKS
from stacks.environments import REGION, Environment
from stacks.state_names import state_bucket_name

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
        with stack.plan(*variables) as changes:
            if not changes:
                console.print(f"{stack.name}: nothing to change")
                return
            print_forecast(stack.planned_outputs())
            if self._dry_run:
                return
            self.approve(stack.name)
            outdated = stack.outdated_by_plan()
            stack.apply()
        if outdated:
            console.print(f"{stack.name}: once more, since what was removed is still in {', '.join(outdated)}")
            with stack.plan(*(f"-replace={address}" for address in outdated), *variables):
                stack.apply()

    def run(self, environment: Environment) -> Stack | None:
        """Deploy everything that the environment needs, and return its service; nothing where plans are only shown."""
        self.state(Stack(STACKS / "state"))
        if self._dry_run and not self._bucket_exists():
            console.print("image and service: cannot be planned before the state bucket is there")
            return None
        self.apply(Stack(STACKS / "image"))
        service = Stack(STACKS / environment.prefix)
        if self._dry_run:
            self.apply(service, self._variables)
            return None
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
        return service


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
