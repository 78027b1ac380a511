"""Where a stack's resources are, and what their names and ARNs are made of."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Home:
    """The account, partition and region of a stack, and the first part of its names.

    Attributes:
        prefix: First part of the names, such as inference-prod; known at synthesis.
        region: Region's code, such as us-east-1; known at synthesis.
        account_id: 12 digits; known at plan.
        partition: `aws`, `aws-cn` or `aws-us-gov`; known at plan.
    """

    prefix: str
    region: str
    account_id: str
    partition: str

    def name(self, part: str) -> str:
        """Name of a resource that is unique in its region."""
        return f"{self.prefix}-{part}"

    def role_name(self, part: str) -> str:
        """Name of a role or instance profile: IAM's names are unique in the account, of all regions together."""
        return f"{self.prefix}-{self.region}-{part}"

    def bucket_name(self, part: str) -> str:
        """Name of an S3 bucket, unique in the whole world because account and region are part of it."""
        return f"{self.prefix}-{part}-{self.account_id}-{self.region}"

    def log_group_name(self, part: str) -> str:
        """Name of a log group, unless AWS prescribes how it begins."""
        return f"/{self.prefix}/{part}"

    def arn(self, service: str, resource: str, *, region: str | None = None, account: str | None = None) -> str:
        """ARN, or pattern of ARNs.

        https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html

        Args:
            service: Namespace of the service, such as logs.
            resource: What follows the account.
            region: This stack's unless given; empty for global services.
            account: This stack's unless given; empty for S3, `aws` for AWS's own policies.
        """
        region = self.region if region is None else region
        account = self.account_id if account is None else account
        return f"arn:{self.partition}:{service}:{region}:{account}:{resource}"


@dataclass(frozen=True, kw_only=True)
class EncryptedHome(Home):
    """A home with a key of its own, which constructs ask for that write logs or send messages.

    Attributes:
        key_arn: ARN of an `EncryptionKey`.
    """

    key_arn: str
