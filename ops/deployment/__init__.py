"""Stacks under OpenTofu: what must be there first, state, apply, rollout, readiness. Imported by module."""
