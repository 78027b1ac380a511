"""Stacks under OpenTofu: state, apply, rollout, readiness."""

from ops.deployment.bootstrap import bootstrap, local_state_path
from ops.deployment.readiness import wait_until_ready
from ops.deployment.rollout import Rollout
from ops.deployment.tofu import Stack, synthesize, tofu_path

__all__ = ["Rollout", "Stack", "bootstrap", "local_state_path", "synthesize", "tofu_path", "wait_until_ready"]
