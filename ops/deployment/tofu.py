"""OpenTofu on a synthesized stack: initialize, plan, apply, outputs."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

from ops.shared.paths import ROOT

PLAN = "deploy.tfplan"

DEPLOYMENT = "aws_api_gateway_deployment"

COPIED = {
    f"aws_api_gateway_{kind}"
    for kind in ("resource", "method", "integration", "method_response", "integration_response", "gateway_response")
}
"""What an API's deployment has copies of.

https://docs.aws.amazon.com/apigateway/latest/developerguide/how-to-deploy-api.html
"""

LOCKS = ROOT / "locks"
"""Checksums of the providers, by stack: to be checked in. A synthesized stack's own folder may be deleted any time."""


def tofu_path() -> str | None:
    """Return the path of `tofu`, or of `terraform` where that is all there is."""
    return shutil.which("tofu") or shutil.which("terraform")


def _pass(_number: int, _frame: FrameType | None) -> None:
    """Do nothing. Not SIG_IGN, which a child process would inherit."""


@dataclass(frozen=True)
class Stack:
    """A synthesized stack.

    Attributes:
        folder: Where its `cdk.tf.json` is.
    """

    folder: Path

    @property
    def name(self) -> str:
        """Its name, such as `inference-dev`."""
        return self.folder.name

    @property
    def plan_file(self) -> Path:
        """The plan that `plan` saves."""
        return self.folder / PLAN

    def _run(self, *arguments: str, capture: bool = False) -> subprocess.CompletedProcess[str]:
        command = [tofu_path() or sys.exit("error: tofu is not installed: https://opentofu.org/docs/intro/install/")]
        environ = os.environ | {"TF_IN_AUTOMATION": "1", "CHECKPOINT_DISABLE": "1"}
        stdout = subprocess.PIPE if capture else None
        # tofu gets Ctrl-C too, and stops in order; subprocess.run would kill it at once, its state unsaved
        before = signal.signal(signal.SIGINT, _pass)
        try:
            return subprocess.run(
                [*command, *arguments], cwd=self.folder, env=environ, stdout=stdout, text=True, check=False
            )
        finally:
            signal.signal(signal.SIGINT, before)

    def _must(self, *arguments: str, capture: bool = False) -> str:
        done = self._run(*arguments, capture=capture)
        if done.returncode:
            self._fail(arguments[0])
        return done.stdout

    def _fail(self, verb: str) -> None:
        sys.exit(
            f"error: {verb} failed for stack {self.name}, for the reason above; "
            "the same command goes on from where this one stopped"
        )

    def init(self, *options: str) -> None:
        """Initialize backend and providers, these held to the checksums in `LOCKS`, which a first time writes.

        Raises:
            SystemExit: tofu failed; so do the other methods.
        """
        lock, kept = self.folder / ".terraform.lock.hcl", LOCKS / f"{self.name}.terraform.lock.hcl"
        if kept.exists():
            shutil.copyfile(kept, lock)
        self._must("init", "-input=false", *options)
        if lock.exists():
            LOCKS.mkdir(exist_ok=True)
            shutil.copyfile(lock, kept)

    @contextmanager
    def plan(self, *options: str) -> Generator[bool]:
        """Show a plan, and save it for the block; yields whether it changes anything. It can hold secrets."""
        try:
            done = self._run("plan", "-input=false", "-detailed-exitcode", f"-out={PLAN}", *options)
            # 0: nothing to change, 2: changes. https://opentofu.org/docs/cli/commands/plan/
            if done.returncode not in (0, 2):
                self._fail("plan")
            yield done.returncode == 2
        finally:
            self.plan_file.unlink(missing_ok=True)

    def apply(self) -> None:
        """Apply the saved plan."""
        self._must("apply", "-input=false", PLAN)

    def planned_outputs(self) -> dict[str, Any]:
        """Return the outputs that the saved plan already knows, by name."""
        planned = json.loads(self._must("show", "-json", PLAN, capture=True))["planned_values"].get("outputs", {})
        return {name: output["value"] for name, output in planned.items() if "value" in output}

    def outdated_by_plan(self) -> list[str]:
        """Return the API deployments that still have a copy of what the saved plan removes.

        They are replaced before what they depend on is destroyed.
        https://github.com/hashicorp/terraform-provider-aws/issues/13630
        """
        changes = json.loads(self._must("show", "-json", PLAN, capture=True)).get("resource_changes", [])
        removed = [change for change in changes if change["change"]["actions"] == ["delete"]]
        if not any(change["type"] in COPIED for change in removed):
            return []
        return [change["address"] for change in changes if change["type"] == DEPLOYMENT and change not in removed]

    def outputs(self) -> dict[str, Any]:
        """Return the outputs of the last apply by name."""
        return {
            name: output["value"] for name, output in json.loads(self._must("output", "-json", capture=True)).items()
        }

    def resources(self) -> Sequence[str]:
        """Return the addresses of what the state holds."""
        return self._must("state", "list", capture=True).split()


def synthesize() -> None:
    """Write every stack anew.

    Raises:
        SystemExit: the app refuses, and has said why.
    """
    done = subprocess.run([sys.executable, "main.py"], cwd=ROOT, stdout=subprocess.DEVNULL, check=False)
    if done.returncode:
        sys.exit(done.returncode)
