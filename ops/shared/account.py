"""The AWS account that the credentials are for."""

# boto3 has no types of its own
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownArgumentType=false
import sys

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from stacks.environments import REGION


def account_id() -> str:
    """Return its id.

    Raises:
        SystemExit: there are no credentials.
    """
    try:
        return str(boto3.client("sts", region_name=REGION).get_caller_identity()["Account"])
    except (BotoCoreError, ClientError) as error:
        sys.exit(f"error: {error}: set AWS_PROFILE, or run aws sso login")
