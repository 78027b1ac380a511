"""Stacks under OpenTofu: what must be there first, state, apply, rollout, readiness."""

from ops.deployment.checks import preflight
from ops.deployment.deployment import Deployment, refuse_silence
from ops.deployment.readiness import wait_until_ready
from ops.deployment.tofu import Stack, synthesize, tofu_path

__all__ = ["Deployment", "Stack", "preflight", "refuse_silence", "synthesize", "tofu_path", "wait_until_ready"]
