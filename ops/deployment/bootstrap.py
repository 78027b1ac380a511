"""The first apply of the `state` stack, whose state cannot be in the bucket that it is about to make."""

import json
from collections.abc import Callable
from pathlib import Path

from ops.deployment.tofu import Stack
from ops.shared.paths import ROOT


def local_state_path(account_id: str, region: str) -> Path:
    """Return where the state is while the bucket is not there; outside `cdktf.out`, which may be deleted any time."""
    return ROOT / f"bootstrap-{account_id}-{region}.tfstate"


def bootstrap(stack: Stack, local_state: Path, backend_config: str, approve: Callable[[], bool]) -> None:
    """Apply the stack with a local state, then move that into the bucket.

    What was interrupted is finished by another call: until the state is seen in the bucket, the local file stays.

    Args:
        stack: The state stack.
        local_state: File of the local state.
        backend_config: Option that names the bucket.
        approve: Asked between plan and apply; where it says no, it does not return.
    """
    override = stack.folder / "bootstrap_override.tf.json"
    override.write_text(json.dumps({"terraform": {"backend": {"local": {"path": str(local_state)}}}}))
    try:
        stack.init("-reconfigure")
        with stack.plan() as changes:
            if changes and approve():
                stack.apply()
    finally:
        override.unlink()
    stack.init("-migrate-state", "-force-copy", backend_config)
    if stack.resources():
        local_state.unlink()
        local_state.with_name(f"{local_state.name}.backup").unlink(missing_ok=True)
