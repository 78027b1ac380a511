"""IAM policy documents, as JSON."""

import json
from collections.abc import Mapping
from typing import TypeAlias

from inference_constructs.foundation.home import Home

Statement: TypeAlias = Mapping[str, object]
"""One statement of a policy, in IAM's own words (`Effect`, `Action`, `Resource`, ...).

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
"""


def policy_document(*statements: Statement) -> str:
    """A policy of these statements."""
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def service_trust(service: str, home: Home | None = None) -> str:
    """A role's trust policy: one AWS service, acting for a resource of this account where one is given.

    The condition keeps the service from being used by another account as a confused deputy. Some services, as EC2, take
    a role without a source account in the request: the condition would lock them out.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html
    """
    trust: Statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    condition = {"StringEquals": {"aws:SourceAccount": home.account_id}} if home else None
    return policy_document({**trust, "Condition": condition} if condition else trust)
