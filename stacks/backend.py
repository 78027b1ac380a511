"""Where stacks keep their state: S3, locked through DynamoDB."""

from cdktf import S3Backend, TerraformStack

from stacks.environments import REGION
from stacks.state_names import LOCK_TABLE


def remote_state(stack: TerraformStack) -> None:
    """Keep the stack's state in S3 under its name, locked through DynamoDB; in one region, wherever the stack acts.

    The bucket's name holds the account id, which nobody should have to write into code. So it is left out, and
    `tofu init -backend-config=bucket=...` gives it (OpenTofu calls this partial configuration).
    https://opentofu.org/docs/language/settings/backends/configuration/#partial-configuration
    """
    S3Backend(
        stack,
        bucket="",
        key=f"{stack.node.id}.tfstate",
        region=REGION,
        dynamodb_table=LOCK_TABLE,
        encrypt=True,
    )
    stack.add_override("terraform.backend.s3.bucket", None)
