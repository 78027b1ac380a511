"""The files that a boot script writes, by running it: its paths below a folder, system commands replaced."""

import os
import re
import subprocess
from pathlib import Path

from support.stack_json import Json

INSTANCE_ID = "i-0123456789abcdef0"


def evaluated_boot_script(stack: Json, *, request_timeout_seconds: int = 30) -> str:
    """The stack's boot script with OpenTofu's expressions filled in."""
    (script,) = [text for name, text in stack["locals"].items() if "BootScript" in name]

    def timeout_plus(match: re.Match[str]) -> str:
        return str(request_timeout_seconds + int(match[1] or 0))

    script = re.sub(r"\$\{var\.request_timeout_seconds(?: \+ (\d+))?\}", timeout_plus, script)
    script = script.replace("${var.rate_limit_per_minute}", "100")
    return re.sub(r"\$\{aws_cloudwatch_log_group\.\w+\.name\}", "/the/log/group", script)


def run_boot_script(script: str, root: Path) -> Path:
    """Run a boot script with `root` in place of `/`; returns the folder.

    Stand-ins: systemctl and the CloudWatch agent's control script, which only note that they were called.
    """
    commands = root / "bin"
    for folder in ("etc/inference", "opt/aws/amazon-cloudwatch-agent", "var/lib/cloud/data", "bin"):
        (root / folder).mkdir(parents=True)
    (root / "var/lib/cloud/data/instance-id").write_text(INSTANCE_ID)
    for path in (commands / "systemctl", root / "opt/aws/amazon-cloudwatch-agent/bin/amazon-cloudwatch-agent-ctl"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(f'#!/bin/bash\necho "$(basename "$0") $*" >> {root}/calls\n')
        path.chmod(0o755)
    moved = re.sub(r"/(etc/inference|opt/aws|var/lib/cloud)", rf"{root}/\1", script)
    environment = {"PATH": f"{commands}:{os.environ['PATH']}"}
    subprocess.run(["bash"], input=moved, text=True, check=True, env=environment, timeout=60)
    return root
