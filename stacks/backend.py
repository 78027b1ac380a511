"""Where stacks keep their state: S3, locked through DynamoDB."""

from cdktf import S3Backend, TerraformStack

LOCK_TABLE = "tofu-state-lock"
"""Name of the DynamoDB table that holds the locks of an account and region."""


def state_bucket_name(account_id: str, region: str) -> str:
    """Name of the state bucket, unique in the whole world because account and region are part of it."""
    return f"tofu-state-{account_id}-{region}"


def remote_state(stack: TerraformStack, *, key: str, region: str) -> None:
    """Keep the stack's state in S3 under `key`, locked through DynamoDB.

    The bucket's name holds the account id, which nobody should have to write into code. So it is left out, and
    `tofu init -backend-config=bucket=...` gives it (OpenTofu calls this partial configuration).
    https://opentofu.org/docs/language/settings/backends/configuration/#partial-configuration
    """
    S3Backend(stack, bucket="", key=key, region=region, dynamodb_table=LOCK_TABLE, encrypt=True)
    stack.add_override("terraform.backend.s3.bucket", None)
