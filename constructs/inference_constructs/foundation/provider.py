"""The AWS provider of a stack."""

from collections.abc import Mapping

from cdktf_cdktf_provider_aws.data_aws_caller_identity import DataAwsCallerIdentity
from cdktf_cdktf_provider_aws.data_aws_partition import DataAwsPartition
from cdktf_cdktf_provider_aws.provider import AwsProvider, AwsProviderDefaultTags
from constructs import Construct

from inference_constructs.foundation.home import Home


def create_home(stack: Construct, *, prefix: str, region: str, tags: Mapping[str, str]) -> Home:
    """Configure the stack's AWS provider, and return where it acts.

    Args:
        tags: Tags of every resource in the stack.
    """
    account = Construct(stack, "Account")
    AwsProvider(account, "Provider", region=region, default_tags=[AwsProviderDefaultTags(tags=tags)])
    return Home(
        prefix=prefix,
        region=region,
        account_id=DataAwsCallerIdentity(account, "Identity").account_id,
        partition=DataAwsPartition(account, "Partition").partition,
    )
