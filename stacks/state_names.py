"""Names of what keeps the state, for those who use it without cdktf too."""

LOCK_TABLE = "tofu-state-lock"
"""Name of the DynamoDB table that holds the locks."""


def state_bucket_name(account_id: str, region: str) -> str:
    """Name of the state bucket, unique in the whole world because account and region are part of it."""
    return f"tofu-state-{account_id}-{region}"
