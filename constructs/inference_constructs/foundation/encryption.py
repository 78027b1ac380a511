"""The environment's encryption key."""

from collections.abc import Mapping
from dataclasses import asdict

from cdktf_cdktf_provider_aws.kms_alias import KmsAlias
from cdktf_cdktf_provider_aws.kms_key import KmsKey
from constructs import Construct

from inference_constructs.foundation.home import EncryptedHome, Home
from inference_constructs.foundation.iam import policy_document
from inference_constructs.foundation.provider import create_home


class EncryptionKey(Construct):
    """A KMS key for log groups and alarm notifications, usable by CloudWatch and the account's own principals only.

    An AWS-managed key would not do: CloudWatch alarms cannot publish to a topic that one encrypts.
    https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html#compatibility-with-aws-services

    Attributes:
        arn: ARN of the key.
    """

    def __init__(self, scope: Construct, id: str, *, home: Home) -> None:
        super().__init__(scope, id)
        use = ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey"]
        policy = policy_document(
            {
                "Sid": "AccountAdministers",
                "Effect": "Allow",
                "Principal": {"AWS": home.arn("iam", "root", region="")},
                "Action": "kms:*",
                "Resource": "*",
            },
            {
                "Sid": "CloudWatchLogsEncrypts",
                "Effect": "Allow",
                "Principal": {"Service": f"logs.{home.region}.amazonaws.com"},
                "Action": use,
                "Resource": "*",
                "Condition": {"ArnLike": {"kms:EncryptionContext:aws:logs:arn": home.arn("logs", "log-group:*")}},
            },
            {
                "Sid": "AlarmsAndBudgetsPublish",
                "Effect": "Allow",
                "Principal": {"Service": ["cloudwatch.amazonaws.com", "budgets.amazonaws.com"]},
                "Action": ["kms:Decrypt", "kms:GenerateDataKey*"],
                "Resource": "*",
                "Condition": {"StringEquals": {"aws:SourceAccount": home.account_id}},
            },
        )
        key = KmsKey(
            self,
            "Key",
            description=f"Logs and alarm notifications of {home.prefix}",
            enable_key_rotation=True,
            deletion_window_in_days=30,
            policy=policy,
        )
        KmsAlias(self, "Alias", name=f"alias/{home.prefix}", target_key_id=key.key_id)
        self.arn = key.arn


def create_encrypted_home(stack: Construct, *, prefix: str, region: str, tags: Mapping[str, str]) -> EncryptedHome:
    """Configure the stack's AWS provider and make its key; the arguments are those of `create_home`."""
    home = create_home(stack, prefix=prefix, region=region, tags=tags)
    return EncryptedHome(**asdict(home), key_arn=EncryptionKey(stack, "Key", home=home).arn)
