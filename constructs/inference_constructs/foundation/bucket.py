"""Private S3 buckets."""

from collections.abc import Sequence

from cdktf_cdktf_provider_aws.s3_bucket import S3Bucket
from cdktf_cdktf_provider_aws.s3_bucket_lifecycle_configuration import (
    S3BucketLifecycleConfiguration,
    S3BucketLifecycleConfigurationRule,
    S3BucketLifecycleConfigurationRuleAbortIncompleteMultipartUpload,
    S3BucketLifecycleConfigurationRuleExpiration,
    S3BucketLifecycleConfigurationRuleFilter,
    S3BucketLifecycleConfigurationRuleNoncurrentVersionExpiration,
)
from cdktf_cdktf_provider_aws.s3_bucket_ownership_controls import S3BucketOwnershipControls
from cdktf_cdktf_provider_aws.s3_bucket_policy import S3BucketPolicy
from cdktf_cdktf_provider_aws.s3_bucket_public_access_block import S3BucketPublicAccessBlock
from cdktf_cdktf_provider_aws.s3_bucket_server_side_encryption_configuration import (
    S3BucketServerSideEncryptionConfigurationA,
    S3BucketServerSideEncryptionConfigurationRuleA,
    S3BucketServerSideEncryptionConfigurationRuleApplyServerSideEncryptionByDefaultA,
)
from cdktf_cdktf_provider_aws.s3_bucket_versioning import S3BucketVersioningA
from constructs import Construct

from inference_constructs.foundation.iam import Statement, policy_document


class PrivateBucket(Construct):
    """An S3 bucket that is encrypted (SSE-S3), versioned, reachable over TLS only, and never public.

    Attributes:
        bucket: The bucket.
        policy: Its policy; what needs the granted access depends on it.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        name: str,
        force_destroy: bool,
        statements: Sequence[Statement] = (),
        expire_after_days: int | None = None,
        keep_old_versions_days: int = 30,
    ) -> None:
        """Create the bucket.

        Args:
            name: Bucket name, unique in the whole world, at most 63 characters.
            force_destroy: Whether a destroy deletes the content too; it fails on a full bucket otherwise.
            statements: Policy statements, beside the refusal of plain HTTP.
            expire_after_days: Days after which objects are deleted; they are kept unless given.
            keep_old_versions_days: Days that a replaced or deleted object can be restored.
        """
        super().__init__(scope, id)
        self.bucket = S3Bucket(self, "Bucket", bucket=name, force_destroy=force_destroy)
        bucket = self.bucket.id
        S3BucketVersioningA(self, "Versioning", bucket=bucket, versioning_configuration={"status": "Enabled"})
        by_default = S3BucketServerSideEncryptionConfigurationRuleApplyServerSideEncryptionByDefaultA(
            sse_algorithm="AES256"
        )
        S3BucketServerSideEncryptionConfigurationA(
            self,
            "Encryption",
            bucket=bucket,
            rule=[
                S3BucketServerSideEncryptionConfigurationRuleA(
                    apply_server_side_encryption_by_default=by_default,
                    # S3's own setting of new buckets since April 2026; provider 6.25 would plan to remove what is not
                    # named. https://docs.aws.amazon.com/AmazonS3/latest/userguide/default-s3-c-encryption-setting-faq.html
                    blocked_encryption_types=["SSE-C"],
                )
            ],
        )
        S3BucketOwnershipControls(self, "Ownership", bucket=bucket, rule={"object_ownership": "BucketOwnerEnforced"})
        blocked = S3BucketPublicAccessBlock(
            self,
            "PublicAccessBlock",
            bucket=bucket,
            block_public_acls=True,
            block_public_policy=True,
            ignore_public_acls=True,
            restrict_public_buckets=True,
        )
        tls_only = {
            "Sid": "RefusePlainHttp",
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:*",
            "Resource": [self.bucket.arn, f"{self.bucket.arn}/*"],
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        }
        self.policy = S3BucketPolicy(
            self, "Policy", bucket=bucket, policy=policy_document(tls_only, *statements), depends_on=[blocked]
        )
        expiration = (
            [S3BucketLifecycleConfigurationRuleExpiration(days=expire_after_days)] if expire_after_days else None
        )
        S3BucketLifecycleConfiguration(
            self,
            "Lifecycle",
            bucket=bucket,
            rule=[
                S3BucketLifecycleConfigurationRule(
                    id="expire",
                    status="Enabled",
                    filter=[S3BucketLifecycleConfigurationRuleFilter(prefix="")],
                    expiration=expiration,
                    noncurrent_version_expiration=[
                        S3BucketLifecycleConfigurationRuleNoncurrentVersionExpiration(
                            noncurrent_days=keep_old_versions_days
                        )
                    ],
                    abort_incomplete_multipart_upload=[
                        S3BucketLifecycleConfigurationRuleAbortIncompleteMultipartUpload(days_after_initiation=7)
                    ],
                )
            ],
        )
