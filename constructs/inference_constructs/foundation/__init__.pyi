from . import timeouts
from .aws_text import ec2_text, load_balancing_prefix
from .bucket import PrivateBucket
from .domain import CLOUDFRONT_REGION, Domain
from .encryption import create_encrypted_home
from .home import EncryptedHome, Home
from .iam import Statement, policy_document, service_trust
from .log_group import log_group
from .metric import Metric
from .office_hours import LEAD_MINUTES, OfficeHours
from .provider import create_home
from .retention import RETENTION_DAYS
from .zip import zipped

__all__ = [
    "CLOUDFRONT_REGION",
    "LEAD_MINUTES",
    "RETENTION_DAYS",
    "Domain",
    "EncryptedHome",
    "Home",
    "Metric",
    "OfficeHours",
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
