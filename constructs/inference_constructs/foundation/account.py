"""The AWS account, partition and region that a stack is applied to."""

from collections.abc import Mapping

from cdktf_cdktf_provider_aws.data_aws_caller_identity import DataAwsCallerIdentity
from cdktf_cdktf_provider_aws.data_aws_partition import DataAwsPartition
from cdktf_cdktf_provider_aws.provider import AwsProvider, AwsProviderDefaultTags
from constructs import Construct


class Account(Construct):
    """The AWS provider of a stack, and where it acts: what names and ARNs are derived from.

    Attributes:
        account_id: 12 digits; known at plan.
        partition: `aws`, `aws-cn` or `aws-us-gov`; known at plan.
        region: Region's code, such as us-east-1; known at synthesis.
    """

    def __init__(self, scope: Construct, id: str, *, region: str, tags: Mapping[str, str]) -> None:
        """Configure the provider.

        Args:
            scope: The stack.
            id: Construct id.
            region: Region's code.
            tags: Tags of every resource in the stack.
        """
        super().__init__(scope, id)
        AwsProvider(self, "Provider", region=region, default_tags=[AwsProviderDefaultTags(tags=tags)])
        self.account_id = DataAwsCallerIdentity(self, "Identity").account_id
        self.partition = DataAwsPartition(self, "Partition").partition
        self.region = region
