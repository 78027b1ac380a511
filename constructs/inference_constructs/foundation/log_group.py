"""Log groups: encrypted, and kept for 30 days."""

from cdktf_cdktf_provider_aws.cloudwatch_log_group import CloudwatchLogGroup
from constructs import Construct

from inference_constructs.foundation.home import EncryptedHome
from inference_constructs.foundation.retention import RETENTION_DAYS


def log_group(scope: Construct, id: str, *, name: str, home: EncryptedHome) -> CloudwatchLogGroup:
    """A CloudWatch log group that the environment's key encrypts and that forgets after 30 days."""
    return CloudwatchLogGroup(scope, id, name=name, retention_in_days=RETENTION_DAYS, kms_key_id=home.key_arn)
