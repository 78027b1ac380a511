"""The environment's encryption key."""

from cdktf_cdktf_provider_aws.kms_alias import KmsAlias
from cdktf_cdktf_provider_aws.kms_key import KmsKey
from constructs import Construct

from inference_constructs.foundation.account import Account
from inference_constructs.foundation.iam import policy_document


class EncryptionKey(Construct):
    """A KMS key for log groups and alarm notifications, usable by CloudWatch and the account's own principals only.

    An AWS-managed key would not do: CloudWatch alarms cannot publish to a topic that one encrypts.
    https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html#compatibility-with-aws-services

    Attributes:
        arn: ARN of the key.
    """

    def __init__(self, scope: Construct, id: str, *, prefix: str, account: Account) -> None:
        super().__init__(scope, id)
        logs_context = f"arn:{account.partition}:logs:{account.region}:{account.account_id}:log-group:*"
        use = ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey"]
        policy = policy_document(
            {
                "Sid": "AccountAdministers",
                "Effect": "Allow",
                "Principal": {"AWS": f"arn:{account.partition}:iam::{account.account_id}:root"},
                "Action": "kms:*",
                "Resource": "*",
            },
            {
                "Sid": "CloudWatchLogsEncrypts",
                "Effect": "Allow",
                "Principal": {"Service": f"logs.{account.region}.amazonaws.com"},
                "Action": use,
                "Resource": "*",
                "Condition": {"ArnLike": {"kms:EncryptionContext:aws:logs:arn": logs_context}},
            },
            {
                "Sid": "AlarmsAndBudgetsPublish",
                "Effect": "Allow",
                "Principal": {"Service": ["cloudwatch.amazonaws.com", "budgets.amazonaws.com"]},
                "Action": ["kms:Decrypt", "kms:GenerateDataKey*"],
                "Resource": "*",
                "Condition": {"StringEquals": {"aws:SourceAccount": account.account_id}},
            },
        )
        key = KmsKey(
            self,
            "Key",
            description=f"Logs and alarm notifications of {prefix}",
            enable_key_rotation=True,
            deletion_window_in_days=30,
            policy=policy,
        )
        KmsAlias(self, "Alias", name=f"alias/{prefix}", target_key_id=key.key_id)
        self.arn = key.arn
