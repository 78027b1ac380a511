"""What every resource needs: where it is, policies, keys, logs, metrics, buckets, domains, texts that AWS takes."""

from inference_constructs.foundation import timeouts
from inference_constructs.foundation.aws_text import ec2_text, load_balancing_prefix
from inference_constructs.foundation.bucket import PrivateBucket
from inference_constructs.foundation.domain import CLOUDFRONT_REGION, Domain
from inference_constructs.foundation.encryption import EncryptionKey, create_encrypted_home
from inference_constructs.foundation.home import EncryptedHome, Home, create_home
from inference_constructs.foundation.iam import Statement, policy_document, service_trust
from inference_constructs.foundation.log_group import RETENTION_DAYS, log_group
from inference_constructs.foundation.metric import Metric
from inference_constructs.foundation.zip import zipped

__all__ = [
    "CLOUDFRONT_REGION",
    "RETENTION_DAYS",
    "Domain",
    "EncryptedHome",
    "EncryptionKey",
    "Home",
    "Metric",
    "PrivateBucket",
    "Statement",
    "create_encrypted_home",
    "create_home",
    "ec2_text",
    "load_balancing_prefix",
    "log_group",
    "policy_document",
    "service_trust",
    "timeouts",
    "zipped",
]
